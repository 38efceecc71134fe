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
from tests.servers.proxy import Fate, Proxy, let_pass, proxy
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


@dataclass(frozen=True)
class Far:
    """A mill whose workers reach Redis, and whose workers and web process reach PostgreSQL, through bad networks."""

    mill: Mill
    client: RestClient
    to_redis: Proxy
    to_database: Proxy


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory, postgresql_server: PostgreSQL) -> Iterator[Far]:
    server = postgresql_server.url
    with (
        postgresql_server.database() as url,
        mill(tmp_path_factory.mktemp("mill"), url) as it,
        proxy(it.redis.socket_path) as to_redis,
        proxy((server.host or "127.0.0.1", server.port or 5432)) as to_database,
    ):
        through = sa.make_url(url).set(host="127.0.0.1", port=to_database.port)
        database_url = through.render_as_string(hide_password=False)
        it.start("scheduler")
        for _ in range(WORKERS):
            it.start("worker", database_url=database_url, redis_url=f"redis://127.0.0.1:{to_redis.port}")
        client = it.sign_in(it.start_web(database_url=database_url))
        it.await_workers(WORKERS)
        yield Far(it, client, to_redis, to_database)


@pytest.mark.postgresql
def test_each_job_starts_once_though_replies_of_fetches_are_lost(far: Far, face: Face) -> None:
    with face("reply of a fetch lost, every other time", far.mill) as fault:
        far.to_redis.rule = Losing(b"exchange")
        fault.submit()
        fault.strikes()
        fault.await_end()
        far.to_redis.rule = let_pass
        fault.is_over()
        fault.remark = f"{lost(far.to_redis)} replies lost"
    assert lost(far.to_redis) > 0
    fault.assert_completed(at_once=True)


@pytest.mark.postgresql
@pytest.mark.parametrize(
    ("verb", "said"),
    [("submit", b"INSERT INTO jobs "), ("claim", b"worker_id=v.worker_id"), ("settle", b"state='completed'")],
)
def test_each_job_is_there_and_starts_once_though_replies_to_commits_are_lost(
    far: Far, face: Face, form: Form, verb: str, said: bytes
) -> None:
    before = lost(far.to_database)
    with face(f"reply of COMMIT lost at a {verb}, every other time", far.mill) as fault:
        with fault.traffic(far.client) as flow:
            far.to_database.rule = Losing(b"COMMIT", after=said)
            fault.submit(seconds=0.05)
            fault.strikes()
            wait_until(lambda: lost(far.to_database) >= before + form.repeats, 30, "replies to be lost")
            flow.await_answers(form.repeats)
            far.to_database.rule = let_pass
            fault.is_over()
        fault.remark = f"{lost(far.to_database) - before} replies lost, {len(flow.answers)} submits all answered 201"
    assert flow.refused() == []
    assert set(fault.jobs()) == fault.accepted
    fault.assert_completed(at_once=True)
