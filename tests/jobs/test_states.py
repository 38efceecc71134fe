"""The table of moves says what the product promises."""

from millrace.jobs.states import FINISHED, MOVES, UNFINISHED, JobState, Verb, is_allowed


def test_every_verb_has_its_moves() -> None:
    assert set(MOVES) == set(Verb)


def test_only_a_person_moves_a_finished_job() -> None:
    assert {verb for verb in Verb for state in FINISHED if is_allowed(verb, state)} == {Verb.REQUEUE}


def test_every_unfinished_job_can_be_cancelled() -> None:
    assert all(is_allowed(Verb.CANCEL, state) for state in UNFINISHED)


def test_every_state_can_be_reached() -> None:
    assert frozenset().union(*(move.ends for move in MOVES.values())) == frozenset(JobState)
