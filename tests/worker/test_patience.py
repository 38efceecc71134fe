"""The database is asked again until it answers, or the process must end."""

import threading

import pytest
from structlog.testing import capture_logs

from millrace.errors import DatabaseUnavailable
from millrace.worker.patience import Patience, ProcessEnds


def test_work_is_repeated_until_the_database_answers_and_the_outage_is_told_once() -> None:
    failures = iter([DatabaseUnavailable(), DatabaseUnavailable(), None])

    def work() -> str:
        if error := next(failures):
            raise error
        return "done"

    with capture_logs() as logs:
        assert Patience().until_answered(work) == "done"
    assert [line["event"] for line in logs] == ["database_away"]


def test_other_errors_are_not_repeated() -> None:
    def work() -> None:
        raise ValueError("a bug")

    with pytest.raises(ValueError, match="a bug"):
        Patience().until_answered(work)


def test_a_process_that_must_end_waits_no_longer() -> None:
    patience = Patience()

    def work() -> None:
        threading.Timer(0.01, patience.end).start()
        raise DatabaseUnavailable

    with pytest.raises(ProcessEnds):
        patience.until_answered(work)
