"""Pin every dependency of Python's by version and hash. For maintainers; asks the package index.

The locks hold for Linux and macOS and for each supported Python, and name no registry, so that they work
wherever pip finds packages.
"""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

UV = "uv==0.13.9"
ROOT = Path(__file__).resolve().parent.parent


def compiler() -> Path:
    """uv, in an environment of its own."""
    home = ROOT / "var" / "lock-tools"
    if not (home / "bin" / "uv").exists():
        venv.create(home, with_pip=True, clear=True)
    subprocess.run([home / "bin" / "pip", "install", "--quiet", UV], check=True)
    return home / "bin" / "uv"


def pin(uv: Path, folder: str, source: str, output: str, *options: str) -> None:
    shape = ["--universal", "--python-version", "3.11", "--generate-hashes"]
    quiet = ["--no-header", "--no-annotate", "--no-emit-index-url", "--quiet"]
    command: list[str | Path] = [
        uv,
        "pip",
        "compile",
        source,
        *shape,
        *quiet,
        *options,
        "--output-file",
        output,
    ]
    subprocess.run(command, cwd=ROOT / folder, check=True)
    print(f"{folder}/{output}")


def main(upgrade: list[str]) -> None:
    uv = compiler()
    backend = ("backend", "pyproject.toml")
    pin(uv, *backend, "requirements.txt", "--group", "build", *upgrade)
    groups = ["--group", "build", "--group", "dev"]
    pin(uv, *backend, "requirements-dev.txt", *groups, "--constraint", "requirements.txt", *upgrade)
    pin(uv, "bench", "requirements.in", "requirements.txt", *upgrade)


if __name__ == "__main__":
    main(sys.argv[1:])
