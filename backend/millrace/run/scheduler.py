"""`millrace scheduler`: a process that looks after jobs which nobody holds."""

from millrace.logs import configure_logging
from millrace.run.stop_signals import StopSignals
from millrace.scheduler.loop import SchedulerLoop
from millrace.services import build_services
from millrace.settings import load_settings


def main() -> int:
    """Sweep until SIGTERM or SIGINT."""
    signals = StopSignals()
    settings = load_settings()
    configure_logging(settings, "scheduler")
    services = build_services(settings)
    try:
        SchedulerLoop.of(services).run(signals.wait)
    finally:
        services.close()
    return 0
