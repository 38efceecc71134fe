"""Logs: two places, one form, no secrets."""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog

from millrace.logs import MASK, configure_logging


@dataclass(frozen=True)
class Folder:
    log_folder: Path


@pytest.fixture(autouse=True)
def _logging_left_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    for handler in handlers:
        root.removeHandler(handler)
    yield
    for handler in root.handlers[:]:
        root.removeHandler(handler)
        handler.close()
    for handler in handlers:
        root.addHandler(handler)
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_an_event_goes_to_the_console_and_as_json_to_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging(Folder(tmp_path), "worker")
    structlog.get_logger("millrace.test").info("worker_started", threads=8)
    line = lines_of(tmp_path / "worker.log")[0]
    assert (line["event"], line["threads"], line["level"]) == ("worker_started", 8, "info")
    assert (line["process"], line["logger"]) == ("worker", "millrace.test")
    assert line["timestamp"].endswith("Z")
    console = capsys.readouterr().err
    assert "worker_started" in console
    assert "\x1b[" not in console


def test_what_is_bound_to_the_context_stands_on_every_line(tmp_path: Path) -> None:
    configure_logging(Folder(tmp_path), "worker")
    with structlog.contextvars.bound_contextvars(job_id="j1", attempt=2):
        structlog.get_logger().info("claimed")
        logging.getLogger("a.library").warning("slow: %s", "disk")
    ours, theirs = lines_of(tmp_path / "worker.log")
    assert (ours["job_id"], ours["attempt"]) == ("j1", 2)
    assert (theirs["event"], theirs["job_id"], theirs["level"]) == ("slow: disk", "j1", "warning")


def test_secrets_are_masked_in_names_in_nested_values_and_in_urls(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging(Folder(tmp_path), "web")
    structlog.get_logger().info(
        "asked", password="hunter2", headers={"Authorization": "Bearer hunter2"}, url="redis://user:hunter2@host/0"
    )
    logging.getLogger("a.library").warning(
        "no answer from redis://:p@hunter2@host:6379/0?sentinel_password=hunter2&db=1"
    )
    text = (tmp_path / "web.log").read_text(encoding="utf-8") + capsys.readouterr().err
    assert "hunter2" not in text
    assert f"redis://user:{MASK}@host/0" in text


def test_an_exception_is_logged_with_its_traceback(tmp_path: Path) -> None:
    configure_logging(Folder(tmp_path), "web")
    try:
        raise ValueError("broken")
    except ValueError:
        structlog.get_logger().exception("failed")
    assert "ValueError: broken" in lines_of(tmp_path / "web.log")[0]["exception"]


def test_a_folder_that_cannot_be_written_costs_the_file_and_not_the_process(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("in the way")
    configure_logging(Folder(blocker / "log"), "web")
    structlog.get_logger().info("still_here")
    assert "still_here" in capsys.readouterr().err
