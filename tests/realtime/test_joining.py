"""How changes are joined before they are sent: only the newest of each waits, within bounds, for the right audience."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from millrace.jobs.job import Job, LogLine, Progress
from millrace.jobs.priority import Priority
from millrace.jobs.states import JobState
from millrace.realtime.audiences import Audiences
from millrace.realtime.newest import Newest
from millrace.realtime.outbox import MAX_JOBS_WAITING, MAX_PER_MESSAGE, TOO_MUCH, Outbox

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ROOMS = ["jobs:all", "jobs:ada", "job:1", "job:2"]


def a_job(job_id: str = "1", version: int = 1, submitter_id: str = "ada") -> Job:
    return Job(
        id=job_id,
        type="sleep",
        summary="",
        queue="default",
        priority=Priority.NORMAL,
        state=JobState.QUEUED,
        attempt=1,
        max_attempts=3,
        failures=0,
        crashes=0,
        runs_alone=False,
        submitter_id=submitter_id,
        tags=(),
        time_limit_seconds=1,
        created_at=NOW,
        run_at=NOW,
        queued_at=NOW,
        started_at=None,
        finished_at=None,
        worker_id=None,
        token=None,
        cancel_requested_at=None,
        cancel_requested_by=None,
        progress_seq=0,
        progress_fraction=None,
        progress_message="",
        error_code=None,
        error_message=None,
        version=version,
    )


def a_line(seq: int, job_id: str = "1") -> LogLine:
    return LogLine(job_id, "ada", 1, seq, NOW, "info", "x")


@given(st.lists(st.tuples(st.sampled_from("12"), st.integers(1, 9)), max_size=20))
def test_the_newest_state_of_each_job_waits_whatever_the_order(changes: list[tuple[str, int]]) -> None:
    outbox = Outbox()
    for job_id, version in changes:
        outbox.add_job(a_job(job_id, version))
    newest: dict[str, int] = {}
    for job_id, version in changes:
        newest[job_id] = max(version, newest.get(job_id, 0))
    assert {job.id: job.version for job in outbox.take().jobs} == newest
    assert outbox.is_empty


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 5)), min_size=1, max_size=20))
def test_progress_is_ordered_by_attempt_and_seq(steps: list[tuple[int, int]]) -> None:
    outbox, newest = Outbox(), Newest()
    admitted = []
    for attempt, seq in steps:
        progress = Progress("1", "ada", attempt, seq, None, "")
        outbox.add_progress(progress)
        if newest.admits_progress(progress):
            admitted.append((attempt, seq))
    [waiting] = outbox.take().progress
    assert (waiting.attempt, waiting.seq) == max(steps)
    assert admitted == sorted(set(admitted))
    assert admitted[-1] == max(steps)


def test_a_message_is_bounded_and_the_rest_waits_its_turn() -> None:
    outbox = Outbox()
    for number in range(MAX_PER_MESSAGE + 5):
        outbox.add_job(a_job(str(number)))
    assert [len(outbox.take().jobs), len(outbox.take().jobs)] == [MAX_PER_MESSAGE, 5]


def test_past_its_bound_an_outbox_holds_one_refetch_and_nothing_else() -> None:
    outbox = Outbox()
    for number in range(MAX_JOBS_WAITING + 50):
        outbox.add_job(a_job(str(number)))
        outbox.add_lines([a_line(number)])
    parcel = outbox.take()
    assert (parcel.refetch, parcel.jobs, parcel.lines, parcel.message_count) == (TOO_MUCH, (), (), 1)
    assert outbox.is_empty


def test_what_is_remembered_is_bounded_and_forgotten_after_a_gap() -> None:
    newest = Newest(most=2)
    assert newest.admits_job(a_job("1", 5))
    assert not newest.admits_job(a_job("1", 5))
    newest.forget()
    assert newest.admits_job(a_job("1", 5))
    for number in range(2, 5):
        newest.admits_job(a_job(str(number)))
    assert newest.admits_job(a_job("1", 4))
    lines = [a_line(3), a_line(1), a_line(2), a_line(2)]
    assert [line.seq for line in newest.new_lines(lines)] == [1, 2, 3]
    assert newest.new_lines([a_line(3), a_line(4)]) == [a_line(4)]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sets(st.sampled_from(ROOMS))), max_size=30))
def test_every_client_is_in_one_audience_and_no_empty_one_is_kept(moves: list[tuple[str, set[str]]]) -> None:
    audiences = Audiences()
    rooms_of: dict[str, frozenset[str]] = {}
    for sid, rooms in moves:
        audiences.move(sid, frozenset(rooms))
        rooms_of[sid] = frozenset(rooms)
    for sid, rooms_now in rooms_of.items():
        assert audiences.rooms_of(sid) == rooms_now
    assert {audience.rooms for audience in audiences} == {rooms for rooms in rooms_of.values() if rooms}
    for room in ROOMS:
        members = {sid for audience in audiences.hearing([room]) for sid in audience.members}
        assert members == {sid for sid, rooms_now in rooms_of.items() if room in rooms_now}


def test_who_leaves_a_room_takes_along_only_what_is_heard_without_it() -> None:
    audiences = Audiences()
    before = audiences.move("a", frozenset({"jobs:ada", "job:9"}))
    assert before is not None
    before.next_at = 5
    before.outbox.add_job(a_job("1"))
    before.outbox.add_job(replace(a_job("9"), submitter_id="eve"))
    before.outbox.add_lines([a_line(1, "9")])
    after = audiences.move("a", frozenset({"jobs:ada"}))
    assert after is not None
    parcel = after.outbox.take()
    assert [job.id for job in parcel.jobs] == ["1"]
    assert not parcel.lines
    assert after.next_at == 5
