"""What can be wrong with a file."""

from millrace.errors import Conflict, NotFound, Unavailable, ValidationFailed

PART = "file"
"""The name of the multipart part that an upload comes in; problems with it are shown beside that field."""


class NoSuchFile(NotFound):
    """There is no such file, or it isn't yours to see."""

    code = "file_not_found"


class ClaimLost(Conflict):
    """This attempt isn't the one that runs any more, so nothing that it makes is kept."""

    code = "claim_lost"


class FileTooLarge(ValidationFailed):
    """The file is larger than this server takes."""

    code = "file_too_large"

    def __init__(self, most_bytes: int) -> None:
        message = f"The file is too large: this server takes at most {_readable(most_bytes)}."
        super().__init__(message, fields={PART: [message]})


class BadFileName(ValidationFailed):
    """The file needs another name."""

    code = "bad_file_name"

    def __init__(self, message: str) -> None:
        super().__init__(message, fields={PART: [message]})


class StorageFull(Unavailable):
    """The server has no room left for this file; nothing of it was kept. Tell whoever runs the server."""

    code = "storage_full"


def _readable(size_bytes: int) -> str:
    for unit, length in (("GB", 1024**3), ("MB", 1024**2), ("kB", 1024)):
        if size_bytes >= length:
            return f"{size_bytes / length:.4g} {unit}"
    return f"{size_bytes} bytes"
