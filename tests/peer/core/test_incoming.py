"""One stream that we are sent."""

from __future__ import annotations

import pytest

from peer.core.incoming import Incoming
from peer.core.machine import LinkId
from peer.errors import UnexpectedFrame
from peer.ids import MemberId, PeerId
from peer.wire.frames import StreamCredit, StreamOpen


def a_stream() -> Incoming:
    opened = StreamOpen(7, "a", None)
    return Incoming(LinkId(PeerId("z-bob"), b"attempt."), MemberId("bob"), opened, give_up_at=30.0)


def test_credit_comes_in_halves_of_a_window() -> None:
    """A reader who takes little bites does not answer each."""
    stream = a_stream()
    assert stream.maybe_credit(10) == StreamCredit(7, 0, 10)
    for data in (b"abcd", b"efgh"):
        stream.receive(data)
    assert stream.maybe_take() == b"abcd"
    assert stream.maybe_credit(10) is None
    assert stream.maybe_take() == b"efgh"
    assert stream.maybe_take() is None
    assert stream.maybe_credit(10) == StreamCredit(7, 8, 18)
    assert stream.taken_bytes == 8


def test_more_than_the_window_is_refused() -> None:
    stream = a_stream()
    with pytest.raises(UnexpectedFrame):
        stream.receive(b"a")
    stream = a_stream()
    stream.maybe_credit(2)
    stream.receive(b"ab")
    with pytest.raises(UnexpectedFrame):
        stream.receive(b"c")


def test_end_is_the_end() -> None:
    """Read once the last chunk is taken; nothing follows, and no more credit is given."""
    stream, changes = a_stream(), []
    stream.on_change = lambda: changes.append(stream.is_ended)
    stream.maybe_credit(10)
    stream.receive(b"abcdefgh")
    stream.end()
    assert not stream.is_read
    stream.maybe_take()
    assert stream.is_read
    assert stream.maybe_credit(10) is None
    with pytest.raises(UnexpectedFrame):
        stream.receive(b"i")
    assert changes == [False, True]


def test_broken_stream_holds_nothing() -> None:
    """The first reason counts; what still comes of a stopped one is passed over."""
    stream = a_stream()
    stream.maybe_credit(10)
    stream.receive(b"ab")
    stream.stop("enough")
    stream.receive(b"cd")
    stream.break_off("lost")
    assert (stream.broken, stream.maybe_take(), stream.is_stopped) == ("enough", None, True)


def test_stream_is_idle_if_it_brings_next_to_nothing_while_watched() -> None:
    """Unless something waits to be read; before it is watched it is not."""
    stream = a_stream()
    stream.maybe_credit(4000)
    assert not stream.is_idle
    stream.watch()
    assert stream.is_idle
    stream.receive(bytes(1023))
    assert not stream.is_idle
    stream.maybe_take()
    assert stream.is_idle
    stream.receive(b"x")
    stream.maybe_take()
    assert not stream.is_idle
    stream.watch()
    assert stream.is_idle
