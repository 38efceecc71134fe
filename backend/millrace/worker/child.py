"""A process of this worker, as the worker sees it: started, asked how it is, told what was heard, ended."""

import os
import signal
import socket
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress

import psutil

from millrace.processes.lifeline import die_at_once_with_parent
from millrace.queues.worker import ProcessBeat
from millrace.worker.link import LinkEnd, Message

MOST_UNANSWERED = 20
"""A process that answers none of so many heartbeats, about a minute, is ended. One that was stopped has lost its jobs
long ago; in one whose handler lets no other thread run, all others wait, and no time limit holds.
"""


class ChildProcess:
    """Started by its constructor. Its end of file on the link, or the kernel, ends it when this process dies.

    `ask` and `beat` are for one thread, the rest for any.
    """

    def __init__(self, process_id: str, command: Sequence[str], environ: Mapping[str, str]) -> None:
        self.id = process_id
        self._is_ready = threading.Event()
        self._has_answered = threading.Event()
        self._asked = 0
        self._is_leaving = False
        self._state: Message = {"held": [], "busy": 0, "is_well": True, "is_spent": False}
        self._cpu_seconds = 0.0
        self._unanswered = 0
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [*command, process_id, str(theirs.fileno())],
                env={**environ},
                stdin=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                preexec_fn=die_at_once_with_parent,
                start_new_session=True,  # Ctrl-C reaches the worker alone, and the worker decides
            )
        self._link = LinkEnd(ours, self._hear, self._is_ready.set)
        self._link.start()

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """How it ended; negative for a signal. None while it runs."""
        return self._process.poll()

    @property
    def is_stuck(self) -> bool:
        """Whether it has answered nobody for so long that it had better be ended."""
        return self._unanswered >= MOST_UNANSWERED

    @property
    def is_spent(self) -> bool:
        """Whether it lost a thread to a handler that doesn't stop, and takes nothing more."""
        return bool(self._state["is_spent"])

    @property
    def ends_in_order(self) -> bool:
        """Whether it said so before it ended. To be asked after its end."""
        self._link.join()
        return self._is_leaving

    def await_ready(self, timeout_seconds: float) -> bool:
        """Wait until it has loaded its code, or ended; whether it has."""
        return self._is_ready.wait(timeout_seconds)

    def begin(self) -> None:
        """Let it take jobs."""
        self._link.send({"begin": True})

    def wait(self, timeout_seconds: float | None = None) -> bool:
        """Wait until it has ended; whether it has."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout_seconds)
        return self._process.returncode is not None

    def ask_to_stop(self) -> None:
        """Let it end in order."""
        self._signal(signal.SIGTERM)

    def hurry(self) -> None:
        """Let it wait for nothing. By another signal, since two of a kind may arrive as one."""
        self._signal(signal.SIGINT)

    def kill(self) -> None:
        """End it, and what it started, at once."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> None:
        """Let go of the link."""
        self._link.close()

    # What the heartbeat asks

    def ask(self) -> None:
        """Ask how it is."""
        self._asked += 1
        self._has_answered.clear()
        self._link.send({"ask": self._asked})

    def beat(self, timeout_seconds: float) -> ProcessBeat | None:
        """What it holds; None where it gives no sign of life.

        A process that doesn't answer may still work: a handler's thread that calls into C can keep all others waiting.
        So one whose processor time grows counts as alive, and nobody can say what it holds.
        """
        answers = self._has_answered.wait(timeout_seconds)
        is_well = answers and self._state["is_well"]
        self._unanswered = 0 if is_well else self._unanswered + 1
        try:
            process = psutil.Process(self.pid)
            cpu, memory = process.cpu_times(), process.memory_info().rss
        except psutil.Error:
            return None
        seconds = cpu.user + cpu.system
        works, self._cpu_seconds = seconds > self._cpu_seconds, seconds
        if not (is_well if answers else works):
            return None
        held = self._state["held"] if answers else None
        return ProcessBeat(self.id, held, self._state["busy"], memory)

    def cancel(self, job_ids: frozenset[str]) -> None:
        """Stop those of `job_ids` that run in it."""
        self._link.send({"cancelled": sorted(job_ids)})

    def give_up(self) -> None:
        """Stop all that runs in it: it was taken."""
        self._link.send({"forgotten": True})

    def quiet(self) -> None:
        """Take nothing more."""
        self._link.send({"quiet": True})

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            self._process.send_signal(number)

    def _hear(self, message: Message) -> None:
        if "state" in message and message["ask"] == self._asked:
            self._state = message["state"]
            self._has_answered.set()
        elif "leaving" in message:
            self._is_leaving = True
        elif "ready" in message:
            self._is_ready.set()
