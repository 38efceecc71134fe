"""What is remembered for a short while is bounded in time and in number."""

from datetime import UTC, datetime, timedelta

from millrace.accounts.memory import ShortMemory


class HandClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def utc_now(self) -> datetime:
        return datetime.fromtimestamp(self.now, UTC)


def test_a_value_is_forgotten_when_its_time_is_over() -> None:
    clock = HandClock()
    memory: ShortMemory[str, int] = ShortMemory(clock, timedelta(seconds=30), 10)
    memory.put("a", 1)
    clock.now = 29.9
    assert memory.get("a") == 1
    clock.now = 30
    assert memory.get("a") is None


def test_looking_doesnt_prolong() -> None:
    clock = HandClock()
    memory: ShortMemory[str, int] = ShortMemory(clock, timedelta(seconds=30), 10)
    memory.put("a", 1)
    clock.now = 20
    memory.get("a")
    clock.now = 31
    assert memory.get("a") is None


def test_the_oldest_makes_room() -> None:
    memory: ShortMemory[int, int] = ShortMemory(HandClock(), timedelta(seconds=30), 3)
    for number in range(5):
        memory.put(number, number)
    assert [memory.get(number) for number in range(5)] == [None, None, 2, 3, 4]


def test_values_are_forgotten_on_demand() -> None:
    memory: ShortMemory[str, int] = ShortMemory(HandClock(), timedelta(seconds=30), 10)
    memory.put("a", 1)
    memory.put("b", 2)
    memory.forget_where(lambda value: value == 1)
    assert (memory.get("a"), memory.get("b")) == (None, 2)
