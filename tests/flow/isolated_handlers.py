"""Job types for tests, in processes of their own: they do there what would end a whole worker."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

from marshmallow import Schema, fields

from millrace.jobs.handler import Isolation, JobCancelled, JobContext, JobHandler, JobResult, Payload, RetryPolicy
from millrace.settings import Settings
from tests.flow.sample_handlers import QUICK_RETRY, NothingPayload, TextPayload

MEBIBYTE = 1024 * 1024
SMALL_MEMORY = 128 * MEBIBYTE

GROWING = "import time; held = [bytearray(1024 * 1024) for _ in range(150)]; time.sleep(60)"


class ReadPayload(Schema):
    """What to read."""

    file_id = fields.String(load_default="")
    job_id = fields.String(load_default="")
    name = fields.String(load_default="")


class Isolated(JobHandler):
    """What these share."""

    isolation: ClassVar[Isolation] = "process"
    payload_schema: ClassVar[type[Schema]] = NothingPayload
    example: ClassVar[Mapping[str, Any]] = {}
    retry = QUICK_RETRY


class IsolatedEcho(Isolated):
    """Says what it was told, in every way there is."""

    type = "isolated_echo"
    title = "Echo"
    payload_schema = TextPayload

    def run(self, payload: Payload, context: JobContext) -> JobResult:
        context.progress(0.5, "half")
        context.log.info(f"said {payload['text']}")
        sys.stdout.write(f"{payload['text']} on the terminal\n")
        context.save_artifact("echo.txt", payload["text"].encode())
        context.progress(1, "done")
        return {"text": payload["text"], "process": os.getpid()}


class IsolatedReader(Isolated):
    """Reads an input and an artifact, and saves a file of its scratch folder."""

    type = "isolated_reader"
    title = "Reader"
    payload_schema = ReadPayload

    def run(self, payload: Payload, context: JobContext) -> JobResult:
        with context.open_input(payload["file_id"]) as stream:
            last = stream.seek(-4, os.SEEK_END)
            end = stream.read()
            stream.seek(0)
            found = {"name": stream.name, "size": last + 4, "end": end.decode(), "start": stream.read(4).decode()}
        with context.open_artifact(payload["job_id"], payload["name"]) as stream:
            found["artifact"] = stream.read().decode()
        (context.scratch_folder / "made.txt").write_text("made")
        context.save_artifact("made.txt", Path("made.txt"))
        return found


class IsolatedRefused(Isolated):
    """Asks for what it can't have; `text` says what."""

    type = "isolated_refused"
    title = "Refused"
    payload_schema = TextPayload

    def run(self, payload: Payload, context: JobContext) -> JobResult:
        match payload["text"]:
            case "input":
                context.open_input("00000000-0000-7000-8000-000000000000")
            case "name":
                context.save_artifact("../up", b"")
            case "path":
                context.save_artifact("gone.txt", Path("gone.txt"))
        return None


class IsolatedCurious(Isolated):
    """Looks around in its process."""

    type = "isolated_curious"
    title = "Curious"

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings or Settings()

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        return cls(settings)

    def run(self, payload: Payload, context: JobContext) -> JobResult:
        kinds = [os.readlink(f"/proc/self/fd/{number}").partition(":")[0] for number in _descriptors()]
        return {
            "sockets": kinds.count("socket"),
            "pipes": kinds.count("pipe"),
            "descriptors": len([kind for kind in kinds if kind in ("socket", "pipe", "anon_inode")]),
            "environment": [name for name in os.environ if name.startswith("MILLRACE_DATABASE")],
            "database_url": self._settings.database_url,
            "threads": self._settings.worker_threads,
            "oom_score_adj": int(Path("/proc/self/oom_score_adj").read_text()),
            "leads_its_session": os.getsid(0) == os.getpid(),
        }


def _descriptors() -> list[int]:
    """Those past the standard ones that are open now."""
    with os.scandir("/proc/self/fd") as entries:
        found = [int(entry.name) for entry in entries]
    return [number for number in found if number > 2 and Path(f"/proc/self/fd/{number}").exists()]


class IsolatedCrash(Isolated):
    """Ends its process; `text` says how."""

    type = "isolated_crash"
    title = "Crash"
    payload_schema = TextPayload
    memory_limit_bytes = SMALL_MEMORY
    retry = RetryPolicy(max_attempts=10, first_pause=QUICK_RETRY.first_pause)

    def run(self, payload: Payload, context: JobContext) -> JobResult:
        context.log.info("about to end")
        ENDS[payload["text"]]()
        time.sleep(60)
        return None


def _grow() -> None:
    held = []
    while True:
        held.append(bytearray(MEBIBYTE))
        time.sleep(0.002)


ENDS: Mapping[str, Callable[[], object]] = {
    "exit": lambda: os._exit(3),
    "silence": lambda: os._exit(0),
    "segfault": lambda: ctypes.string_at(0),
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "memory": _grow,
    "memory of its own child": lambda: subprocess.run([sys.executable, "-c", GROWING], check=False),
    "forkserver": lambda: os.kill(os.getppid(), signal.SIGKILL),
}


class Hungry(Isolated):
    """Runs beside others as a rule, so that what it may use of memory means nothing; long enough to be looked at."""

    type = "hungry"
    title = "Hungry"
    isolation = "thread"
    memory_limit_bytes = MEBIBYTE

    def run(self, payload: Payload, context: JobContext) -> JobResult:
        time.sleep(0.5)
        return {"process": os.getpid()}


class IsolatedSharing(Isolated):
    """Has processes of its own that share most of their memory."""

    type = "isolated_sharing"
    title = "Sharing"
    memory_limit_bytes = SMALL_MEMORY

    def run(self, payload: Payload, context: JobContext) -> JobResult:
        shared = bytearray(os.urandom(60 * MEBIBYTE))
        children = []
        for _ in range(4):
            child = os.fork()
            if child == 0:
                time.sleep(1)
                os._exit(0)
            children.append(child)
        codes = [os.waitpid(child, 0)[1] for child in children]
        return {"codes": codes, "size": len(shared)}


class IsolatedDeaf(Isolated):
    """Comes to no checkpoint; `text` says why. It leaves processes behind, one of them in a session of its own."""

    type = "isolated_deaf"
    title = "Deaf"
    payload_schema = TextPayload

    def run(self, payload: Payload, context: JobContext) -> JobResult:
        command = [sys.executable, "-c", "import time; time.sleep(120)"]
        near, far = subprocess.Popen(command), subprocess.Popen(command, start_new_session=True)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        context.progress(None, f"in processes {os.getpid()} {near.pid} {far.pid}")
        while payload["text"] == "spinning":
            pass
        time.sleep(120)
        return None


class IsolatedEndless(Isolated):
    """Runs until it is stopped at a checkpoint, and cleans up."""

    type = "isolated_endless"
    title = "Endless"

    def run(self, payload: Payload, context: JobContext) -> JobResult:
        context.progress(None, f"in processes {os.getpid()}")
        try:
            while True:
                context.checkpoint()
                time.sleep(0.01)
        except JobCancelled:
            context.log.warning("cleaned up")
            raise


class IsolatedLoud(Isolated):
    """Says more than anybody can hear."""

    type = "isolated_loud"
    title = "Loud"

    def run(self, payload: Payload, context: JobContext) -> JobResult:
        for step in range(100_001):
            context.progress(step / 100_000, f"step {step}")
        for number in range(20_000):
            context.log.info(f"{number} " + "\ud800x\x00" * 2_000)
        return None


class IsolatedOdd(Isolated):
    """Returns what can't be kept; `text` says what."""

    type = "isolated_odd"
    title = "Odd"
    payload_schema = TextPayload

    def run(self, payload: Payload, context: JobContext) -> JobResult:
        return {"what": "ü" * 300_000 if payload["text"] == "too large" else object()}


class IsolatedBroken(Isolated):
    """Fails each time."""

    type = "isolated_broken"
    title = "Broken"

    def run(self, payload: Payload, context: JobContext) -> JobResult:
        raise ValueError(f"attempt {context.attempt} went wrong")
