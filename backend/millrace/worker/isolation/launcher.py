"""The worker's side of the forkserver: starts it when it is first needed, and again after it died.

Each forkserver has a keeper: a thread that starts it, hears what it tells, and lives as long as it does.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from itertools import count
from uuid import uuid4

import structlog

from millrace.errors import Unavailable
from millrace.processes.restarts import describe_exit
from millrace.settings import Settings
from millrace.worker.isolation.handed_settings import handed
from millrace.worker.isolation.kernel import end_marked
from millrace.worker.isolation.wire import Channel, ChannelLost, Frame, pair

LISTEN_SECONDS = 3.0
"""How long a child or a forkserver may not listen before it counts as broken."""

END_SECONDS = 5.0
"""How long a process that was killed may take to be gone."""

LAUNCH_TRIES = 3
MARK = "MILLRACE_FORKSERVER"
"""A variable by whose value everything is found that a forkserver and its children started."""

ENDED_IN_ORDER = describe_exit(0)
MODULE = "millrace.worker.isolation.forkserver"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ChildExit:
    """How a child ended: by itself with an exit code (negative for a signal), or else for a reason of ours.

    `is_blameless`: it was lost together with others.
    """

    code: int | None
    peak_bytes: int = 0
    reason: str = ""
    is_blameless: bool = False

    @property
    def how(self) -> str:
        """In words that follow "The process"."""
        if self.code is None:
            return self.reason
        hint = ", as the kernel does when memory runs out" if self.code == -signal.SIGKILL else ""
        return f"{describe_exit(self.code)}{hint}; it used up to {self.peak_bytes // 1024**2:,} MiB of memory"


class IsolatedChild:
    """A process for one attempt, for the thread that launched it. It speaks through `channel`."""

    def __init__(self, number: int, channel: Channel, server: "_Server") -> None:
        self.channel = channel
        self.process_id: int | None = None
        self.launched_at = time.monotonic()
        self._number = number
        self._server = server
        self._exit: ChildExit | None = None
        self._has_exited = threading.Event()

    def kill(self) -> None:
        """Have it and its group killed, soon."""
        self._server.kill(self._number)

    def end(self, patience_seconds: float = 0.0) -> ChildExit:
        """See the child and its group gone: by itself within the time given, else killed. May be repeated."""
        if not self._has_exited.wait(patience_seconds):
            self.kill()
            if not self._has_exited.wait(END_SECONDS):  # a forkserver that ends no child is of no use to the others
                log.error("forkserver_stuck", process_id=self.process_id)
                self._server.give_up()
                self._has_exited.wait(END_SECONDS)
        self.channel.close()
        return self._exit or ChildExit(None, reason="couldn't be ended", is_blameless=True)

    def note_exit(self, ended: ChildExit) -> None:
        """Called by the forkserver's keeper."""
        self._exit = ended
        self._has_exited.set()


class NoProcess(Unavailable):
    """No process could be started for this attempt."""

    code = "no_process"


class _Server:
    """One forkserver, from its start to its death. Safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        ours, self._theirs = pair()
        self._control = Channel(ours, patience_seconds=LISTEN_SECONDS)
        self._mark = f"{MARK}={uuid4()}"
        self._lock = threading.Lock()
        self._children: dict[int, IsolatedChild] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self.is_lost = False
        self._send("open", {"path": sys.path, "settings": handed(settings)})
        self._keeper = threading.Thread(target=self._keep, name="forkserver", daemon=True)
        self._keeper.start()

    def launch(self, number: int) -> IsolatedChild | None:
        """A new child; None where this forkserver is no more."""
        ours, theirs = pair()
        child = IsolatedChild(number, Channel(ours, patience_seconds=LISTEN_SECONDS), self)
        with theirs, self._lock:
            if not self.is_lost:
                self._children[number] = child
                if self._send("launch", {"number": number}, theirs.fileno()):
                    return child
                del self._children[number]
                self.is_lost = True
        self._control.hang_up()
        child.channel.close()
        return None

    def kill(self, number: int) -> None:
        """Have a child killed, where it still lives."""
        with self._lock:
            if number in self._children:
                self._send("kill", {"number": number})

    def give_up(self) -> None:
        """Kill the forkserver itself; all its children end with it."""
        if self._process is not None:
            self._process.kill()

    def close(self) -> None:
        """Hang up, which ends it and its children, and wait until they are gone."""
        with self._lock:
            self.is_lost = True
        self._control.hang_up()
        self._keeper.join(END_SECONDS)
        if self._keeper.is_alive():
            self.give_up()
            self._keeper.join(END_SECONDS)

    def _keep(self) -> None:
        try:
            with self._theirs:
                self._process = _start(self._theirs.fileno(), self._mark)
            while (frame := self._control.receive(None)) is not None:
                self._hear(frame)
        except (ChannelLost, OSError):
            pass
        finally:
            self._lose_all()

    def _hear(self, frame: Frame) -> None:
        number = frame.values["number"]
        child = self._children[number]
        if frame.kind == "launched":
            child.process_id = frame.values["process_id"]
            return
        with self._lock:
            del self._children[number]
        if frame.kind == "exited":
            child.note_exit(ChildExit(frame.values["code"], frame.values["peak_bytes"]))
        else:
            child.note_exit(ChildExit(None, reason=frame.values["reason"]))

    def _lose_all(self) -> None:
        """Where the forkserver died its children die by the kernel's hand; what they started is found by its mark."""
        with self._lock:
            self.is_lost = True
            lost = list(self._children.values())
            self._children.clear()
        self._control.close()
        how = self._await_end()
        if lost:
            log.warning("forkserver_lost", how=how, children=len(lost))
        if how != ENDED_IN_ORDER:
            end_marked(self._mark)
        reason = f"ended with its forkserver, which {how}"
        for child in lost:
            child.note_exit(ChildExit(None, reason=reason, is_blameless=len(lost) > 1))

    def _await_end(self) -> str:
        if self._process is None:
            return "couldn't be started"
        try:
            code = self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        return describe_exit(code)

    def _send(self, kind: str, values: dict[str, object], descriptor: int | None = None) -> bool:
        try:
            self._control.send(kind, values, descriptor)
        except ChannelLost:
            return False
        return True


class Launcher:
    """Gives attempts a process of their own. Safe to share between threads; `close` it in the end."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._numbers = count(1)
        self._lock = threading.Lock()
        self._server: _Server | None = None
        self._is_closed = False

    def launch(self) -> IsolatedChild:
        """A new process, which waits to be told what to run. Whether it began is seen at its end.

        Raises:
            NoProcess: There is none to be had.
        """
        for _ in range(LAUNCH_TRIES):
            child = self._present().launch(next(self._numbers))
            if child is not None:
                return child
        raise NoProcess

    def close(self) -> None:
        """End the forkserver, and what still runs in it. Nothing is launched after this."""
        with self._lock:
            self._is_closed = True
            server, self._server = self._server, None
        if server is not None:
            server.close()

    def _present(self) -> _Server:
        with self._lock:
            if self._is_closed:
                raise NoProcess
            if self._server is None or self._server.is_lost:
                self._server = _Server(self._settings)
            return self._server


def _start(descriptor: int, mark: str) -> "subprocess.Popen[bytes]":
    """In the keeper: a forkserver with the end of a channel. What opens doors, in our environment, stays here."""
    # Inherited: SIGTERM must not end it before it says that it ignores it. The keeper's thread has no use for it.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    environ = {name: value for name, value in os.environ.items() if not name.startswith("MILLRACE_")}
    return subprocess.Popen(
        [sys.executable, "-m", MODULE, str(descriptor)],
        env=environ | {MARK: mark.removeprefix(f"{MARK}=")},
        stdin=subprocess.DEVNULL,
        pass_fds=[descriptor],
        start_new_session=True,
    )
