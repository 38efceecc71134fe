"""`millrace`: one command, one process each. Imports nothing but argparse before it knows which.

`web` must patch the standard library before anything else loads it, and `up` should stay small.
"""

import argparse
import importlib
import os
import sys

PROCESSES = {
    "up": "run everything on this machine: Redis, web, worker and scheduler",
    "web": "serve the API, live updates and the dashboard",
    "worker": "run jobs",
    "scheduler": "look after jobs which nobody holds",
}
WORKER_OPTIONS = {
    "--processes": "how many processes run jobs (MILLRACE_WORKER_PROCESSES, 1)",
    "--threads": "how many jobs each of them runs at once (MILLRACE_WORKER_THREADS, 8)",
    "--queues": "which queues they serve, by commas (MILLRACE_WORKER_QUEUES, all)",
}
TASKS = {
    "migrate": "bring the database to the newest schema",
    "openapi": "print the OpenAPI document",
}


def main(arguments: list[str] | None = None) -> int:
    """Run the process that the command line names; its exit code. 2 says that a setting is wrong."""
    options = _parser().parse_args(arguments)
    run = importlib.import_module(f"millrace.run.{options.module}").main
    given: tuple[int | str | None, ...] = ()
    if options.module == "worker":
        given = (options.processes, options.threads, options.queues)
    if options.module == "web":
        given = (options.lifeline,)
    elif options.lifeline is not None:
        importlib.import_module("millrace.processes.lifeline").hold_on(options.lifeline)
    if options.after is not None:
        while os.read(options.after, 1):
            pass
    errors = importlib.import_module("millrace.errors")
    try:
        exit_code: int = run(*given)
    except errors.ConfigurationError as error:
        print(f"millrace: {error.message}", file=sys.stderr)
        return 2
    return exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="millrace", description="Runs background jobs, watched live.")
    # What `up` tells its children: the pipe whose end means that `up` is gone, and the one whose end means to begin.
    parser.set_defaults(lifeline=None, after=None)
    processes = parser.add_subparsers(required=True, metavar="process")
    for name, purpose in PROCESSES.items():
        process = processes.add_parser(name, help=purpose, description=purpose)
        process.set_defaults(module=name)
        if name == "worker":
            for option, purpose in WORKER_OPTIONS.items():
                process.add_argument(option, help=purpose)
        if name != "up":
            process.add_argument("--lifeline", type=int, help=argparse.SUPPRESS)
            process.add_argument("--after", type=int, help=argparse.SUPPRESS)
    manage = processes.add_parser(
        "manage", help="look after an installation", description="Look after an installation."
    )
    tasks = manage.add_subparsers(required=True, metavar="task")
    for name, purpose in TASKS.items():
        tasks.add_parser(name, help=purpose, description=purpose).set_defaults(module=name)
    return parser


if __name__ == "__main__":
    sys.exit(main())
