"""One stream that we write; that its frames keep to the rules is tested in `test_lane`."""

from __future__ import annotations

import pytest

from peer.core.machine import LinkId
from peer.core.outgoing import Outgoing
from peer.errors import UnexpectedFrame
from peer.ids import PeerId
from peer.wire.frames import MAX_CHUNK_BYTES, StreamCredit, StreamData, StreamEnd, StreamOpen


def a_stream() -> Outgoing:
    return Outgoing(LinkId(PeerId("z-bob"), b"attempt."), label="a", size=5)


def test_life_of_a_stream() -> None:
    """Opened, sent as far as credit goes, ended, read."""
    stream, changes = a_stream(), []
    stream.on_change = lambda: changes.append(stream.unsent_bytes)
    assert stream.take_open(7) == StreamOpen(7, "a", 5)
    for piece in (b"abc", b"", b"de"):
        stream.write(piece)
    assert stream.sendable_bytes == 0
    assert stream.receive_credit(StreamCredit(7, 0, 4)) == 0
    assert stream.take_chunk() == StreamData(7, b"abcd")
    stream.is_finishing = True
    assert not stream.is_end_due
    assert stream.receive_credit(StreamCredit(7, 4, 9)) == 4
    assert stream.take_chunk() == StreamData(7, b"e")
    assert stream.is_end_due
    with pytest.raises(UnexpectedFrame):
        stream.receive_done()
    assert stream.take_end() == StreamEnd(7)
    stream.receive_done()
    stream.break_off("too late")
    assert (stream.is_over, stream.broken, stream.acknowledged_bytes) == (True, None, 5)
    assert changes == [5, 1, 1, 0, 0]


def test_chunk_is_never_larger_than_the_wire_takes() -> None:
    stream = a_stream()
    stream.take_open(0)
    stream.receive_credit(StreamCredit(0, 0, 1 << 40))
    stream.write(bytes(MAX_CHUNK_BYTES + 1))
    assert [len(stream.take_chunk().data) for _ in range(2)] == [MAX_CHUNK_BYTES, 1]


@pytest.mark.parametrize("credit", [StreamCredit(0, 3, 9), StreamCredit(0, 0, 9), StreamCredit(0, 1, 1)], ids=str)
def test_impossible_credit_is_refused(credit: StreamCredit) -> None:
    """For more than was sent, or less than was said before; it changes nothing."""
    stream = a_stream()
    stream.take_open(0)
    stream.write(b"abc")
    stream.receive_credit(StreamCredit(0, 0, 2))
    stream.take_chunk()
    stream.receive_credit(StreamCredit(0, 1, 2))
    with pytest.raises(UnexpectedFrame):
        stream.receive_credit(credit)
    assert (stream.acknowledged_bytes, stream.sendable_bytes) == (1, 0)


def test_broken_stream_holds_nothing() -> None:
    """The first reason counts."""
    stream = a_stream()
    stream.write(b"abc")
    stream.break_off("lost")
    stream.break_off("again")
    assert (stream.broken, stream.unsent_bytes, stream.is_over) == ("lost", 0, True)
