"""The process that forks one child per attempt. It knows the handlers, has one thread, and connects to nothing.

`python -m millrace.worker.isolation.forkserver <descriptor>`, started by the launcher, whose frames it serves: `open`
once, then `launch` with the child's end of a channel, and `kill`. It answers `launched` or `not_launched`, and `exited`
when nothing of the child is left. It ends, and everything in it, when the launcher hangs up or dies. SIGTERM is none of
its business: a service that stops sends it to all of its processes, and attempts have their grace time then.
"""

import gc
import os
import select
import signal
import socket
import sys
import time

from millrace.discovery import build_registry
from millrace.jobs.registry import Registry
from millrace.processes.lifeline import die_with_parent
from millrace.worker.isolation.child import run_child
from millrace.worker.isolation.handed_settings import settings_from
from millrace.worker.isolation.kernel import adopt_orphans, children_of, end_group
from millrace.worker.isolation.wire import Channel, ChannelLost, Frame

BROKEN = 70
END_SECONDS = 2.0
LOOK_SECONDS = 0.01


class Signals:
    """Signals as something to poll: their numbers arrive as bytes."""

    def __init__(self) -> None:
        self._read, self._written = socket.socketpair()
        self._read.setblocking(False)
        self._written.setblocking(False)
        for number in (signal.SIGCHLD, signal.SIGHUP):
            signal.signal(number, _notice)
        signal.set_wakeup_fd(self._written.fileno(), warn_on_full_buffer=False)

    def fileno(self) -> int:
        return self._read.fileno()

    def arrived(self) -> bytes:
        """The numbers of those that came since the last look."""
        try:
            return self._read.recv(4096)
        except BlockingIOError:
            return b""

    def forget(self) -> None:
        """In a child: be a process to which signals do what they usually do."""
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGHUP, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        self._read.close()
        self._written.close()


class ForkServer:
    """Serves a launcher until it hangs up."""

    def __init__(self, control: Channel, registry: Registry) -> None:
        self._control = control
        self._registry = registry
        self._signals = Signals()
        self._children: dict[int, int] = {}
        self._poll = select.poll()
        self._poll.register(control, select.POLLIN)
        self._poll.register(self._signals, select.POLLIN)

    def serve(self) -> None:
        """Fork, kill and tell, until the launcher hangs up or dies; then end all that was forked."""
        try:
            while self._turn():
                self._poll.poll()
        except ChannelLost:
            pass
        finally:
            self._end_all()

    def _turn(self) -> bool:
        arrived = self._signals.arrived()
        if signal.SIGHUP in arrived:
            return False
        if signal.SIGCHLD in arrived:
            self._reap()
        while (frame := self._control.receive(0)) is not None:
            self._serve(frame)
        return True

    def _serve(self, frame: Frame) -> None:
        number = frame.values["number"]
        if frame.kind == "launch" and frame.descriptor is not None:
            self._launch(number, frame.descriptor)
        elif frame.kind == "kill":
            for process_id in [found for found, its_number in self._children.items() if its_number == number]:
                end_group(process_id)

    def _launch(self, number: int, descriptor: int) -> None:
        own_id = os.getpid()
        try:
            process_id = os.fork()
        except OSError as error:
            os.close(descriptor)
            self._control.send("not_launched", {"number": number, "reason": str(error)})
            return
        if process_id == 0:
            try:
                self._signals.forget()
                self._control.close()
                run_child(socket.socket(fileno=descriptor), self._registry, own_id)
            finally:
                os._exit(BROKEN)
        os.close(descriptor)
        self._children[process_id] = number
        self._control.send("launched", {"number": number, "process_id": process_id})

    def _reap(self) -> None:
        """Tell of children that ended. A child's id is its own until it is waited for, and so is its group's."""
        ended = [process_id for process_id in self._children if _has_ended(process_id)]
        exits = []
        for process_id in ended:
            end_group(process_id)
            _, status, usage = os.wait4(process_id, 0)
            code = os.waitstatus_to_exitcode(status)
            number = self._children.pop(process_id)
            exits.append({"number": number, "code": code, "peak_bytes": usage.ru_maxrss * 1024})
        self._end_orphans()
        for values in exits:
            self._control.send("exited", values)

    def _end_orphans(self) -> None:
        """What an ended child left in groups of its own is a child of this process now."""
        for process_id in [found for found in children_of(os.getpid()) if found not in self._children]:
            end_group(process_id)
            os.waitpid(process_id, os.WNOHANG)  # where it hasn't ended yet, its end is one more signal

    def _end_all(self) -> None:
        deadline = time.monotonic() + END_SECONDS
        while self._children and time.monotonic() < deadline:
            for process_id in list(self._children):
                end_group(process_id)
                if _has_ended(process_id):
                    os.waitpid(process_id, 0)
                    del self._children[process_id]
            self._end_orphans()
            time.sleep(LOOK_SECONDS)
        self._end_orphans()


def _has_ended(process_id: int) -> bool:
    return os.waitid(os.P_PID, process_id, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _notice(_number: int, _frame: object) -> None:
    """What matters is the byte that the signal leaves."""


def main() -> None:
    """Load the handlers, once for all children, and serve."""
    die_with_parent(signal.SIGHUP)  # also where a copy of the launcher's end lives on and nobody would hear it hang up
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    end = socket.socket(fileno=int(sys.argv[1]))
    end.set_inheritable(False)
    control = Channel(end, takes_descriptors=True)
    opening = control.receive(None)
    assert opening is not None
    sys.path[:] = opening.values["path"]
    registry = build_registry(settings_from(opening.values["settings"]))
    adopt_orphans()
    gc.collect()
    gc.freeze()  # what children never free stays shared with them
    ForkServer(control, registry).serve()


if __name__ == "__main__":
    main()
