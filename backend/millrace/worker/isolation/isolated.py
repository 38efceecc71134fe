"""An attempt in a process of its own, seen from its thread in the worker: the last step of the pipeline.

The thread always drains what the child says and does for it what only a worker can. Where a handler in a thread would
be stopped at its next checkpoint, it asks the child to stop, and kills it where it doesn't. It leaves only once nothing
of the child is left.
"""

import math
import os
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from io import FileIO
from typing import Any

import structlog

from millrace.jobs.handler import JobHandler
from millrace.jobs.losses import MOST_CRASHES, crash_error
from millrace.jobs.outcome import MAX_TRACEBACK_LENGTH, AttemptError, Completed, Failed, Outcome, RetriedLater
from millrace.worker.handler_end import EndKind, HandlerEnd, decide, is_last
from millrace.worker.isolation.answers import Answers
from millrace.worker.isolation.kernel import proportional_bytes, resident_bytes
from millrace.worker.isolation.launcher import ChildExit, IsolatedChild, Launcher, NoProcess
from millrace.worker.isolation.wire import ChannelLost, Frame
from millrace.worker.running import RunningAttempt
from millrace.worker.words import middle_cut

LOOK_SECONDS = 0.2
"""How often the thread looks whether the attempt must stop, and how much memory it uses."""

KILL_AFTER_SECONDS = 3.0
"""How long a child that was asked to stop has to come to a checkpoint, clean up and say how it ended."""

BEGIN_SECONDS = 30.0
"""How long a process may take to begin: the first of a worker waits until the handlers are loaded."""

MEBIBYTE = 1024 * 1024
PIPE_BYTES = 64 * 1024

log = structlog.get_logger(__name__)


def run_isolated(launcher: Launcher, attempt: RunningAttempt, handler: JobHandler) -> Outcome:
    """Run an attempt in a process of its own, and see that gone.

    Raises:
        HandlerSignal: It was asked to stop, and ended without a word.
        NoProcess: It never began.
    """
    with ExitStack() as stack:
        faults, faults_end = (stack.enter_context(end) for end in _pipe())
        child = launcher.launch()
        stack.callback(child.end)
        conversation = _Conversation(attempt, handler, child)
        end = conversation.until_its_end(faults_end)
        ended = child.end(KILL_AFTER_SECONDS if end is not None else 0)
        return conversation.outcome(end, ended, (faults.read(PIPE_BYTES) or b"").decode(errors="replace"))


def _pipe() -> tuple[FileIO, FileIO]:
    """Two ends of a pipe; reading takes what is there and doesn't wait."""
    read, write = os.pipe()
    os.set_blocking(read, False)
    return FileIO(read, "rb"), FileIO(write, "wb")


class _Conversation:
    """What one attempt and its child have to say to each other."""

    def __init__(self, attempt: RunningAttempt, handler: JobHandler, child: IsolatedChild) -> None:
        self._attempt = attempt
        self._handler = handler
        self._child = child
        self._answers = Answers(self._say, attempt.context)
        self._looks_at = 0.0
        self._killed_at = math.inf
        self._used_too_much: int | None = None
        self._is_garbled = self._began_too_late = False
        # A type whose jobs share a process elsewhere never said what one of them may use.
        self._memory_limit = handler.memory_limit_bytes if handler.isolation == "process" else math.inf

    def until_its_end(self, faults_end: FileIO) -> Frame | None:
        """Listen until the child says how it ended; None where it won't any more. Hands `faults_end` over to it."""
        try:
            with faults_end:
                self._begin(faults_end.fileno())
            while not self._must_be_killed():
                frame = self._child.channel.receive(LOOK_SECONDS)
                if frame is not None and self._is_its_end(frame):
                    return frame
        except ChannelLost:
            pass
        except (LookupError, TypeError, ValueError):
            log.exception("child_garbled")
            self._is_garbled = True
        return None

    def _begin(self, faults_end: int) -> None:
        job = self._attempt.job
        values = {"job_id": job.id, "attempt": job.attempt, "type": job.type, "payload": self._attempt.payload}
        self._say("run", values, faults_end)

    def _say(self, kind: str, values: Mapping[str, Any] | None = None, descriptor: int | None = None) -> None:
        """Say something to the child. Where it doesn't listen, what it said before is still heard, to its end."""
        try:
            self._child.channel.send(kind, values, descriptor)
        except ChannelLost:
            self._child.kill()
            self._killed_at = min(self._killed_at, time.monotonic() + KILL_AFTER_SECONDS)

    def _is_its_end(self, frame: Frame) -> bool:
        said = frame.values
        match frame.kind:
            case "progress":
                self._attempt.report.tell(said["fraction"], said["message"])
            case "log":
                self._attempt.report.write(said["level"], said["message"])
            case "ask":
                self._answers.answer(said["what"], said["arguments"])
            case "returned" | "raised":
                return True
            case other:
                raise ValueError(f"a child can't say {other!r}")
        return False

    def _must_be_killed(self) -> bool:
        now = time.monotonic()
        if now >= self._killed_at:
            return True
        if now < self._looks_at:
            return False
        self._looks_at = now + LOOK_SECONDS
        reason = self._attempt.stop.pressing
        if reason is not None and self._killed_at == math.inf:
            self._killed_at = now + KILL_AFTER_SECONDS
            self._say("stop", {"reason": reason.name})
        if self._child.process_id is None:
            self._began_too_late = now - self._child.launched_at > BEGIN_SECONDS
            return self._began_too_late
        return self._uses_too_much(self._child.process_id)

    def _uses_too_much(self, process_id: int) -> bool:
        used = resident_bytes(process_id)
        if used > self._memory_limit:
            used = proportional_bytes(process_id) or used
        if used > self._memory_limit:
            self._used_too_much = used
        return self._used_too_much is not None

    def outcome(self, end: Frame | None, ended: ChildExit, faults: str) -> Outcome:
        """How the attempt ended whose child ended so. `faults` is what Python still wrote when a signal ended it."""
        job = self._attempt.job
        if end is not None and end.kind == "returned":
            return Completed(end.values["result"])
        if end is not None:
            return decide(_handler_end(end), job, self._attempt.stop, self._handler.retry)
        if self._used_too_much is not None:
            return self._crashed(self._too_large(self._used_too_much))
        if self._killed_at < math.inf:
            self._attempt.stop.check()
        if self._child.process_id is None or self._began_too_late:
            raise NoProcess(f"No process could be started for this attempt: it {ended.how}.")
        how = "said what can't be understood" if self._is_garbled else ended.how
        if ended.is_blameless:
            return self._failed(crash_error(how), is_crash=False)
        error = crash_error(how, job.crashes + 1)
        return self._crashed(replace(error, traceback=middle_cut(faults, MAX_TRACEBACK_LENGTH) or None))

    def _too_large(self, used: int) -> AttemptError:
        limit = self._handler.memory_limit_bytes
        how = (
            f"was ended because it used {used // MEBIBYTE:,} MiB of memory; "
            f"jobs of this type may use {limit // MEBIBYTE:,} MiB"
        )
        error = crash_error(how, self._attempt.job.crashes + 1)
        return replace(error, code="memory_limit", type="MemoryLimitExceeded")

    def _crashed(self, error: AttemptError) -> Outcome:
        if self._attempt.job.crashes + 1 >= MOST_CRASHES:
            return Failed(error, is_crash=True)
        return self._failed(error, is_crash=True)

    def _failed(self, error: AttemptError, is_crash: bool) -> Outcome:
        job = self._attempt.job
        if is_last(job):
            return Failed(error, is_crash)
        return RetriedLater(error, self._handler.retry.pause_after(job.failures + 1), is_crash)


def _handler_end(frame: Frame) -> HandlerEnd:
    said = frame.values
    return HandlerEnd(EndKind(said["kind"]), AttemptError(**said["error"]), said["pause_seconds"])
