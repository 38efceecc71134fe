"""Group commit: who waits for whom, what shares a transaction, and what becomes of a batch that fails."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from sqlalchemy.exc import DataError

from millrace.errors import DatabaseUnavailable
from millrace.store.group_commit import MAX_ROWS, BatchAborted, GroupCommit
from tests.waiting import wait_until


@dataclass(frozen=True)
class Wish:
    """An operation that only has a name."""

    job_id: str
    size_bytes: int = 1


class Recorder:
    """Writes batches into a list; `hold` keeps the next write going until it is released."""

    def __init__(self, answer: Callable[[Wish], str] = lambda wish: f"done {wish.job_id}") -> None:
        self.batches: list[list[str]] = []
        self.writing = threading.Event()
        self._answer = answer
        self._may_write = threading.Event()
        self._may_write.set()

    def hold(self) -> None:
        self._may_write.clear()

    def release(self) -> None:
        self._may_write.set()

    def write(self, wishes: Sequence[Wish]) -> Sequence[str]:
        self.writing.set()
        assert self._may_write.wait(10)
        answers = [self._answer(wish) for wish in wishes]
        self.batches.append([wish.job_id for wish in wishes])
        return answers


def waiting_in(group: GroupCommit[Wish, str]) -> int:
    return len(group._waiting)


def run_while_held(recorder: Recorder, group: GroupCommit[Wish, str], wishes: Sequence[Wish]) -> list[str]:
    """Start a first wish that holds the writer, let `wishes` gather in order, release, and return their answers."""
    recorder.hold()
    with ThreadPoolExecutor(len(wishes) + 1) as pool:
        first = pool.submit(group.run, Wish("first"))
        assert recorder.writing.wait(10)
        answers = []
        for count, wish in enumerate(wishes, start=1):
            answers.append(pool.submit(group.run, wish))
            wait_until(lambda count=count: waiting_in(group) == count)  # type: ignore[misc]
        recorder.release()
        first.result(10)
        return [answer.result(10) for answer in answers]


def test_a_lone_operation_is_written_at_once_and_alone() -> None:
    recorder = Recorder()
    group: GroupCommit[Wish, str] = GroupCommit(recorder.write)

    assert group.run(Wish("a")) == "done a"
    assert group.run(Wish("b")) == "done b"
    assert recorder.batches == [["a"], ["b"]]


def test_what_arrives_while_a_batch_is_written_is_written_together_and_each_gets_its_own_answer() -> None:
    recorder = Recorder()
    group: GroupCommit[Wish, str] = GroupCommit(recorder.write)

    assert run_while_held(recorder, group, [Wish("a"), Wish("b"), Wish("c")]) == ["done a", "done b", "done c"]
    assert recorder.batches == [["first"], ["a", "b", "c"]]


def test_two_operations_on_one_job_never_share_a_batch() -> None:
    recorder = Recorder()
    group: GroupCommit[Wish, str] = GroupCommit(recorder.write)
    run_while_held(recorder, group, [Wish("a"), Wish("a"), Wish("b")])

    assert recorder.batches == [["first"], ["a", "b"], ["a"]]


def test_a_batch_is_bounded_in_bytes() -> None:
    recorder = Recorder()
    group: GroupCommit[Wish, str] = GroupCommit(recorder.write)
    run_while_held(recorder, group, [Wish(name, 3_000_000) for name in "abc"])

    assert recorder.batches == [["first"], ["a"], ["b"], ["c"]]


def test_an_operation_larger_than_a_batch_is_still_written() -> None:
    recorder = Recorder()
    group: GroupCommit[Wish, str] = GroupCommit(recorder.write)

    assert group.run(Wish("huge", 50_000_000)) == "done huge"


def test_many_threads_each_get_their_own_answer_and_batches_stay_bounded() -> None:
    recorder = Recorder()
    group: GroupCommit[Wish, str] = GroupCommit(recorder.write)
    names = [f"job-{number}" for number in range(3_000)]
    with ThreadPoolExecutor(24) as pool:
        answers = list(pool.map(lambda name: group.run(Wish(name)), names))

    assert answers == [f"done {name}" for name in names]
    assert sorted(name for batch in recorder.batches for name in batch) == sorted(names)
    assert max(map(len, recorder.batches)) <= MAX_ROWS


@pytest.mark.parametrize("spoiling", [DataError("INSERT", {}, Exception("out of range")), ValueError("a bug")])
def test_one_spoiled_operation_fails_alone(spoiling: Exception) -> None:
    def answer(wish: Wish) -> str:
        if wish.job_id == "bad":
            raise spoiling
        return "ok"

    recorder = Recorder(answer)
    group: GroupCommit[Wish, str] = GroupCommit(recorder.write)
    outcomes: dict[str, object] = {}

    def run(name: str) -> str:
        try:
            outcomes[name] = group.run(Wish(name))
        except (DataError, ValueError) as error:
            outcomes[name] = error
        return name

    recorder.hold()
    with ThreadPoolExecutor(6) as pool:
        pool.submit(run, "first")
        assert recorder.writing.wait(10)
        for name in ("a", "b", "bad", "c"):
            pool.submit(run, name)
        wait_until(lambda: waiting_in(group) == 4)
        recorder.release()

    assert outcomes.pop("bad") is spoiling
    assert outcomes == {"first": "ok", "a": "ok", "b": "ok", "c": "ok"}


def test_a_batch_is_written_again_while_the_database_is_busy() -> None:
    refusals = [DatabaseUnavailable(), DatabaseUnavailable()]

    def write(wishes: Sequence[Wish]) -> Sequence[str]:
        if refusals:
            raise refusals.pop()
        return ["ok" for _ in wishes]

    assert GroupCommit[Wish, str](write).run(Wish("a")) == "ok"


def test_a_batch_that_waited_for_a_lock_for_long_is_not_begun_again() -> None:
    begun = 0

    def write(wishes: Sequence[Wish]) -> Sequence[str]:
        nonlocal begun
        begun += 1
        raise DatabaseUnavailable

    with pytest.raises(DatabaseUnavailable):
        GroupCommit[Wish, str](write, patience_seconds=0).run(Wish("a"))
    assert begun == 1


def test_when_the_database_stays_away_everybody_hears_of_it_and_the_next_one_tries_afresh() -> None:
    away = True

    def write(wishes: Sequence[Wish]) -> Sequence[str]:
        if away:
            raise DatabaseUnavailable
        return ["ok" for _ in wishes]

    group: GroupCommit[Wish, str] = GroupCommit(write)
    with ThreadPoolExecutor(5) as pool:
        futures = [pool.submit(group.run, Wish(name)) for name in "abcde"]
        errors = [future.exception(30) for future in futures]
    assert all(isinstance(error, DatabaseUnavailable) for error in errors)

    away = False
    assert group.run(Wish("f")) == "ok"


class Ended(BaseException):
    """What ends a thread from outside."""


def test_an_end_in_the_middle_of_writing_leaves_nobody_waiting() -> None:
    recorder = Recorder()
    ends = True

    def write(wishes: Sequence[Wish]) -> Sequence[str]:
        answers = recorder.write(wishes)
        if ends and len(wishes) > 1:
            raise Ended
        return answers

    group: GroupCommit[Wish, str] = GroupCommit(write)
    recorder.hold()
    with ThreadPoolExecutor(3) as pool:
        leader = pool.submit(group.run, Wish("first"))
        assert recorder.writing.wait(10)
        followers = [pool.submit(group.run, Wish(name)) for name in "ab"]
        wait_until(lambda: waiting_in(group) == 2)
        recorder.release()
        assert leader.result(10) == "done first"
        errors = {type(follower.exception(10)) for follower in followers}

    assert errors == {Ended, BatchAborted}
    ends = False
    assert group.run(Wish("c")) == "done c"
