"""Workers' records and their heartbeats."""

from collections.abc import Collection, Mapping

import sqlalchemy as sa

from millrace.queues.worker import WorkerReport
from millrace.store.database import Database
from millrace.store.tables import jobs, workers
from millrace.store.types import utc_now


class SqlWorkerStore:
    """Implements `queues.worker.WorkerStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def register(
        self, worker_id: str, host: str, pid: int, version: str, queues: tuple[str, ...], threads: int
    ) -> None:
        statement = workers.insert().values(
            id=worker_id,
            host=host,
            pid=pid,
            version=version,
            queues=list(queues),
            threads=threads,
            started_at=utc_now(),
            beats=0,
        )
        self._database.write(lambda connection: connection.execute(statement))

    def beat(self, worker_id: str, held: Collection[str]) -> frozenset[str] | None:
        news = {"beats": workers.c.beats + 1, "held": sorted(held)}
        beat = workers.update().where(workers.c.id == worker_id).values(news)
        cancelling = sa.select(jobs.c.id).where(
            jobs.c.state == sa.literal_column("'running'"),
            jobs.c.worker_id == worker_id,
            jobs.c.cancel_requested_at.is_not(None),
        )

        def work(connection: sa.Connection) -> frozenset[str] | None:
            if connection.execute(beat).rowcount == 0:
                return None
            return frozenset(connection.execute(cancelling).scalars())

        return self._database.write(work)

    def deregister(self, worker_id: str) -> None:
        statement = workers.delete().where(workers.c.id == worker_id)
        self._database.write(lambda connection: connection.execute(statement))

    def reports(self) -> Mapping[str, WorkerReport]:
        statement = sa.select(workers.c.id, workers.c.beats, workers.c.held)
        rows = self._database.read(lambda connection: connection.execute(statement).all())
        return {row.id: WorkerReport(row.beats, None if row.held is None else frozenset(row.held)) for row in rows}

    def beats(self) -> Mapping[str, int]:
        statement = sa.select(workers.c.id, workers.c.beats)
        # Where nobody can write, nobody can beat: whoever reads must find that out, or take all workers for silent.
        return self._database.write(lambda connection: {row.id: row.beats for row in connection.execute(statement)})
