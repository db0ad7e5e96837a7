"""Streams of one link: numbers, turns, credit, and what the other side may cost us."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from peer.config import Config
from peer.core.lane import Lane, lane_of
from peer.core.machine import LinkId
from peer.core.outgoing import Outgoing
from peer.errors import Flooded, UnexpectedFrame
from peer.ids import MemberId, PeerId
from peer.wire.frames import (
    MAX_CHUNK_BYTES,
    StreamCredit,
    StreamData,
    StreamDone,
    StreamEnd,
    StreamFrame,
    StreamOpen,
    StreamReset,
    StreamStop,
)

LINK = LinkId(PeerId("z-bob"), b"attempt.")
FULL = MAX_CHUNK_BYTES


def a_lane(**settings: float) -> Lane:
    return lane_of(LINK, MemberId("bob"), config=Config(**settings), now=0.0)  # type: ignore[arg-type]


def pulled(lane: Lane, *, now: float = 0.0) -> list[StreamFrame]:
    """All that may leave now."""
    frames: list[StreamFrame] = []
    while frame := lane.maybe_next(now=now):
        frames.append(frame)
    return frames


def opened(lane: Lane, data: bytes = b"", *, limit: int = 1 << 30) -> Outgoing:
    """A stream of ours whose reader lets us send."""
    stream = lane.open("a", None)
    [frame] = pulled(lane)
    assert isinstance(frame, StreamOpen)
    lane.receive(StreamCredit(frame.number, 0, limit), now=0.0)
    stream.write(data)
    return stream


def heard(lane: Lane, frames: Iterable[StreamFrame], *, now: float = 0.0) -> None:
    for frame in frames:
        lane.receive(frame, now=now)


def test_nothing_is_sent_before_somebody_reads() -> None:
    """A stream begins without credit."""
    lane = a_lane()
    stream = lane.open("photo.png", 3)
    stream.write(b"abc")
    stream.is_finishing = True
    assert pulled(lane) == [StreamOpen(0, "photo.png", 3)]
    assert not lane.has_more
    lane.receive(StreamCredit(0, 0, 2), now=0.0)
    assert lane.has_more
    assert pulled(lane) == [StreamData(0, b"ab")]
    lane.receive(StreamCredit(0, 2, 4), now=0.0)
    assert pulled(lane) == [StreamData(0, b"c"), StreamEnd(0)]
    assert stream.acknowledged_bytes == 2
    lane.receive(StreamDone(0), now=0.0)
    assert (stream.is_done, stream.acknowledged_bytes, lane.outgoing) == (True, 3, ())


def test_streams_take_turns_by_chunk() -> None:
    """A large stream holds up no other one."""
    lane = a_lane()
    large, small = opened(lane), opened(lane)
    large.write(bytes(3 * FULL))
    small.write(bytes(FULL))
    numbers = [frame.number for frame in pulled(lane)]
    assert sorted(numbers) == [0, 0, 0, 1]
    assert numbers.index(1) < 2


def test_pieces_are_cut_and_joined_to_chunks() -> None:
    """However a program writes, the wire sees chunks of 16 KiB."""
    lane = a_lane()
    stream = opened(lane)
    for piece in (b"a" * 10, b"b" * FULL, b"", b"c" * 6):
        stream.write(piece)
    stream.is_finishing = True
    frames = pulled(lane)
    sizes = [len(frame.data) for frame in frames if isinstance(frame, StreamData)]
    assert sizes == [FULL, 16]
    assert (
        b"".join(frame.data for frame in frames if isinstance(frame, StreamData)) == b"a" * 10 + b"b" * FULL + b"c" * 6
    )


def test_small_chunks_wait_for_company() -> None:
    """Many little pieces leave at the pace that the other side has to bear; full chunks go past them."""
    lane = a_lane(stream_frames_burst=20, stream_frames_per_s=200.0)
    little, large = opened(lane), opened(lane)
    sent = 0
    while True:
        little.write(b"x")
        if not pulled(lane):
            break
        sent += 1
    assert sent == 2  # ten, less four for each stream
    assert lane.retry_at == pytest.approx(0.01)
    assert not lane.has_more
    large.write(bytes(FULL))
    assert lane.has_more
    assert [frame.number for frame in pulled(lane)] == [1]
    little.write(b"yz")
    lane.retry_at = None
    assert pulled(lane, now=0.01) == [StreamData(0, b"xyz")]


def test_reset_tells_the_reader_once() -> None:
    """A stream that was given up before it was told of is told of never."""
    lane = a_lane()
    unseen, seen = lane.open("a", None), lane.open("b", None)
    lane.reset(unseen, "no")
    assert (unseen.broken, lane.said) == ("no", [])
    assert pulled(lane) == [StreamOpen(0, "b", None)]
    lane.reset(seen, "enough")
    lane.reset(seen, "again")
    assert lane.said == [StreamReset(0, "enough")]
    heard(lane, [StreamCredit(0, 0, 5), StreamDone(0), StreamStop(0, "crossed")])
    assert lane.said == [StreamReset(0, "enough")]


def test_stop_ends_the_writer_and_is_confirmed() -> None:
    """So that the reader knows that nothing of it is on its way any more."""
    lane = a_lane()
    stream = opened(lane, b"abc")
    lane.receive(StreamStop(0, "refused"), now=0.0)
    assert (stream.broken, stream.unsent_bytes, stream.is_over) == ("refused", 0, True)
    assert lane.said == [StreamReset(0, "given up")]
    ended = opened(lane)
    ended.is_finishing = True
    assert pulled(lane) == [StreamEnd(1)]
    lane.receive(StreamStop(1, "late"), now=0.0)
    assert (ended.broken, len(lane.said)) == ("late", 1)


@pytest.mark.parametrize(
    "frames",
    [
        [StreamOpen(1, "", None)],
        [StreamOpen(0, "", None), StreamOpen(0, "", None)],
        [StreamData(0, b"x")],
        [StreamEnd(0)],
        [StreamReset(0, "")],
        [StreamOpen(0, "", None), StreamData(0, b"x")],
        [StreamOpen(0, "", None), StreamEnd(0), StreamData(0, b"x")],
        [StreamCredit(1, 0, 5)],
        [StreamDone(1)],
        [StreamStop(1, "")],
        [StreamDone(0)],
        [StreamCredit(0, 4, 9)],
        [StreamCredit(0, 1, 9), StreamCredit(0, 0, 9)],
        [StreamCredit(0, 0, 9), StreamCredit(0, 0, 8)],
    ],
    ids=str,
)
def test_violation_ends_the_link(frames: list[StreamFrame]) -> None:
    """Numbers out of turn, data that nobody asked for, credit for what was never sent."""
    lane = a_lane()
    lane.open("ours", None).write(b"abc")
    pulled(lane)
    lane.receive(StreamCredit(0, 0, 3), now=0.0)
    pulled(lane)
    with pytest.raises(UnexpectedFrame):
        heard(lane, frames)


def test_more_streams_than_allowed_are_refused() -> None:
    """At once, and without a trace; a refused stream may still end."""
    lane = a_lane(max_incoming_streams=1)
    assert lane.receive(StreamOpen(0, "", None), now=0.0) is not None
    assert lane.receive(StreamOpen(1, "", None), now=0.0) is None
    assert lane.said == [StreamStop(1, "full")]
    heard(lane, [StreamEnd(1), StreamReset(1, "given up")])
    assert list(lane.incoming) == [0]
    with pytest.raises(UnexpectedFrame):
        lane.receive(StreamData(1, b"x"), now=0.0)


def test_stopped_stream_keeps_its_place_until_that_is_confirmed() -> None:
    """What is on its way is passed over, within the credit it had."""
    lane = a_lane()
    stream = lane.receive(StreamOpen(0, "", None), now=0.0)
    assert stream is not None
    stream.maybe_credit(100)
    lane.stop(stream, "enough")
    lane.stop(stream, "again")
    assert (lane.said, stream.broken) == ([StreamStop(0, "enough")], "enough")
    lane.receive(StreamData(0, bytes(60)), now=0.0)
    assert stream.maybe_take() is None
    with pytest.raises(UnexpectedFrame):
        lane.receive(StreamData(0, bytes(60)), now=0.0)
    lane.receive(StreamEnd(0), now=0.0)
    assert not lane.incoming
    lane.stop(stream, "too late")
    assert len(lane.said) == 1


def test_stop_after_the_end_needs_no_confirmation() -> None:
    lane = a_lane()
    stream = lane.receive(StreamOpen(0, "", None), now=0.0)
    lane.receive(StreamEnd(0), now=0.0)
    assert stream is not None
    lane.stop(stream, "enough")
    assert not lane.incoming


def test_no_frame_is_free() -> None:
    """Little chunks, credits that say nothing new, streams that begin and end: all from one allowance."""
    lane = a_lane(stream_frames_burst=10, stream_frames_per_s=1.0)
    stream = opened(lane, bytes(2 * FULL))
    pulled(lane)
    lane.receive(StreamCredit(0, FULL, 1 << 30), now=0.0)  # for a chunk that was read: earned
    heard(lane, [StreamCredit(0, FULL + 1, 1 << 30)] * 9)
    assert stream.acknowledged_bytes == FULL + 1
    with pytest.raises(Flooded):
        lane.receive(StreamStop(0, ""), now=0.0)
    lane.receive(StreamStop(0, ""), now=1.0)


def test_full_chunks_are_free() -> None:
    """Our credit bounds them."""
    lane = a_lane(stream_frames_burst=2)
    stream = lane.receive(StreamOpen(0, "", None), now=0.0)
    assert stream is not None
    stream.maybe_credit(1 << 20)
    heard(lane, [StreamData(0, bytes(1024))] * 100)
    assert stream.maybe_take() == bytes(1024)


def test_honest_pace_is_within_what_is_allowed() -> None:
    """Two sides that open streams and write little pieces as fast as they can never end their link."""
    left, right = a_lane(stream_frames_burst=100), a_lane(stream_frames_burst=100)
    done = 0
    for step in range(500):
        now = step / 100
        for lane in (left, right):
            lane.retry_at = None
            if step % 2 == 0:
                lane.open("", None).write(b"x")
            for stream in lane.outgoing:
                stream.is_finishing = True
        for lane, other in ((left, right), (right, left)):
            for frame in [*pulled(lane, now=now), *lane.said]:
                if incoming := other.receive(frame, now=now):
                    if credit := incoming.maybe_credit(100):
                        other.said.append(credit)
                    incoming.maybe_take()
                    if incoming.is_read:
                        other.finish(incoming)
                        done += 1
            lane.said.clear()
    assert 50 < done < 500


def test_end_of_the_link_breaks_all() -> None:
    """Both ways; what waits is gone."""
    lane = a_lane()
    ours, theirs = lane.open("", None), lane.receive(StreamOpen(0, "", None), now=0.0)
    assert theirs is not None
    lane.break_off("lost")
    assert (ours.broken, theirs.broken, lane.outgoing, lane.incoming) == ("lost", "lost", (), {})


def test_sender_gives_up() -> None:
    """The reader hears why, and the place is free."""
    lane = a_lane()
    stream = lane.receive(StreamOpen(0, "", None), now=0.0)
    assert lane.receive(StreamReset(0, "no more"), now=0.0) is stream
    assert stream is not None
    assert (stream.broken, lane.incoming) == ("no more", {})


def test_small_chunks_are_not_free() -> None:
    """Credit alone would allow half a million of them."""
    lane = a_lane(stream_frames_burst=10)
    stream = lane.receive(StreamOpen(0, "", None), now=0.0)
    assert stream is not None
    stream.maybe_credit(1 << 20)
    heard(lane, [StreamData(0, bytes(1023))] * 9)
    with pytest.raises(Flooded):
        lane.receive(StreamData(0, b"x"), now=0.0)
