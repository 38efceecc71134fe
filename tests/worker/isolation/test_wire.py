"""Frames arrive whole, in order and with their descriptors, or the channel says that it is lost."""

import os
import socket
import struct
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from millrace.worker.isolation.wire import MAX_FRAME_BYTES, Channel, ChannelLost, pair

Ends = tuple[socket.socket, socket.socket]


@pytest.fixture
def ends() -> Iterator[Ends]:
    ours, theirs = pair()
    with ours, theirs:
        yield ours, theirs


@pytest.fixture
def near(ends: Ends) -> Channel:
    return Channel(ends[0], patience_seconds=0.1)


@pytest.fixture
def far(ends: Ends) -> Channel:
    return Channel(ends[1], takes_descriptors=True)


def header(length: int, descriptors: int = 0) -> bytes:
    return struct.pack(">IB", length, descriptors)


def test_frames_arrive_in_order_with_all_that_python_can_say(near: Channel, far: Channel) -> None:
    said: list[dict[str, Any]] = [
        {"number": 2**80},
        {"text": "ü \ud800 \x00"},
        {"fraction": float("inf"), "nothing": None},
    ]
    for values in said:
        near.send("said", values)
    frames = [far.receive(1) for _ in said]
    assert [(frame.kind, frame.values) for frame in frames if frame is not None] == [
        ("said", values) for values in said
    ]
    assert far.receive(0) is None


def test_a_large_frame_arrives_in_pieces_while_others_are_sent(near: Channel, far: Channel) -> None:
    text = "x" * (MAX_FRAME_BYTES - 100)
    patient = Channel(socket.socket(fileno=os.dup(near.fileno())))
    sender = threading.Thread(target=patient.send, args=("large", {"text": text}))
    sender.start()
    frame = far.receive(None)
    sender.join()
    patient.close()
    assert frame is not None
    assert frame.values["text"] == text


def test_what_comes_slowly_holds_up_nobody_who_has_something_else_to_do(ends: Ends, far: Channel) -> None:
    body = b'["slow", {}]'
    ends[0].send(header(len(body)) + body[:5])
    assert far.receive(10) is None
    ends[0].send(body[5:])
    frame = far.receive(10)
    assert frame is not None
    assert frame.kind == "slow"


def test_a_descriptor_arrives_with_its_own_frame_and_is_closed_on_exec(near: Channel, far: Channel) -> None:
    pipes = [os.pipe() for _ in range(3)]
    for number, (_, written) in enumerate(pipes):
        near.send("without", {})
        near.send("with", {"number": number}, written)
    for number, (read, written) in enumerate(pipes):
        without, with_one = far.receive(1), far.receive(1)
        assert without is not None
        assert with_one is not None
        assert without.descriptor is None
        assert with_one.values == {"number": number}
        assert with_one.descriptor is not None
        assert not os.get_inheritable(with_one.descriptor)
        os.write(with_one.descriptor, b"through")
        assert os.read(read, 100) == b"through"
        for descriptor in (read, written, with_one.descriptor):
            os.close(descriptor)


def test_an_end_that_takes_no_descriptors_is_given_none(near: Channel, far: Channel) -> None:
    before = len(os.listdir("/proc/self/fd"))
    far.send("take this", {}, 0)
    with pytest.raises(ChannelLost):
        near.receive(1)
    assert len(os.listdir("/proc/self/fd")) == before


def test_the_end_comes_after_all_that_was_said(near: Channel, far: Channel) -> None:
    near.send("last", {})
    near.close()
    frame = far.receive(1)
    assert frame is not None
    assert frame.kind == "last"
    with pytest.raises(ChannelLost):
        far.receive(1)


def test_what_was_said_is_heard_though_nobody_listens_any_more(near: Channel, far: Channel) -> None:
    far.send("outcome", {})
    far.close()
    with pytest.raises(ChannelLost):
        near.send("stop", {})
    frame = near.receive(1)
    assert frame is not None
    assert frame.kind == "outcome"


def test_whoever_does_not_listen_is_waited_for_so_long_and_no_longer(near: Channel) -> None:
    with pytest.raises(ChannelLost):
        near.send("unheard", {"text": "x" * (MAX_FRAME_BYTES - 100)})


def test_a_frame_that_is_too_large_is_not_sent(near: Channel, far: Channel) -> None:
    with pytest.raises(ValueError, match="bytes"):
        near.send("large", {"text": "x" * MAX_FRAME_BYTES})
    near.send("small", {})
    frame = far.receive(1)
    assert frame is not None
    assert frame.kind == "small"


@pytest.mark.parametrize(
    "garbage",
    [
        header(MAX_FRAME_BYTES + 1),
        header(2, 1) + b"[]",
        header(2, 9) + b"[]",
        header(2) + b"[]",
        header(4) + b"\xff\xff\xff\xff",
        header(6) + b"[1, 2]",
        header(4) + b'"ab"',
    ],
)
def test_what_makes_no_sense_loses_the_channel(ends: Ends, far: Channel, garbage: bytes) -> None:
    ends[0].send(garbage)
    with pytest.raises(ChannelLost):
        far.receive(1)
