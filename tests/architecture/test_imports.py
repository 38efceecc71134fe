"""Importing does no work: it reads no environment, opens no socket and loads nothing heavy."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BACKEND = Path(__file__).parents[2] / "backend"

WITHOUT_SOCKETS = """
import json, pkgutil, socket, sys

class Forbidden(socket.socket):
    # A library may make a socket to see what the system can do; it must not use it.
    def connect(self, address):
        raise AssertionError(f"an import connects to {address!r}")
    connect_ex = bind = connect

socket.socket = Forbidden
failures = {}
for name in sys.argv[1:]:
    try:
        __import__(name)
    except BaseException as failure:
        failures[name] = f"{type(failure).__name__}: {failure}"
print(json.dumps({"failures": failures, "loaded": sorted(sys.modules)}))
"""

HEAVY = {"PIL", "duckdb", "eventlet", "numpy", "polars", "reportlab", "xlsxwriter"}


def modules() -> list[str]:
    """Every module of ours outside run/, whose modules are programs."""
    names = []
    for file in sorted((BACKEND / "millrace").rglob("*.py")):
        parts = file.relative_to(BACKEND).with_suffix("").parts
        if parts[1:2] != ("run",):
            names.append(".".join(parts).removesuffix(".__init__"))
    return names


def import_apart(*names: str) -> dict[str, list[str] | dict[str, str]]:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", WITHOUT_SOCKETS, *names],
        env={},
        cwd=BACKEND,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    seen: dict[str, list[str] | dict[str, str]] = json.loads(done.stdout)
    return seen


def test_every_module_imports_with_an_empty_environment_and_no_network() -> None:
    assert import_apart(*modules())["failures"] == {}


@pytest.mark.parametrize("package", ["millrace.api", "millrace.services", "millrace.worker", "millrace.scheduler"])
def test_package_loads_no_heavy_library(package: str) -> None:
    names = [name for name in modules() if name == package or name.startswith(f"{package}.")]
    assert names
    loaded = {name.partition(".")[0] for name in import_apart(*names)["loaded"]}
    assert loaded & HEAVY == set()
