"""What a set-up is made of: steps with stamps, the lines on the terminal, and commands run in a folder."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path


class SetUpFailed(Exception):
    """A step can't be done; the message says in one sentence what to do about it."""


@dataclass(frozen=True)
class Step:
    """One thing to make. `fingerprint` sums up its inputs; `output` must exist for the stamp to count."""

    title: str
    stamp: Path
    output: Path
    fingerprint: Callable[[], str]
    make: Callable[[], None]

    def is_current(self) -> bool:
        if not self.output.exists() or not self.stamp.exists():
            return False
        return self.stamp.read_text() == self.fingerprint()

    def do(self) -> None:
        self.stamp.unlink(missing_ok=True)
        self.make()
        self.stamp.write_text(self.fingerprint())


@dataclass
class Terminal:
    """One line per step, and on a screen one more that says what is going on."""

    log: Path
    live: bool = field(default_factory=sys.stdout.isatty)
    interrupted: threading.Event = field(default_factory=threading.Event)
    _running: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, title: str) -> None:
        with self._lock:
            self._running[title] = time.monotonic()
            self._show()

    def end(self, title: str, mark: str) -> None:
        with self._lock:
            seconds = time.monotonic() - self._running.pop(title)
            self._clear()
            print(f"{mark} {title} ({seconds:.0f} s)", flush=True)
            self._show()

    def record(self, heading: str, text: str) -> None:
        with self._lock, self.log.open("a", encoding="utf-8") as file:
            file.write(f"$ {heading}\n{text.rstrip()}\n\n")

    def _clear(self) -> None:
        if self.live:
            print("\r\033[K", end="")

    def _show(self) -> None:
        if self.live and self._running:
            print(f"\r\033[K… {', '.join(self._running)}", end="", flush=True)


@dataclass(frozen=True)
class Place:
    """The folder to set up, and how commands run in it."""

    root: Path
    terminal: Terminal

    @property
    def venv(self) -> Path:
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        return self.venv / "bin" / "python"

    def run(self, *command: str | Path, folder: Path | None = None) -> None:
        """Run a command; its output goes to the log, and its last lines into the error."""
        words = [str(word) for word in command]
        done = subprocess.run(
            words,
            cwd=folder or self.root,
            env=clean_environment(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        self.terminal.record(" ".join(words), done.stdout)
        if done.returncode != 0:
            short = " ".join([Path(words[0]).name, *words[1:4]])
            raise SetUpFailed(f"`{short} …` failed with exit code {done.returncode}:\n{excerpt(done.stdout)}")


def excerpt(output: str) -> str:
    """What a command said, without its middle where that is long: the reason stands first or last."""
    lines = [f"    {line}" for line in output.strip().splitlines()]
    return "\n".join(lines if len(lines) <= 40 else [*lines[:20], "    …", *lines[-20:]])


def clean_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The caller's environment without what would send packages elsewhere, leave some out or colour a log."""
    unwanted = {"PYTHONHOME", "PYTHONPATH", "PIP_TARGET", "PIP_PREFIX", "PIP_REQUIRE_VIRTUALENV"}
    unwanted |= {"NODE_ENV", "FORCE_COLOR"}
    kept = {name: value for name, value in environment.items() if name not in unwanted}
    quiet_pip = {"PIP_USER": "0", "PIP_ROOT_USER_ACTION": "ignore", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    return kept | quiet_pip | {"NO_COLOR": "1"}


def digest(parts: Iterable[bytes]) -> str:
    sha = hashlib.sha256()
    for part in parts:
        sha.update(len(part).to_bytes(8, "big"))
        sha.update(part)
    return sha.hexdigest()


def digest_of(*files: Path) -> str:
    return digest(part for file in files for part in (file.name.encode(), read_if_there(file)))


def read_if_there(file: Path) -> bytes:
    return file.read_bytes() if file.exists() else b""


def sources(folder: Path, *left_out: str) -> Iterator[Path]:
    """Every file below a folder, in a stable order, without the named folders at its top."""
    for top in sorted(folder.iterdir()):
        if top.name in left_out:
            continue
        yield from sorted(path for path in top.rglob("*") if path.is_file()) if top.is_dir() else [top]
