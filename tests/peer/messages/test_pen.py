"""Each number is given once."""

from __future__ import annotations

import msgspec

from peer.log.event import EventId, hlc_at, is_signed
from peer.messages.bodies import Delete, Text
from peer.messages.pen import Pen, PenState
from peer.messages.said import Said

from ...support.keys import Chance, identity
from .desks import NOW_MS, PUBLIC_ROOM


def pen(state: PenState | None = None, process: int = 0) -> Pen:
    return Pen(identity("ann"), PUBLIC_ROOM, Chance(f"pen {process}"), state or PenState())


def write(pen: Pen, text: str = "a", *, now_ms: int = NOW_MS, ref: Said | None = None, auth_hlc: int = 0) -> Said:
    place = ref.place if ref is not None else None
    return pen.write(
        Text(text) if ref is None else Delete(), auth=EventId(b""), auth_hlc=auth_hlc, ref=place, now_ms=now_ms
    )


def test_log_is_contiguous_and_signed() -> None:
    ours = pen()
    first, second = write(ours), write(ours)
    assert (first.seq, second.seq) == (1, 2)
    assert second.event.header.prev == first.id
    assert first.log == second.log == ours.log
    assert is_signed(second.event, room_id=PUBLIC_ROOM)


def test_clock_rises_though_ours_stands_still_or_falls() -> None:
    """DESIGN, section 7, 10: and an answer comes after what it is about, whoever's clock is ahead."""
    ours = pen()
    first = write(ours)
    assert first.hlc == hlc_at(NOW_MS)
    assert write(ours).hlc == first.hlc + 1
    assert write(ours, now_ms=NOW_MS - 5000).hlc == first.hlc + 2
    assert write(ours, auth_hlc=hlc_at(NOW_MS + 50)).hlc == hlc_at(NOW_MS + 50) + 1
    ahead = write(pen(process=1), now_ms=NOW_MS + 90_000)
    assert write(ours, ref=ahead).hlc > ahead.hlc


def test_state_outlives_the_process() -> None:
    ours = pen()
    first = write(ours)
    kept = msgspec.msgpack.decode(msgspec.msgpack.encode(ours.state), type=PenState)
    second = write(pen(kept, process=1), now_ms=NOW_MS - 999)
    assert (second.log, second.seq, second.event.header.prev) == (first.log, 2, first.id)
    assert second.hlc > first.hlc


def test_another_log_is_begun_behind_the_clock_of_the_last() -> None:
    ours = pen()
    first = write(ours)
    ours.begin_log()
    second = write(ours, now_ms=NOW_MS - 999)
    assert second.seq == 1
    assert second.log != first.log
    assert second.hlc > first.hlc
