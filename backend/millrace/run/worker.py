"""`millrace worker`: a process that runs jobs."""

from millrace.logs import configure_logging
from millrace.run.stop_signals import StopSignals
from millrace.services import build_services
from millrace.settings import load_settings
from millrace.worker.process import WorkerProcess


def main() -> int:
    """Run jobs until SIGTERM or SIGINT; a second one cuts the grace time short."""
    signals = StopSignals()
    settings = load_settings()
    configure_logging(settings, "worker")
    services = build_services(settings)
    worker = WorkerProcess(services)
    try:
        if worker.start(signals.wait):
            signals.wait()
            worker.stop(signals.is_hurried)
    finally:
        services.close()
    return 0
