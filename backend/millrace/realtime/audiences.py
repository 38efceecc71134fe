"""Who hears what. Clients in the same rooms are one audience: each message is written once for all of them.

A job that reaches a client through two of its rooms still reaches it once, and the bound on messages holds per client.
"""

from collections.abc import Collection, Iterator

from millrace.realtime.outbox import Outbox
from millrace.realtime.rooms import room_of_log, rooms_of_job

Rooms = frozenset[str]


class Audience:
    """Clients in exactly these rooms, and what waits for them. Times are monotonic seconds."""

    def __init__(self, rooms: Rooms) -> None:
        self.rooms = rooms
        self.members: set[str] = set()
        self.outbox = Outbox()
        self.next_at = 0.0
        self.next_refetch_at = 0.0
        self.is_due = False

    @property
    def due_at(self) -> float:
        """When what waits may be sent."""
        return max(self.next_at, self.next_refetch_at) if self.outbox.waits_for_refetch else self.next_at

    def inherit(self, left: "Audience") -> None:
        """Take over what a member that comes from another audience hasn't been sent yet, as far as it is heard here."""
        waiting = left.outbox.peek()
        for job in waiting.jobs:
            if not self.rooms.isdisjoint(rooms_of_job(job.id, job.submitter_id)):
                self.outbox.add_job(job)
        for progress in waiting.progress:
            if not self.rooms.isdisjoint(rooms_of_job(progress.job_id, progress.submitter_id)):
                self.outbox.add_progress(progress)
        self.outbox.add_lines([line for line in waiting.lines if room_of_log(line.job_id) in self.rooms])
        if waiting.refetch:
            self.outbox.demand_refetch(waiting.refetch)
        self.next_at = max(self.next_at, left.next_at)
        self.next_refetch_at = max(self.next_refetch_at, left.next_refetch_at)


class Audiences:
    """All audiences of this process. Not safe to share between threads: the hub holds its lock."""

    def __init__(self) -> None:
        self._by_rooms: dict[Rooms, Audience] = {}
        self._by_room: dict[str, set[Audience]] = {}
        self._of_client: dict[str, Audience] = {}

    def __iter__(self) -> Iterator[Audience]:
        return iter(self._by_rooms.values())

    def rooms_of(self, sid: str) -> Rooms:
        """The rooms that a client is in."""
        audience = self._of_client.get(sid)
        return audience.rooms if audience else Rooms()

    def move(self, sid: str, rooms: Rooms) -> Audience | None:
        """Let a client be in exactly `rooms`; its audience from now on, or None where it is in none."""
        left = self._of_client.get(sid)
        if left is not None and left.rooms == rooms:
            return left
        audience = self._in(rooms) if rooms else None
        if audience is not None:
            if left is not None:
                audience.inherit(left)
            audience.members.add(sid)
            self._of_client[sid] = audience
        if left is not None:
            self._leave(left, sid, gone=audience is None)
        return audience

    def hearing(self, rooms: Collection[str]) -> set[Audience]:
        """Every audience that is in one of `rooms`."""
        found: set[Audience] = set()
        for room in rooms:
            found |= self._by_room.get(room, set())
        return found

    def _in(self, rooms: Rooms) -> Audience:
        audience = self._by_rooms.get(rooms)
        if audience is None:
            audience = self._by_rooms[rooms] = Audience(rooms)
            for room in rooms:
                self._by_room.setdefault(room, set()).add(audience)
        return audience

    def _leave(self, audience: Audience, sid: str, *, gone: bool) -> None:
        audience.members.discard(sid)
        if gone:
            del self._of_client[sid]
        if audience.members:
            return
        del self._by_rooms[audience.rooms]
        for room in audience.rooms:
            self._by_room[room].discard(audience)
            if not self._by_room[room]:
                del self._by_room[room]
