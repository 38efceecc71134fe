"""Sends events of the bus on to browsers, joined: the first at once, then at most ten messages a second to a client.

Nothing is written as JSON for rooms in which nobody is. Two threads meet here: the subscription, which only lays events
down, and `run`, which sends.
"""

import heapq
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from millrace.clock import Clock
from millrace.errors import Unavailable
from millrace.jobs.events import Event, JobChanged, LogWritten, ProgressMade
from millrace.jobs.job import Job, LogLine
from millrace.jobs.wire import accounts_in, job_list, log_line, progress_event
from millrace.realtime.audiences import Audience, Audiences, Rooms
from millrace.realtime.newest import Newest
from millrace.realtime.outbox import Parcel
from millrace.realtime.rooms import MAX_ROOMS_PER_CLIENT, TooManyRooms, room_of_log, rooms_of_job

SECONDS_PER_MESSAGE = 0.1
SECONDS_PER_REFETCH = 2.0
GAP = "gap"
"""The reason of a refetch: events were lost on their way here."""

Send = Callable[[str, object, Collection[str]], None]
"""Sends an event with its data to clients, by their ids."""

NamesOf = Callable[[Collection[str]], Mapping[str, str]]
"""Names of accounts, by their ids."""


@dataclass(frozen=True, slots=True)
class _Delivery:
    audience: Audience
    members: tuple[str, ...]
    parcel: Parcel


class Hub:
    """One per process. All methods may be called from any thread; `run` blocks its own."""

    def __init__(self, send: Send, names_of: NamesOf, clock: Clock) -> None:
        self._send = send
        self._names_of = names_of
        self._clock = clock
        self._audiences = Audiences()
        self._newest = Newest()
        self._due: list[tuple[float, int, Audience]] = []
        self._ticket = count()
        self._changed = threading.Condition()
        self._stopped = False

    # Who listens

    def join(self, sid: str, room: str) -> None:
        """Let a client hear `room` from now on.

        Raises:
            TooManyRooms: It is in as many as it may be.
        """
        with self._changed:
            rooms = self._audiences.rooms_of(sid) | {room}
            if len(rooms) > MAX_ROOMS_PER_CLIENT:
                raise TooManyRooms
            self._move(sid, rooms)

    def leave(self, sid: str, room: str) -> None:
        """Let a client hear `room` no more."""
        with self._changed:
            self._move(sid, self._audiences.rooms_of(sid) - {room})

    def drop(self, sid: str) -> None:
        """Forget a client that is gone."""
        with self._changed:
            self._move(sid, Rooms())

    def _move(self, sid: str, rooms: Rooms) -> None:
        audience = self._audiences.move(sid, rooms)
        if audience is not None:
            self._put_in_line(audience)

    # What the subscription tells

    def on_event(self, event: Event) -> None:
        """Lay an event down for those who hear it. Only the subscription calls this."""
        with self._changed:
            match event:
                case JobChanged(job) if self._newest.admits_job(job):
                    for audience in self._audiences.hearing(rooms_of_job(job.id, job.submitter_id)):
                        audience.outbox.add_job(job)
                        self._put_in_line(audience)
                case ProgressMade(progress) if self._newest.admits_progress(progress):
                    for audience in self._audiences.hearing(rooms_of_job(progress.job_id, progress.submitter_id)):
                        audience.outbox.add_progress(progress)
                        self._put_in_line(audience)
                case LogWritten(lines):
                    self._lay_down_lines(self._newest.new_lines(lines))

    def on_gap(self) -> None:
        """Tell everybody to ask again. Only the subscription calls this."""
        with self._changed:
            self._newest.forget()
            for audience in self._audiences:
                audience.outbox.demand_refetch(GAP)
                self._put_in_line(audience)

    def _lay_down_lines(self, lines: Sequence[LogLine]) -> None:
        for job_id in {line.job_id for line in lines}:
            for audience in self._audiences.hearing([room_of_log(job_id)]):
                audience.outbox.add_lines([line for line in lines if line.job_id == job_id])
                self._put_in_line(audience)

    def _put_in_line(self, audience: Audience) -> None:
        if not audience.is_due and not audience.outbox.is_empty:
            audience.is_due = True
            heapq.heappush(self._due, (audience.due_at, next(self._ticket), audience))
            self._changed.notify()

    # What is sent

    def run(self) -> None:
        """Send until `stop`."""
        while (deliveries := self._next_deliveries()) is not None:
            for delivery in deliveries:
                self._deliver(delivery)

    def stop(self) -> None:
        """Let `run` return."""
        with self._changed:
            self._stopped = True
            self._changed.notify()

    def _next_deliveries(self) -> list[_Delivery] | None:
        """Wait until something may be sent and take it; None once the hub is stopped."""
        with self._changed:
            while not self._stopped:
                now = self._clock.monotonic()
                deliveries = self._take_due(now)
                if deliveries:
                    return deliveries
                self._changed.wait(self._due[0][0] - now if self._due else None)
            return None

    def _take_due(self, now: float) -> list[_Delivery]:
        deliveries = []
        while self._due and self._due[0][0] <= now:
            _, _, audience = heapq.heappop(self._due)
            audience.is_due = False
            if audience.due_at > now:  # since it stood in line, all it waits for became a refetch
                self._put_in_line(audience)
                continue
            parcel = audience.outbox.take()
            audience.next_at = now + SECONDS_PER_MESSAGE * parcel.message_count
            if parcel.refetch:
                audience.next_refetch_at = now + SECONDS_PER_REFETCH
            deliveries.append(_Delivery(audience, tuple(audience.members), parcel))
            self._put_in_line(audience)
        return deliveries

    def _deliver(self, delivery: _Delivery) -> None:
        parcel, members = delivery.parcel, delivery.members
        if not members:
            return
        if parcel.refetch:
            self._send("refetch", {"reason": parcel.refetch}, members)
        if parcel.jobs:
            summaries = self._summaries(delivery)
            if summaries:
                self._send("jobs", summaries, members)
        if parcel.progress:
            self._send("progress", [progress_event(progress) for progress in parcel.progress], members)
        if parcel.lines:
            self._send("log", [log_line(line) for line in parcel.lines], members)

    def _summaries(self, delivery: _Delivery) -> list[dict[str, Any]]:
        jobs: Sequence[Job] = delivery.parcel.jobs
        try:
            names = self._names_of(accounts_in(jobs))
        except Unavailable:
            # A row without its name would stay on screen; asking again shows it once the database is back.
            with self._changed:
                delivery.audience.outbox.demand_refetch(GAP)
                self._put_in_line(delivery.audience)
            return []
        return job_list(jobs, names)
