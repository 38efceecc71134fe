"""Where a measurement ran: what a reader needs to compare it with another."""

import os
import platform
import shutil
import subprocess
from pathlib import Path

from redis import Redis

from bench.broker.server import redis_server

CALM_LOAD = 0.3
"""A load average above this means that somebody else computes, and spoils the figures."""


def machine() -> dict[str, str | int | float]:
    with redis_server() as server:
        redis = _redis_version(server.watch)
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count() or 0,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "node": _said_by(shutil.which("node") or "node", "--version").lstrip("v"),
        "redis": redis,
        "commit": _said_by("git", "describe", "--always", "--dirty"),
        "load_before": load(),
    }


def load() -> float:
    """The load average of the last minute."""
    return round(os.getloadavg()[0], 2)


def _redis_version(watch: Redis) -> str:
    info = watch.info()
    name = str(info.get("server_name", "redis")).capitalize()
    return f"{name} {info.get('valkey_version', info['redis_version'])} ({info['mem_allocator']})"


def _cpu_model() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
        return platform.machine()
    return _said_by("sysctl", "-n", "machdep.cpu.brand_string")


def _said_by(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
