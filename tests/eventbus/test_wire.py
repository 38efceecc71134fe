"""What is written on the bus is what is read from it, and what a reader doesn't know costs it nothing."""

from dataclasses import replace
from datetime import UTC, datetime

import orjson
from hypothesis import given
from hypothesis import strategies as st

from millrace.eventbus.wire import MAX_EVENTS_PER_MESSAGE, SHOWN, Kind, channel_of, decode, encode
from millrace.jobs.events import Event, JobChanged, LogWritten, ProgressMade
from millrace.jobs.job import Job, LogLine, Progress
from millrace.jobs.priority import Priority
from millrace.jobs.states import JobState
from tests.factories import a_queued_job

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
counts = st.integers(0, 2**53)
times = st.datetimes(timezones=st.just(UTC))
fractions = st.none() | st.floats(0, 1)
jobs = st.builds(
    Job,
    id=texts,
    type=texts,
    summary=texts,
    queue=texts,
    priority=st.sampled_from(Priority),
    state=st.sampled_from(JobState),
    attempt=counts,
    max_attempts=counts,
    failures=counts,
    crashes=counts,
    runs_alone=st.booleans(),
    submitter_id=texts,
    tags=st.lists(texts, max_size=3).map(tuple),
    time_limit_seconds=st.floats(0, 1e9),
    created_at=times,
    run_at=times,
    queued_at=st.none() | times,
    started_at=st.none() | times,
    finished_at=st.none() | times,
    worker_id=st.none() | texts,
    token=st.none() | texts,
    cancel_requested_at=st.none() | times,
    cancel_requested_by=st.none() | texts,
    progress_seq=counts,
    progress_fraction=fractions,
    progress_message=texts,
    error_code=st.none() | texts,
    error_message=st.none() | texts,
    version=counts,
)
progress = st.builds(Progress, texts, texts, counts, counts, fractions, texts)
lines = st.builds(LogLine, texts, texts, counts, counts, times, texts, texts)
events: st.SearchStrategy[Event] = (
    st.builds(JobChanged, jobs)
    | st.builds(ProgressMade, progress)
    | st.builds(LogWritten, st.lists(lines, max_size=3).map(tuple))
)


def read_back(sent: list[Event]) -> list[Event]:
    shown = {channel_of(kind) for kind in SHOWN}
    return [event for message in encode(sent) if message.channel in shown for event in decode(message.data)]


def test_workers_hear_of_those_changes_alone_that_cancel_what_runs() -> None:
    waiting = a_queued_job()
    asked = replace(waiting, cancel_requested_at=waiting.created_at)
    running = replace(waiting, state=JobState.RUNNING)
    cancelled = replace(running, cancel_requested_at=running.created_at)
    sent = [JobChanged(job) for job in (waiting, asked, running, cancelled)]
    (message,) = [one for one in encode(sent) if one.channel == channel_of(Kind.CANCELLATIONS)]
    assert decode(message.data) == [JobChanged(cancelled)]


@given(st.lists(events, max_size=6))
def test_every_event_is_read_as_it_was_written_in_order_within_its_kind(sent: list[Event]) -> None:
    kinds = (JobChanged, ProgressMade, LogWritten)
    heard = read_back(sent)
    for kind in kinds:
        assert [e for e in heard if isinstance(e, kind)] == [e for e in sent if isinstance(e, kind)]


def test_a_crowd_of_events_is_split_into_messages_of_bounded_size() -> None:
    sent: list[Event] = [ProgressMade(Progress("j", "a", 1, seq, 0.5, "")) for seq in range(250)]
    messages = list(encode(sent))
    assert [len(decode(message.data)) for message in messages] == [
        MAX_EVENTS_PER_MESSAGE,
        MAX_EVENTS_PER_MESSAGE,
        50,
    ]
    assert read_back(sent) == sent


def test_a_field_from_a_newer_sender_is_left_out() -> None:
    sent = ProgressMade(Progress("j", "a", 1, 2, 0.5, "half"))
    [message] = encode([sent])
    body = orjson.loads(message.data)
    body["events"][0]["eta_seconds"] = 9
    assert decode(orjson.dumps(body)) == [sent]


def test_what_this_version_cannot_read_is_no_event() -> None:
    line = LogLine("j", "a", 1, 1, datetime(2026, 1, 1, tzinfo=UTC), "info", "hello")
    [message] = encode([LogWritten((line,))])
    body = orjson.loads(message.data)
    assert decode(orjson.dumps({**body, "kind": "weather"})) == []
    assert decode(orjson.dumps({**body, "version": 99})) == []
    assert decode(orjson.dumps({**body, "events": [[{"job_id": "j"}]]})) == []
    assert decode(b"[1, 2]") == []
    assert decode(b"\xff not json") == []
