"""The engines that are measured side by side, each as its own documentation would run it on two cores."""

from dataclasses import dataclass
from enum import Enum


class Runtime(Enum):
    """Whose packages an engine runs on."""

    MILLRACE = "millrace"
    """Millrace's own environment. Stock Dramatiq runs there too, so that the two differ in the broker alone."""
    PEERS = "peers"
    NODE = "node"


@dataclass(frozen=True, slots=True)
class Engine:
    """One row of the tables."""

    name: str
    title: str
    adapter: str
    """The module, or the file for Node, in `engines/`."""
    runtime: Runtime = Runtime.PEERS
    variant: str = ""
    slots: int = 8
    """How many jobs one worker process runs at once."""
    most_messages: int = 20_000
    """What a slow one drains, so that a run ends: its rate doesn't depend on how many wait."""
    sends_together: bool = False
    has_priorities: bool = False


ENGINES = (
    Engine("millrace", "Millrace, 8 threads", "millrace", Runtime.MILLRACE, sends_together=True, has_priorities=True),
    Engine("dramatiq", "Dramatiq, 8 threads", "stock_dramatiq", Runtime.MILLRACE, has_priorities=True),
    Engine("dramatiq-bare", "Dramatiq without middleware, 8 threads", "stock_dramatiq", Runtime.MILLRACE, "bare"),
    Engine("celery-prefork", "Celery, 2 processes (prefork)", "celery", variant="prefork", slots=2),
    Engine("celery-threads", "Celery, 8 threads", "celery", variant="threads"),
    Engine("rq", "RQ, a process per job", "rq", slots=1, most_messages=600, sends_together=True),
    Engine("huey", "Huey, 8 threads", "huey"),
    Engine("saq", "SAQ, 50 at once", "saq", slots=50),
    Engine(
        "bullmq", "BullMQ, 50 at once (Node)", "bullmq.mjs", Runtime.NODE,
        slots=50, sends_together=True, has_priorities=True,
    ),
)  # fmt: skip
