"""What is asked of the kernel for isolated processes. Where there is no such thing (outside Linux) nothing happens."""

import ctypes
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
FIRST_TO_GO = "1000"
MOST_SWEEPS = 5

PROC = Path("/proc")
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent dies, so that none gets out of sight."""
    if _libc is not None:
        _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def go_first_when_memory_runs_out() -> None:
    """Let the kernel end this process, and those that it starts, before any other."""
    with suppress(OSError):
        (PROC / "self/oom_score_adj").write_text(FIRST_TO_GO)


def end_group(process_id: int) -> None:
    """End a process that the caller hasn't waited for yet, and its group. It may not lead the group yet."""
    for kill in (os.kill, os.killpg):
        with suppress(ProcessLookupError, PermissionError):
            kill(process_id, signal.SIGKILL)


def end_marked(mark: str) -> None:
    """End every process that has `mark` in the environment that it was started with, and those that it forked."""
    for _ in range(MOST_SWEEPS):  # one of them may start another meanwhile
        if not sum(_end_if_marked(int(entry.name), mark.encode()) for entry in PROC.glob("[0-9]*")):
            return


def _end_if_marked(process_id: int, mark: bytes) -> bool:
    """Whether it was ended just now. By its descriptor, for an id may be another's a moment later."""
    with suppress(OSError):
        handle = os.pidfd_open(process_id)
        try:
            if mark in (PROC / str(process_id) / "environ").read_bytes():
                signal.pidfd_send_signal(handle, signal.SIGKILL)
                return True
        finally:
            os.close(handle)
    return False


def children_of(process_id: int) -> Iterator[int]:
    """The processes whose parent `process_id` is, as far as it still lives."""
    with suppress(OSError):
        for thread in (PROC / str(process_id) / "task").iterdir():
            yield from map(int, (thread / "children").read_text().split())


def resident_bytes(process_id: int) -> int:
    """What a process and its descendants have in memory. Quick, but counts twice what they share."""
    pages = 0
    with suppress(OSError):
        pages = int((PROC / str(process_id) / "statm").read_text().split()[1])
    return pages * _PAGE_BYTES + sum(map(resident_bytes, children_of(process_id)))


def proportional_bytes(process_id: int) -> int:
    """The same, each of them with its part of what it shares. It takes the longer, the more they have."""
    kibibytes = 0
    with suppress(OSError):
        for line in (PROC / str(process_id) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                kibibytes = int(line.split()[1])
    return kibibytes * 1024 + sum(map(proportional_bytes, children_of(process_id)))
