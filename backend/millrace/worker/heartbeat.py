"""Tells the scheduler that this worker and its processes live, and what they hold, and passes on what it hears.

A process that gives no sign of life is left out, so that its jobs are taken from it; the others aren't.
"""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from millrace.errors import DatabaseUnavailable
from millrace.queues.worker import BeatReply, NewWorker, Order, ProcessBeat, WorkerStore

BEAT_SECONDS = 2.0
ANSWER_SECONDS = 1.0
"""How long processes have to say what they hold. Well below the time after which a silent one counts as lost."""

log = structlog.get_logger(__name__)


class Member(Protocol):
    """A process of this worker that has begun."""

    @property
    def id(self) -> str: ...
    @property
    def pid(self) -> int: ...

    def ask(self) -> None:
        """Ask how it is."""

    def beat(self, timeout_seconds: float) -> ProcessBeat | None:
        """What it holds; None where it gives no sign of life."""

    def cancel(self, job_ids: frozenset[str]) -> None: ...
    def give_up(self) -> None: ...


class Heartbeat:
    """The records of this worker in SQL, kept fresh by a thread of its own.

    Args:
        members: The processes that have begun.
        memory: What this very process uses, in bytes.
        on_quiet: Called once, when somebody asked this worker to take nothing more.
        on_stop: Called when somebody asked it to stop, at each beat from then on.
    """

    def __init__(
        self,
        worker: NewWorker,
        workers: WorkerStore,
        members: Callable[[], Sequence[Member]],
        memory: Callable[[], int],
        *,
        on_quiet: Callable[[], None],
        on_stop: Callable[[], None],
    ) -> None:
        self._worker = worker
        self._workers = workers
        self._members = members
        self._memory = memory
        self._on_quiet = on_quiet
        self._on_stop = on_stop
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
        self._quiet_by: str | None = None

    def start(self) -> None:
        """Begin to beat. The worker must be registered."""
        self._thread.start()

    def stop(self, timeout_seconds: float | None = None) -> None:
        """Stop beating, and wait for a beat on its way, for so long at most."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout_seconds)

    def beat(self) -> None:
        """Beat once, and pass on what the reply says.

        Raises:
            DatabaseUnavailable: It wasn't heard, or the reply was lost.
        """
        members = self._members()
        for member in members:
            member.ask()
        deadline = time.monotonic() + ANSWER_SECONDS  # for all together: the silent must not delay the others
        answers = [member.beat(max(0.0, deadline - time.monotonic())) for member in members]
        beats = [beat for beat in answers if beat is not None]
        reply = self._workers.beat(self._worker.id, self._memory(), beats)
        if reply is None:
            log.error("given_up_for_lost", worker_id=self._worker.id)
            self._workers.register(self._worker)
            if self._quiet_by is not None:
                self._workers.order(self._worker.id, Order.QUIET, self._quiet_by)
            reply = self._workers.beat(self._worker.id, self._memory(), beats) or BeatReply()
        self._pass_on(members, reply)

    def _pass_on(self, members: Sequence[Member], reply: BeatReply) -> None:
        living = {member.id for member in self._members()}
        for member in members:
            if member.id in reply.forgotten and member.id in living:
                member.give_up()
                self._workers.add_process(self._worker.id, member.id, member.pid)
            if cancelled := reply.cancelled.get(member.id):
                member.cancel(cancelled)
        if reply.quiet_by is not None and self._quiet_by is None:
            self._quiet_by = reply.quiet_by
            self._on_quiet()
        if reply.is_stopping:
            self._on_stop()

    def _run(self) -> None:
        is_heard = True
        while not self._stopping.wait(BEAT_SECONDS):
            try:
                self.beat()
            except DatabaseUnavailable as error:
                if is_heard:
                    log.warning("heartbeat_not_heard", reason=str(error))
                is_heard = False
            except Exception:  # a worker that falls silent for good, yet goes on claiming, loses every job it claims
                log.exception("heartbeat_broken")
                is_heard = False
            else:
                is_heard = True
