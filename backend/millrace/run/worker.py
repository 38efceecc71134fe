"""`millrace worker`: processes that run jobs, and the one that looks after them."""

import os
import sys

from millrace.logs import configure_logging
from millrace.run.stop_signals import StopSignals
from millrace.services import build_services
from millrace.settings import load_settings
from millrace.worker.supervisor import Supervisor

COMMAND = (sys.executable, "-m", "millrace.run.worker_process")


def main(processes: str | None = None, threads: str | None = None, queues: str | None = None) -> int:
    """Run jobs until SIGTERM or SIGINT; a second one cuts the grace time short.

    Args:
        processes, threads, queues: In place of `MILLRACE_WORKER_PROCESSES`, `_THREADS` and `_QUEUES`.
    """
    signals = StopSignals()
    given = {
        "MILLRACE_WORKER_PROCESSES": processes,
        "MILLRACE_WORKER_THREADS": threads,
        "MILLRACE_WORKER_QUEUES": queues,
    }
    environ = {**os.environ, **{name: value for name, value in given.items() if value is not None}}
    settings = load_settings(environ)
    configure_logging(settings, "worker")
    services = build_services(settings)
    Supervisor(services, COMMAND, environ).run(signals.wait, signals.is_hurried)
    services.close()
    return 0
