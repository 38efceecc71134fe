"""The link between a worker and its process: neither keeps the other waiting, and neither's word is lost at the end."""

import socket
from collections.abc import Iterator

import pytest

from millrace.worker.link import LinkEnd, Message
from tests.waiting import wait_until


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    yield ours, theirs
    ours.close()
    theirs.close()


def test_what_is_said_is_heard_in_order_and_the_end_is_told(ends: tuple[socket.socket, socket.socket]) -> None:
    heard: list[Message] = []
    ended: list[bool] = []
    speaker = LinkEnd(ends[0], heard.append, lambda: None)
    listener = LinkEnd(ends[1], heard.append, lambda: ended.append(True))
    listener.start()
    for number in range(100):
        assert speaker.send({"ask": number})
    speaker.close()
    wait_until(lambda: bool(ended), message="the end to be told")
    assert heard == [{"ask": number} for number in range(100)]


def test_an_end_that_hears_nothing_keeps_nobody_waiting(ends: tuple[socket.socket, socket.socket]) -> None:
    speaker = LinkEnd(ends[0], lambda _: None, lambda: None)
    said = [speaker.send({"cancelled": ["x" * 1000]}) for _ in range(5_000)]
    assert said[0]
    assert not said[-1]


def test_a_line_that_was_cut_short_is_never_misread(ends: tuple[socket.socket, socket.socket]) -> None:
    heard: list[Message] = []
    long, short = {"cancelled": ["x" * 1000]}, {"quiet": True}
    speaker = LinkEnd(ends[0], lambda _: None, lambda: None)
    listener = LinkEnd(ends[1], heard.append, lambda: None)
    while speaker.send(long):
        pass
    listener.start()
    wait_until(lambda: bool(heard))
    speaker.send(short)
    speaker.close()
    listener.join()
    assert all(message in (long, short) for message in heard)
