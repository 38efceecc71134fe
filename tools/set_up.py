"""Make this folder ready to run: .venv, Python packages, frontend packages, the built frontend.

Needs nothing but the standard library. Each step leaves a stamp with the fingerprint of what it was made
from, so a step whose inputs stand as they were is skipped. Python's steps and Node's run side by side.

    set_up.py run     what `make run` needs
    set_up.py check   what `make check` needs: the developer's tools as well, no built frontend
    set_up.py test    what `make test` needs: everything
    set_up.py bench   what `make bench-broker` needs: the other brokers in place of a frontend
"""

from __future__ import annotations

import fcntl
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path

from steps import Place, SetUpFailed, Step, Terminal, digest, digest_of, sources

OLDEST_NODE = (20, 19)


def venv_step(place: Place, purpose: str = "") -> Step:
    # Scripts in a virtual environment name it by its full path, and it breaks when its Python is replaced.
    def fingerprint() -> str:
        return digest([str(place.venv).encode(), os.path.realpath(place.python).encode()])

    def make() -> None:
        if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
            raise SetUpFailed(
                "Python's venv module is missing; on Debian and Ubuntu install it with "
                f"`sudo apt install python{sys.version_info[0]}.{sys.version_info[1]}-venv`."
            )
        if place.venv.exists():
            shutil.rmtree(place.venv)
        outside_any_venv = getattr(sys, "_base_executable", sys.executable)
        place.run(outside_any_venv, "-m", "venv", place.venv)

    title = f"Python {sys.version_info[0]}.{sys.version_info[1]} environment{purpose}"
    return Step(title, place.venv / ".stamp-venv", place.python, fingerprint, make)


def packages_step(place: Place, lock: Path, title: str) -> Step:
    def make() -> None:
        pip = (place.python, "-m", "pip", "install", "--no-input", "--progress-bar", "off")
        place.run(*pip, "--require-hashes", "-r", lock)

    stamp = place.venv / f".stamp-{lock.stem}"
    return Step(title, stamp, place.python, lambda: digest_of(lock), make)


def millrace_step(place: Place) -> Step:
    backend = place.root / "backend"

    def fingerprint() -> str:
        project = tomllib.loads((backend / "pyproject.toml").read_text(encoding="utf-8"))
        return digest([json.dumps([project["project"], project["build-system"]]).encode()])

    def make() -> None:
        pip = (place.python, "-m", "pip", "install", "--no-input", "--no-index")
        place.run(*pip, "--no-deps", "--no-build-isolation", "-e", backend)

    return Step("Millrace", place.venv / ".stamp-millrace", place.venv / "bin/millrace", fingerprint, make)


def npm_step(place: Place, folder: Path, title: str) -> Step:
    inputs = [folder / name for name in ("package.json", "package-lock.json", ".npmrc")]

    def make() -> None:
        npm = require_node()
        place.run(npm, "ci", "--include=dev", "--no-audit", "--no-fund", "--prefer-offline", folder=folder)

    modules = folder / "node_modules"
    return Step(title, modules / ".stamp-packages", modules, lambda: digest_of(*inputs), make)


def build_step(place: Place, frontend: Path) -> Step:
    def fingerprint() -> str:
        kept = sources(frontend, "node_modules", "dist", ".stamp-build")
        return digest(part for file in kept for part in (str(file.relative_to(frontend)).encode(), file.read_bytes()))

    def make() -> None:
        place.run(require_node(), "run", "build", folder=frontend)

    stamp = frontend / "node_modules" / ".stamp-build"
    return Step("Built frontend", stamp, frontend / "dist" / "index.html", fingerprint, make)


def require_node() -> str:
    """The path of npm, once Node is known to be there and new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    wanted = ".".join(map(str, OLDEST_NODE))
    if node is None:
        raise SetUpFailed(f"Node is missing; install Node {wanted} or newer with npm (https://nodejs.org).")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    numbers = re.match(r"v(\d+)\.(\d+)", version)
    if numbers is None or (int(numbers[1]), int(numbers[2])) < OLDEST_NODE:
        raise SetUpFailed(f"Node {version or '?'} is too old; install Node {wanted} or newer (https://nodejs.org).")
    if npm is None:
        raise SetUpFailed("Node is there and npm is not; install npm (on Debian and Ubuntu `sudo apt install npm`).")
    return npm


def lanes(place: Place, goal: str) -> list[list[Step]]:
    """What a goal needs: lanes run side by side, the steps of a lane one after another."""
    backend, frontend, e2e = (place.root / name for name in ("backend", "frontend", "e2e"))
    runtime = packages_step(place, backend / "requirements.txt", "Python packages")
    developer = packages_step(place, backend / "requirements-dev.txt", "Python packages and developer's tools")
    # The developer's lock holds the same versions and more, so it serves for running too.
    packages = developer if goal != "run" or developer.is_current() else runtime
    python = [venv_step(place), packages, millrace_step(place)]
    if goal == "bench":
        return [python, peers_lane(Place(place.root / "bench", place.terminal))]
    node = [npm_step(place, frontend, "Frontend packages")]
    if goal != "check":
        node.append(build_step(place, frontend))
    if goal != "run":
        node.append(npm_step(place, e2e, "Browser test packages"))
    return [python, node]


def peers_lane(bench: Place) -> list[Step]:
    """The brokers that Millrace's is measured beside, in environments of their own."""
    return [
        venv_step(bench, " for other brokers"),
        packages_step(bench, bench.root / "requirements.txt", "Other brokers for Python"),
        npm_step(bench, bench.root, "Other brokers for Node"),
    ]


def run_lane(steps: Sequence[Step], terminal: Terminal) -> None:
    for step in steps:
        if step.is_current():
            continue
        if terminal.interrupted.is_set():
            return
        terminal.begin(step.title)
        mark = "✗"
        try:
            step.do()
            mark = "✓"
        finally:
            terminal.end(step.title, mark)


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Two set-ups of one folder wait for each other."""
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another set-up of this folder is under way; waiting for it.", flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def set_up(root: Path, goal: str) -> None:
    log = root / "var" / "log" / "setup.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    place = Place(root, Terminal(log))
    with alone(log.with_suffix(".lock")):
        wanted = lanes(place, goal)
        if all(step.is_current() for lane in wanted for step in lane):
            return
        log.write_text("")
        print("Setting up Millrace; details are in var/log/setup.log", flush=True)
        with ThreadPoolExecutor(len(wanted)) as pool:
            running = [pool.submit(run_lane, steps, place.terminal) for steps in wanted]
            try:
                for lane in as_completed(running):
                    lane.result()
            except KeyboardInterrupt:
                # Ctrl-C has ended the commands under way; the lanes begin no others.
                place.terminal.interrupted.set()
                raise


def main(arguments: Sequence[str]) -> int:
    if len(arguments) != 1 or arguments[0] not in {"run", "check", "test", "bench"}:
        print(__doc__)
        return 2
    try:
        set_up(Path(__file__).resolve().parent.parent, arguments[0])
    except SetUpFailed as failure:
        print(f"\nSet-up failed: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nSet-up was interrupted; run it again to go on.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
