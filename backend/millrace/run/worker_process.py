"""One process of a worker, started by `worker/child.py`."""

import logging
import os
import socket
import sys

from millrace.logs import configure_logging
from millrace.run.stop_signals import StopSignals
from millrace.services import build_services
from millrace.settings import load_settings
from millrace.worker.link import ProcessLink
from millrace.worker.process import WorkerProcess

LOOK_SECONDS = 0.5


def main(seat: str, process_id: str, descriptor: str) -> int:
    """Run jobs, once the worker says so, until SIGTERM; SIGINT cuts the grace time short.

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
    while not link.may_begin(LOOK_SECONDS):
        if signals.wait(0):
            break
    else:
        process.start()
        while not signals.wait(LOOK_SECONDS) and not process.is_over:
            pass
        process.stop(signals.is_interrupted)
    services.close()
    link.say_leaving()
    return 0


if __name__ == "__main__":
    exit_code = main(*sys.argv[1:])
    logging.shutdown()
    # At once: Python would wait for threads that handlers have left behind.
    os._exit(exit_code)
