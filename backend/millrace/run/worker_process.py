"""One process of a worker, started by `worker/child.py`."""

import socket
import sys

from millrace.logs import configure_logging
from millrace.run.stop_signals import StopSignals
from millrace.services import build_services
from millrace.settings import load_settings
from millrace.worker.keeper import LEFT_BEHIND
from millrace.worker.link import ProcessLink
from millrace.worker.process import WorkerProcess

LOOK_SECONDS = 0.5


def main(seat: str, process_id: str, descriptor: str) -> int:
    """Run jobs, once the worker says so, until SIGTERM; a second one cuts the grace time short.

    Args:
        seat: Which of the worker's processes it is; whoever comes after it writes to the same log file.
        process_id: Its own, and nobody else's before or after.
        descriptor: Of its end of the link to the worker.
    """
    signals = StopSignals()
    settings = load_settings()
    configure_logging(settings, f"worker-{seat}")
    services = build_services(settings)
    process = WorkerProcess(services, process_id)
    link = ProcessLink(socket.socket(fileno=int(descriptor)), process)
    link.start()
    is_empty = True
    while not link.may_begin(LOOK_SECONDS):
        if signals.wait(0):
            break
    else:
        process.start()
        while not signals.wait(LOOK_SECONDS) and not process.is_over:
            pass
        is_empty = process.stop(signals.is_hurried)
    services.close()
    return 0 if is_empty else LEFT_BEHIND


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
