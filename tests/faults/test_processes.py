"""Processes are killed at the worst moment: what was accepted, and what was only stored, is done."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from millrace.jobs.states import JobState
from tests.faults.drill import Face, Form
from tests.faults.mill import Mill, kill, mill
from tests.faults.own_up import OwnUp, is_alive, own_up
from tests.faults.rest_client import LANES
from tests.servers.proxy import Fate, let_pass, proxy
from tests.waiting import wait_until

GONE_SECONDS = 10


@pytest.fixture(scope="module")
def at_work(tmp_path_factory: pytest.TempPathFactory, own_database_url: str) -> Iterator[Mill]:
    """Two workers and a scheduler."""
    with mill(tmp_path_factory.mktemp("mill"), own_database_url) as it:
        for name in ("worker", "worker", "scheduler"):
            it.start(name)
        it.await_workers(2)
        yield it


def hold_what_is_sent(sent: bytes, before: bytes) -> Fate:
    """Let a web process count requests and announce jobs, and hold up what it sends to the workers."""
    del before
    return Fate.HOLD if b"enqueue" in sent else Fate.PASS


def test_when_the_web_process_is_killed_between_commit_and_send_the_job_runs(
    at_work: Mill, face: Face, form: Form
) -> None:
    with proxy(at_work.redis.socket_path) as between:
        web = at_work.start_web(redis_url=f"redis://127.0.0.1:{between.port}")
        client = at_work.sign_in(web)
        with face("SIGKILL of web between commit and send", at_work) as fault:
            fault.submit()
            with fault.traffic(client) as flow:
                flow.await_answers(form.repeats)
                between.rule = hold_what_is_sent
                wait_until(lambda: between.fates[Fate.HOLD] == LANES, message="sends to hang")
                fault.strikes()
                kill(web.process)
                unanswered = [job for job in fault.jobs().values() if job.id not in fault.accepted | flow.accepted()]
                fault.touches(unanswered)
                fault.is_over()
                between.rule = let_pass
                assert unanswered
                assert {job.state for job in unanswered} == {JobState.QUEUED}
                at_work.start_web(web.port)
                flow.await_answers(form.repeats)
            fault.remark = f"{len(unanswered)} stored and neither sent nor answered"
        fault.assert_completed(at_once=True)


@pytest.fixture
def up() -> Iterator[OwnUp]:
    with tempfile.TemporaryDirectory(prefix="millrace-up-") as folder, own_up(Path(folder)) as it:
        yield it


def test_when_up_is_killed_nothing_outlives_it_and_started_again_it_does_all_that_was_submitted(
    up: OwnUp, face: Face, form: Form
) -> None:
    client = up.sign_in()
    with face("SIGKILL of up", up) as fault:
        fault.submit(seconds=0.5)
        with fault.traffic(client) as flow:
            flow.await_answers(form.repeats)
            fault.strikes()
            left = up.kill()
            fault.is_over()
            up.start()
            flow.await_answers(form.repeats)
        wait_until(lambda: not any(map(is_alive, left)), GONE_SECONDS, "what the first one started to end")
        fault.remark = f"{len(left)} processes ended with it; counted from its new start"
    fault.assert_completed()
