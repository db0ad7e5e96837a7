"""The events of one reader: bounded, gaps told, an end. Streams of whole rooms are in test_room.py."""

from __future__ import annotations

import pytest

from peer import EventStream, FellBehind, RoomState, StateChanged, StatusChanged
from peer.ids import MessageId

from ..support.rooms import read


def status(number: int) -> StatusChanged:
    return StatusChanged(MessageId(str(number)), "sent")


async def test_reader_that_falls_behind_is_told_where_the_gap_is_and_goes_on() -> None:
    """What was kept, then FellBehind once, then what came after the reader was told."""
    stream = EventStream(limit=2)
    for number in range(5):
        stream.put(status(number))
    assert [await anext(stream), await anext(stream)] == [status(0), status(1)]
    stream.put(status(5))
    with pytest.raises(FellBehind, match="more than 2 events"):
        await anext(stream)
    stream.put(status(6))
    assert await read(stream) == [status(6)]


async def test_end_reaches_a_reader_that_fell_behind() -> None:
    """Though there was no place for the event."""
    stream = EventStream(limit=1)
    stream.put(status(0))
    stream.put(StateChanged(RoomState.LEFT))
    assert await read(stream) == [status(0), "fell behind 1"]


async def test_sink_that_takes_over_is_told_of_the_gap() -> None:
    """What was kept, and that there was more."""
    first, second = EventStream(limit=1), EventStream(limit=5)
    for number in range(2):
        first.put(status(number))
    first.pour_into(second)
    assert await read(second) == [status(0), "fell behind 5"]
