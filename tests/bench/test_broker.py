"""The benchmark of brokers measures what it says it does. Not how fast anything is."""

from pathlib import Path

import pytest

from bench.broker import drain, priority
from bench.broker.catalogue import ENGINES
from bench.broker.engines.job import RECORD
from bench.broker.plan import Plan
from bench.broker.records import Invalid, Record, Records
from bench.broker.summary import summarise
from bench.broker.tables import BEGIN, END, paste

MILLRACE = next(engine for engine in ENGINES if engine.name == "millrace")
TINY = Plan(
    messages=100, least_together=0, quiet_seconds=0.1, idle_jobs=2, idle_seconds=0.05, paced_jobs=5,
    low_jobs=60, low_job_seconds=0.01, critical_jobs=2, critical_every_seconds=0.01,
)  # fmt: skip
MILLISECOND = 1_000_000


def records_of(folder: Path, *numbers: int) -> Records:
    records = Records(folder / "records")
    records.path.write_bytes(b"".join(RECORD.pack(number, 0, 1, 0) for number in numbers))
    return records


def test_a_drain_runs_every_job_once_and_has_every_figure(tmp_path: Path) -> None:
    run = drain.measure(MILLRACE, TINY, tmp_path)

    assert (run["messages"], len(run["idle_milliseconds"]), len(run["paced_milliseconds"])) == (100, 2, 5)
    assert min(run["sent_per_second"], run["drained_per_second"], run["drained_per_second_by_two"]) > 0


def test_critical_jobs_are_measured_behind_low_ones(tmp_path: Path) -> None:
    run = priority.measure(MILLRACE, TINY, tmp_path)

    assert len(run["wait_milliseconds"]) == 2
    assert all(
        beyond <= wait for beyond, wait in zip(run["beyond_milliseconds"], run["wait_milliseconds"], strict=True)
    )


@pytest.mark.parametrize(
    ("ran", "reason"),
    [((0, 1), "1 jobs never ran"), ((0, 1, 2, 2), "ran more than once"), ((0, 1, 2, 3), "that nobody sent")],
)
def test_a_run_that_lost_repeated_or_made_up_a_job_doesnt_count(
    tmp_path: Path, ran: tuple[int, ...], reason: str
) -> None:
    with pytest.raises(Invalid, match=reason):
        records_of(tmp_path, *ran).check(range(3))


def test_a_rate_counts_from_when_every_worker_process_had_begun() -> None:
    alone = [Record(number, number * MILLISECOND, number * MILLISECOND + 1, 0) for number in range(100)]
    late = Record(100, 100 * MILLISECOND, 100 * MILLISECOND, 1)
    both = [Record(101 + number, (101 + number) * MILLISECOND, (102 + number) * MILLISECOND, 0) for number in range(4)]

    assert drain.rate([*alone, late, *both]) == pytest.approx(5 / 0.005)


@pytest.mark.parametrize(
    ("started", "waited", "beyond"),
    [
        (14, 10, 2),  # a thread fell free at 12, after the job was sent at 5
        (12, 8, 0),
        (7, 3, 2),  # an idle thread took it
        (4, 0, 0),  # before the call had returned
    ],
)
def test_what_counts_is_the_wait_beyond_the_first_thread_that_falls_free(
    started: int, waited: float, beyond: float
) -> None:
    others = [Record(number, 0, end * MILLISECOND, 0) for number, end in enumerate((3, 5, 12, 30))]
    critical = Record(9, started * MILLISECOND, 50 * MILLISECOND, 0)

    assert priority.waits([*others, critical], 9, 4 * MILLISECOND, 5 * MILLISECOND) == (waited, beyond)


def test_rates_are_medians_and_waits_are_taken_together() -> None:
    runs = [{"rate": 1, "waits": [1, 2]}, {"rate": 9, "waits": [3, 4]}, {"rate": 2, "waits": [5, 99]}]

    assert summarise(runs) == {"rate": 2, "waits": {"n": 6, "p50": 3, "p99": 99, "max": 99}}


def test_tables_go_into_their_section_of_the_readme_alone(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    paste(readme, "new\n")

    assert readme.read_text() == f"before\n{BEGIN}\nnew\n{END}\nafter\n"
