"""What can be listened to, by whom, and which events are heard where. The rules are those of REST."""

from millrace.accounts.account import Account
from millrace.errors import MillraceError, NotAllowed, NotFound, ValidationFailed
from millrace.jobs.reader import JobReader
from millrace.jobs.visibility import visible_to

MAX_ROOMS_PER_CLIENT = 20
LONGEST_ROOM_NAME = 100
ALL_JOBS = "jobs:all"


class UnknownRoom(NotFound):
    """There is no such room."""

    code = "unknown_room"


class TooManyRooms(MillraceError):
    """This connection listens to as much as it may; unsubscribe from something first."""

    code = "too_many_rooms"


class BadRoomName(ValidationFailed):
    """A room is named by a text such as jobs:all."""

    code = "bad_room_name"


def rooms_of_job(job_id: str, submitter_id: str) -> tuple[str, str, str]:
    """Where a change of this job, or its progress, is heard."""
    return ALL_JOBS, f"jobs:{submitter_id}", room_of_log(job_id)


def room_of_log(job_id: str) -> str:
    """Where the log of this job is heard: on its own page alone."""
    return f"job:{job_id}"


def check_name(room: object) -> str:
    """`room` as a name.

    Raises:
        BadRoomName: It isn't a text of sensible length.
    """
    if not isinstance(room, str) or not room or len(room) > LONGEST_ROOM_NAME or not room.isprintable():
        raise BadRoomName
    return room


def check_may_join(room: str, account: Account, reader: JobReader) -> None:
    """Let `account` listen to `room`.

    Raises:
        UnknownRoom: No room has this name.
        NotAllowed: The account doesn't see what is heard there.
        JobNotFound: The job doesn't exist, or the account doesn't see it.
    """
    kind, _, name = room.partition(":")
    if kind == "job" and name:
        reader.get(name, account)
    elif room == ALL_JOBS:
        if visible_to(account).submitter_id is not None:
            raise NotAllowed("Your role sees your own jobs only.")
    elif kind == "jobs" and name:
        if not visible_to(account).covers(name):
            raise NotAllowed("Your role sees your own jobs only.")
    else:
        raise UnknownRoom
