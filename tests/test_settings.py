"""What may be set, within which bounds, and what is said of the rest."""

from datetime import timedelta

import pytest

from millrace.errors import ConfigurationError
from millrace.settings import load_settings

COUNTS = [("WORKER_PROCESSES", "worker_processes", 64), ("WORKER_THREADS", "worker_threads", 256)]
KEPT = {"MILLRACE_KEEP_COMPLETED_DAYS": 7, "MILLRACE_KEEP_FAILED_DAYS": 36_525, "MILLRACE_KEEP_CANCELLED_DAYS": 1}


def test_a_worker_is_one_process_of_eight_threads_that_serves_every_queue() -> None:
    settings = load_settings({})
    assert (settings.worker_processes, settings.worker_threads, settings.worker_queues) == (1, 8, ())


@pytest.mark.parametrize(("name", "field", "most"), COUNTS)
def test_processes_and_threads_are_taken_up_to_their_bounds(name: str, field: str, most: int) -> None:
    for number in (1, most):
        assert getattr(load_settings({f"MILLRACE_{name}": f" {number} "}), field) == number


@pytest.mark.parametrize(("name", "field", "most"), COUNTS)
@pytest.mark.parametrize("wrong", ["0", "-1", "1.5", "many", "1e3", None])
def test_a_number_that_doesnt_fit_is_told_with_its_bounds(name: str, field: str, most: int, wrong: str | None) -> None:
    del field
    text = wrong or str(most + 1)
    with pytest.raises(ConfigurationError) as raised:
        load_settings({f"MILLRACE_{name}": text})
    assert raised.value.message == f"MILLRACE_{name} must be a whole number from 1 to {most}, not {text!r}"


@pytest.mark.parametrize("text", ["images,mail", " images, mail ", "images mail", ",images,,mail,"])
def test_queues_are_named_by_commas_or_spaces(text: str) -> None:
    assert load_settings({"MILLRACE_WORKER_QUEUES": text}).worker_queues == ("images", "mail")


@pytest.mark.parametrize("text", ["", " ", ","])
def test_no_name_of_a_queue_means_every_queue(text: str) -> None:
    assert load_settings({"MILLRACE_WORKER_QUEUES": text}).worker_queues == ()


def test_finished_jobs_are_kept_for_whole_days_by_state() -> None:
    settings = load_settings({name: str(days) for name, days in KEPT.items()})
    kept = (settings.keep_completed, settings.keep_failed, settings.keep_cancelled)
    assert kept == tuple(timedelta(days=days) for days in KEPT.values())


@pytest.mark.parametrize("name", KEPT)
@pytest.mark.parametrize("days", ["0", "-1", "1.5", "for ever", "36526"])
def test_days_that_could_be_none_or_all_are_refused(name: str, days: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{name} must be a whole number from 1 to 36525"):
        load_settings({name: days})
