"""It was done, and nobody heard so: a fetch, a submission, a claim, a settlement. Each job starts once all the same."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

import pytest
import sqlalchemy as sa

from tests.faults.drill import Face, Form
from tests.faults.mill import Mill, mill
from tests.faults.rest_client import RestClient
from tests.servers.postgresql import PostgreSQL
from tests.servers.proxy import Fate, Proxy, proxy
from tests.waiting import wait_until

WORKERS = 2


@dataclass
class Losing:
    """The rule of a network that loses the reply to every other request of one kind."""

    request: bytes
    after: bytes = b""
    """What the same transaction has said before."""

    _numbers: Iterator[int] = field(default_factory=count)

    def __call__(self, sent: bytes, before: bytes) -> Fate:
        if self.request not in sent or self.after not in before.rpartition(b"BEGIN")[2]:
            return Fate.PASS
        return Fate.LOSE_REPLY if next(self._numbers) % 2 == 0 else Fate.PASS


def lost(between: Proxy) -> int:
    return between.fates[Fate.LOSE_REPLY]


def test_each_job_starts_once_though_replies_of_fetches_are_lost(
    tmp_path_factory: pytest.TempPathFactory, own_database_url: str, face: Face
) -> None:
    with mill(tmp_path_factory.mktemp("mill"), own_database_url) as it, proxy(it.redis.socket_path) as between:
        it.start("scheduler")
        for _ in range(WORKERS):
            it.start("worker", redis_url=f"redis://127.0.0.1:{between.port}")
        it.await_workers(WORKERS)
        with face("reply of a fetch lost, every other time", it) as fault:
            between.rule = Losing(b"exchange")
            fault.submit()
            fault.strikes()
            fault.await_end()
            between.rule = lambda sent, before: Fate.PASS
            fault.is_over()
            fault.remark = f"{lost(between)} replies lost"
        assert lost(between) > 0
        fault.assert_completed(at_once=True)


@pytest.fixture(scope="module")
def database_network(postgresql_server: PostgreSQL) -> Iterator[Proxy]:
    url = postgresql_server.url
    with proxy((url.host or "127.0.0.1", url.port or 5432)) as between:
        yield between


@pytest.fixture(scope="module")
def beyond(
    tmp_path_factory: pytest.TempPathFactory, postgresql_server: PostgreSQL, database_network: Proxy
) -> Iterator[tuple[Mill, RestClient]]:
    """A mill whose workers and web process reach PostgreSQL through that network, and somebody who submits by REST."""
    with postgresql_server.database() as url, mill(tmp_path_factory.mktemp("mill"), url) as it:
        far = sa.make_url(url).set(host="127.0.0.1", port=database_network.port)
        database_url = far.render_as_string(hide_password=False)
        it.start("scheduler")
        for _ in range(WORKERS):
            it.start("worker", database_url=database_url)
        client = it.sign_in(it.start_web(database_url=database_url))
        it.await_workers(WORKERS)
        yield it, client


@pytest.mark.postgresql
@pytest.mark.parametrize(
    ("verb", "said"),
    [("submit", b"INSERT INTO jobs "), ("claim", b"worker_id=v.worker_id"), ("settle", b"state='completed'")],
)
def test_each_job_is_there_and_starts_once_though_replies_to_commits_are_lost(
    beyond: tuple[Mill, RestClient], database_network: Proxy, face: Face, form: Form, verb: str, said: bytes
) -> None:
    mill, client = beyond
    before = lost(database_network)
    with face(f"reply of COMMIT lost at a {verb}, every other time", mill) as fault:
        with fault.traffic(client) as flow:
            database_network.rule = Losing(b"COMMIT", after=said)
            fault.submit(seconds=0.05)
            fault.strikes()
            wait_until(lambda: lost(database_network) >= before + form.repeats, 30, "replies to be lost")
            flow.await_answers(form.repeats)
            database_network.rule = lambda sent, before: Fate.PASS
            fault.is_over()
        fault.remark = f"{lost(database_network) - before} replies lost, {len(flow.answers)} submits all answered 201"
    assert flow.refused() == []
    assert set(fault.jobs()) == fault.accepted
    fault.assert_completed(at_once=True)
