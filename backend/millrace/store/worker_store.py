"""Workers' records and their heartbeats."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cache

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from millrace.queues.worker import BeatReply, NewWorker, Order, ProcessBeat, ProcessReport, ProcessView, WorkerView
from millrace.store.batch_rows import batch_rows, encode
from millrace.store.database import Database
from millrace.store.tables import jobs, worker_processes, workers
from millrace.store.types import JsonText, to_json, utc_now

_REQUESTED = {
    Order.QUIET: (workers.c.quiet_requested_at, workers.c.quiet_requested_by),
    Order.STOP: (workers.c.stop_requested_at, workers.c.stop_requested_by),
}


class SqlWorkerStore:
    """Implements `queues.worker.WorkerStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._dialect = database.dialect

    def register(self, worker: NewWorker) -> None:
        values = {name: getattr(worker, name) for name in NewWorker.__dataclass_fields__}
        self._add(
            workers,
            {**values, "queues": list(worker.queues), "started_at": utc_now(), "memory_bytes": 0},
        )

    def add_process(self, worker_id: str, process_id: str, pid: int) -> None:
        row = {"id": process_id, "worker_id": worker_id, "pid": pid, "started_at": utc_now()}
        self._add(worker_processes, {**row, "held": [], "busy": 0, "memory_bytes": 0})

    def _add(self, table: sa.Table, row: dict[str, object]) -> None:
        insert = postgresql.insert if self._dialect == "postgresql" else sqlite.insert
        statement = insert(table).values({**row, "beats": 0, "beat_at": utc_now()}).on_conflict_do_nothing()
        self._database.write(lambda connection: connection.execute(statement))

    def beat(self, worker_id: str, memory_bytes: int, processes: Sequence[ProcessBeat]) -> BeatReply | None:
        own = (
            workers.update()
            .where(workers.c.id == worker_id)
            .values(beats=workers.c.beats + 1, beat_at=utc_now(), memory_bytes=memory_bytes)
            .returning(workers.c.quiet_requested_by, workers.c.stop_requested_at)
        )
        rows = [
            {
                "id": one.id,
                "held": None if one.held is None else to_json(sorted(one.held)),
                "busy": one.busy,
                "memory_bytes": one.memory_bytes,
            }
            for one in processes
        ]

        def work(connection: sa.Connection) -> BeatReply | None:
            orders = connection.execute(own).first()
            if orders is None:
                return None
            known = set(connection.execute(_beat_processes(self._dialect), encode(rows)).scalars())
            cancelled: dict[str, set[str]] = defaultdict(set)
            if rows:
                ids = [row["id"] for row in rows]
                for process_id, job_id in connection.execute(_CANCELLING, {"processes": ids}):
                    cancelled[process_id].add(job_id)
            return BeatReply(
                quiet_by=orders.quiet_requested_by,
                is_stopping=orders.stop_requested_at is not None,
                forgotten=frozenset(one.id for one in processes if one.id not in known),
                cancelled={process_id: frozenset(ids) for process_id, ids in cancelled.items()},
            )

        return self._database.write(work)

    def deregister(self, member_id: str) -> None:
        def work(connection: sa.Connection) -> None:
            connection.execute(worker_processes.delete().where(worker_processes.c.id == member_id))
            connection.execute(workers.delete().where(workers.c.id == member_id))

        self._database.write(work)

    def beats(self) -> Mapping[str, int]:
        counters = sa.union_all(
            sa.select(workers.c.id, workers.c.beats),
            sa.select(worker_processes.c.id, worker_processes.c.beats),
        )
        # Where nobody can write, nobody can beat: whoever reads must find that out, or take all workers for silent.
        return self._database.write(lambda connection: {row.id: row.beats for row in connection.execute(counters)})

    def reports(self) -> Mapping[str, ProcessReport]:
        statement = sa.select(worker_processes.c.id, worker_processes.c.beats, worker_processes.c.held)
        rows = self._database.read(lambda connection: connection.execute(statement).all())
        return {row.id: ProcessReport(row.beats, None if row.held is None else frozenset(row.held)) for row in rows}

    def list_workers(self) -> Sequence[WorkerView]:
        def work(connection: sa.Connection) -> Sequence[WorkerView]:
            members: dict[str, list[ProcessView]] = defaultdict(list)
            for row in connection.execute(_PROCESSES):
                members[row.worker_id].append(_process_view(row))
            return [_worker_view(row, members[row.id]) for row in connection.execute(_WORKERS)]

        return self._database.read(work)

    def order(self, worker_id: str, order: Order, by: str) -> bool:
        at, by_whom = _REQUESTED[order]
        first = {at: sa.func.coalesce(at, utc_now()), by_whom: sa.func.coalesce(by_whom, by)}
        statement = workers.update().where(workers.c.id == worker_id).values(first)
        return self._database.write(lambda connection: connection.execute(statement).rowcount > 0)


@cache
def _beat_processes(dialect: str) -> sa.Executable:
    v = batch_rows(
        dialect, {"id": sa.Text(), "held": JsonText(), "busy": sa.Integer(), "memory_bytes": sa.BigInteger()}
    )
    return (
        worker_processes.update()
        .where(worker_processes.c.id == v.c.id)
        .values(
            beats=worker_processes.c.beats + 1,
            beat_at=utc_now(),
            held=v.c.held,
            busy=v.c.busy,
            memory_bytes=v.c.memory_bytes,
        )
        .returning(worker_processes.c.id)
    )


_CANCELLING = sa.select(jobs.c.worker_id, jobs.c.id).where(
    jobs.c.state == sa.literal_column("'running'"),
    jobs.c.worker_id.in_(sa.bindparam("processes", expanding=True)),
    jobs.c.cancel_requested_at.is_not(None),
)

_WORKERS = sa.select(workers, utc_now().label("now")).order_by(workers.c.started_at, workers.c.id)
_PROCESSES = sa.select(worker_processes, utc_now().label("now")).order_by(
    worker_processes.c.started_at, worker_processes.c.id
)


def _worker_view(row: sa.Row[*tuple[object, ...]], processes: Sequence[ProcessView]) -> WorkerView:
    values = dict(row._mapping)
    named = {name: values[name] for name in WorkerView.__dataclass_fields__ if name in values}
    return WorkerView(
        **{
            **named,
            "queues": tuple(values["queues"]),
            "processes_wanted": values["processes"],
            "silent_for": _since(values),
            "processes": processes,
        }
    )


def _process_view(row: sa.Row[*tuple[object, ...]]) -> ProcessView:
    values = dict(row._mapping)
    named = {name: values[name] for name in ProcessView.__dataclass_fields__ if name in values}
    return ProcessView(**{**named, "held": values["held"] or (), "silent_for": _since(values)})


def _since(values: Mapping[str, object]) -> timedelta:
    since: timedelta = values["now"] - values["beat_at"]  # type: ignore[operator]  # both are moments
    return max(since, timedelta())
