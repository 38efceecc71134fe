"""`millrace worker` as a person types it: a setting that is wrong ends it at once, with a sentence and exit code 2."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


def run_worker(folder: Path, *options: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    """Run `millrace worker` until it has ended by itself. Nothing that it would connect to is there."""
    return subprocess.run(
        [sys.executable, "-m", "millrace.run", "worker", *options],
        env={
            **os.environ,
            "MILLRACE_DATA": str(folder),
            "MILLRACE_DATABASE_URL": f"sqlite:///{folder / 'nothing.db'}",
            "MILLRACE_REDIS_URL": "redis://127.0.0.1:1",
            **environ,
        },
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--queues", "images,nosuch"), "no job type uses the queue nosuch; there are: default, images"),
        (("--threads", "0"), "MILLRACE_WORKER_THREADS must be a whole number from 1 to 256, not '0'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_an_option_that_doesnt_fit_is_told_and_nothing_starts(
    tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    ended = run_worker(tmp_path, *options)
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-1].startswith(f"millrace: {said}")
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "nothing.db").exists()


def test_an_option_stands_in_place_of_its_setting(tmp_path: Path) -> None:
    ended = run_worker(tmp_path, "--queues", "nosuch", MILLRACE_WORKER_QUEUES="images")
    assert ended.returncode == 2
    assert "the queue nosuch;" in ended.stderr


def test_a_setting_holds_where_no_option_is_given(tmp_path: Path) -> None:
    ended = run_worker(tmp_path, MILLRACE_WORKER_QUEUES="nosuch")
    assert ended.returncode == 2
    assert "the queue nosuch;" in ended.stderr
