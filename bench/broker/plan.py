"""How much is measured: all of it, a quick look, or next to nothing (for the test of the benchmark itself)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """Sizes of the four parts."""

    runs: int = 3

    messages: int = 20_000
    least_together: float = 0.5
    """What part of a drain two worker processes must have run together, for their rate to say something."""
    quiet_seconds: float = 5
    """How long an idle worker is watched."""
    idle_jobs: int = 20
    idle_seconds: float = 1.2
    """How long a worker has been idle, on average, when it is sent a job."""
    paced_jobs: int = 300
    paced_per_second: float = 50

    low_jobs: int = 10_000
    low_job_seconds: float = 0.05
    critical_jobs: int = 100
    critical_every_seconds: float = 0.4

    crowd_jobs: int = 50_000
    few_jobs: int = 10
    fair_job_seconds: float = 0.005

    backlogs: tuple[int, ...] = (1_000, 100_000, 1_000_000)
    operations: int = 1_000


FULL = Plan()
QUICK = Plan(
    runs=1, messages=2_000, least_together=0, quiet_seconds=2, idle_jobs=5, paced_jobs=100,
    low_jobs=1_000, critical_jobs=10, crowd_jobs=5_000, backlogs=(1_000, 10_000, 100_000), operations=200,
)  # fmt: skip
