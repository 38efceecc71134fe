"""Starts `millrace up` for a test, and leaves nothing of it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread

import psutil
import pytest

from tests.run.running_up import StartUp, Up


@pytest.fixture
def start_up(tmp_path: Path) -> Iterator[StartUp]:
    """Starts `millrace up` on a data folder of this test; options are settings."""
    runs: list[Up] = []

    def start(**options: str) -> Up:
        environ = {
            **os.environ,
            "MILLRACE_PORT": "0",
            "MILLRACE_DATA": str(tmp_path / "var"),
            **{f"MILLRACE_{name.upper()}": value for name, value in options.items()},
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "millrace.run", "up"],
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            # Whoever starts the tests in the background lets them ignore it, and their children with them.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        up = Up(process)
        up.reader = Thread(target=up.read)
        up.reader.start()
        runs.append(up)
        return up

    yield start
    for up in runs:
        up.look()
        up.process.kill()
        for process in up.everything:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        up.process.wait()
        assert up.reader is not None
        up.reader.join()
