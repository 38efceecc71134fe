"""Errors that the worker met are raised in the handler as it would meet them in a thread."""

import errno
import json
from pathlib import Path

import pytest

from millrace.errors import DatabaseUnavailable, MillraceError, ValidationFailed
from millrace.files.errors import FileTooLarge
from millrace.jobs.handler import PermanentFailure
from millrace.worker.isolation.carried import WorkerFailed, carried, revive


class OnlyTheWorkerKnowsIt(ValidationFailed):
    """A file is odd."""

    code = "odd_file"


def across(error: Exception) -> Exception:
    return revive(json.loads(json.dumps(carried(error))))


def test_a_permanent_failure_keeps_its_code_and_words() -> None:
    error = across(PermanentFailure("There is no such file.", code="file_not_found"))
    assert isinstance(error, PermanentFailure)
    assert (error.code, error.message) == ("file_not_found", "There is no such file.")


@pytest.mark.parametrize("known", [DatabaseUnavailable(), FileTooLarge(5)])
def test_an_error_of_ours_keeps_its_class(known: MillraceError) -> None:
    error = across(known)
    assert isinstance(error, type(known))
    assert (error.code, error.message) == (known.code, known.message)


def test_a_class_that_only_the_worker_knows_becomes_one_like_it() -> None:
    values = carried(OnlyTheWorkerKnowsIt())
    values["kinds"][0] = "NobodyElseKnowsIt"
    error = revive(values)
    assert isinstance(error, ValidationFailed)
    assert (type(error).__name__, error.code, str(error)) == ("NobodyElseKnowsIt", "odd_file", "A file is odd.")


def test_an_error_of_the_system_keeps_its_number(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as met:
        (tmp_path / "gone").read_bytes()
    error = across(met.value)
    assert isinstance(error, FileNotFoundError)
    assert (error.errno, error.filename) == (errno.ENOENT, str(tmp_path / "gone"))


def test_any_other_error_is_told_by_its_name_and_words() -> None:
    error = across(KeyError("colour"))
    assert isinstance(error, WorkerFailed)
    assert str(error) == "KeyError: 'colour'"
