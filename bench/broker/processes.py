"""The processes of an engine under measurement: one that submits, and some that work."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from bench.broker.catalogue import Engine, Runtime
from bench.broker.engines.contract import PLAIN, Setting
from bench.broker.engines.job import REPORT, SECONDS, WORKER
from bench.broker.records import Invalid, Records
from bench.broker.server import Server, redis_server

ROOT = Path(__file__).parents[2]
LOG = ROOT / "var" / "log" / "bench-broker.log"
"""What the engines say, which is much."""

SETTLE_SECONDS = 10
STALL_SECONDS = 60
LOOK_SECONDS = 0.01


class Submitter:
    """A process that sends jobs when it is asked to."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.versions: dict[str, str] = _answer(process)

    def send(self, first: int, count: int, level: str = PLAIN) -> float:
        """Send jobs one at a time; how many seconds that took."""
        return float(self._ask("send", first=first, count=count, level=level))

    def send_together(self, first: int, count: int) -> float:
        """Send jobs with the engine's call for many; how many seconds that took."""
        return float(self._ask("send_together", first=first, count=count))

    def send_at(self, first: int, offsets: Sequence[float], level: str = PLAIN) -> list[tuple[int, int]]:
        """Send jobs at moments from now on; when each call began and returned."""
        return [(before, after) for before, after in self._ask("send_at", first=first, offsets=offsets, level=level)]

    def left(self) -> int:
        """How many jobs wait or are under way."""
        return int(self._ask("left"))

    def _ask(self, command: str, **arguments: Any) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": command, **arguments}) + "\n")
        self._process.stdin.flush()
        return _answer(self._process)


class Workers:
    """Worker processes that are ready, and begin together."""

    def __init__(self, processes: "Sequence[subprocess.Popen[str]]", records: Records) -> None:
        self._processes = processes
        self.records = records
        for process in processes:
            _answer(process)

    def begin(self) -> None:
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()

    def await_count(self, count: int) -> None:
        """Wait until so many jobs have run.

        Raises:
            Invalid: Nothing has run for a long while.
        """
        seen, since = -1, time.monotonic()
        while (ran := self.records.count()) < count:
            if ran != seen:
                seen, since = ran, time.monotonic()
            elif time.monotonic() - since > STALL_SECONDS:
                raise Invalid(f"only {ran} of {count} jobs ran")
            time.sleep(LOOK_SECONDS)

    def cpu_seconds(self) -> float:
        """What the processes have computed so far, their children included."""
        return sum(map(_cpu_seconds, self._processes))


@dataclass(frozen=True, slots=True)
class Stage:
    """One engine on a Redis of its own, with its submitter."""

    engine: Engine
    setting: Setting
    server: Server
    submitter: Submitter
    records: Records

    @contextmanager
    def workers(self, count: int = 1, job_seconds: float = 0) -> Iterator[Workers]:
        """Workers that are ready to begin; they have ended after the block."""
        with ExitStack() as stack:
            processes = [
                stack.enter_context(
                    _process(
                        self.engine,
                        "work",
                        self.setting,
                        {REPORT: str(self.records.path), WORKER: str(number), SECONDS: str(job_seconds)},
                    )
                )
                for number in range(count)
            ]
            yield Workers(processes, self.records)

    def await_nothing_left(self) -> None:
        """Wait for the last acknowledgements.

        Raises:
            Invalid: Something is left for good.
        """
        deadline = time.monotonic() + SETTLE_SECONDS
        while left := self.submitter.left():
            if time.monotonic() > deadline:
                raise Invalid(f"{left} jobs were left behind")
            time.sleep(LOOK_SECONDS)


@contextmanager
def stage(engine: Engine, folder: Path, levels: Sequence[str] = (PLAIN,), slots: int | None = None) -> Iterator[Stage]:
    """Set an engine up; nothing of it runs on after the block."""
    with redis_server() as server:
        setting = Setting(server.url, engine.variant, slots or engine.slots, levels)
        records = Records(folder / "records")
        records.path.write_bytes(b"")
        with _process(engine, "submit", setting, {}) as process:
            yield Stage(engine, setting, server, Submitter(process), records)


@contextmanager
def _process(
    engine: Engine, role: str, setting: Setting, environment: dict[str, str]
) -> "Iterator[subprocess.Popen[str]]":
    LOG.parent.mkdir(parents=True, exist_ok=True)
    with LOG.open("a", encoding="utf-8") as log:
        log.write(f"# {engine.name}: {role}\n")
        log.flush()
        process = subprocess.Popen(
            [*_command(engine), role, json.dumps(asdict(setting))],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # with its children
        process.communicate()


def _command(engine: Engine) -> list[str]:
    match engine.runtime:
        case Runtime.NODE:
            node = shutil.which("node")
            assert node is not None, "the set-up asks for Node"
            return [node, str(ROOT / "bench/broker/engines" / engine.adapter)]
        case Runtime.PEERS:
            python = ROOT / "bench/.venv/bin/python"
        case Runtime.MILLRACE:
            python = Path(sys.executable)
    return [str(python), "-m", f"bench.broker.engines.{engine.adapter}"]


def _answer(process: "subprocess.Popen[str]") -> Any:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise Invalid(f"a process ended with exit code {process.wait()}; see {LOG.relative_to(ROOT)}")
    return json.loads(line)


def _cpu_seconds(process: "subprocess.Popen[str]") -> float:
    total = 0.0
    parent = psutil.Process(process.pid)
    for member in (parent, *parent.children(recursive=True)):
        try:
            total += sum(member.cpu_times()[:4])  # user, system, and both of children that have ended
        except psutil.NoSuchProcess:
            continue
    return total
