"""The events of a peer on their way to their reader: bounded, gaps told, an end."""

from __future__ import annotations

import asyncio

import pytest

from peer import FellBehind, Invited, PeerEvent, PeerEventStream
from peer.member import Member

from ..support.keys import identity

ANN = Member(id=identity("ann").member_id, name="ann")


def invited(number: int) -> Invited:
    return Invited(str(number), ANN, "http://memory.invalid/j#s3cret")


async def test_events_come_in_order_and_are_done_with_when_the_next_is_asked_for() -> None:
    """The last one is, when there is no other."""
    done: list[PeerEvent] = []
    stream = PeerEventStream(limit=10, on_done=done.append)
    waiting = asyncio.create_task(anext(stream))
    await asyncio.sleep(0)
    for number in range(2):
        stream.put(invited(number))
    assert await waiting == invited(0)
    assert done == []
    assert await anext(stream) == invited(1)
    assert done == [invited(0)]
    stream.end()
    assert [event async for event in stream] == []
    assert done == [invited(0), invited(1)]


async def test_reader_that_falls_behind_is_told_and_goes_on() -> None:
    """Once, after what was kept."""
    stream = PeerEventStream(limit=2, on_done=lambda _: None)
    for number in range(4):
        stream.put(invited(number))
    assert [await anext(stream), await anext(stream)] == [invited(0), invited(1)]
    with pytest.raises(FellBehind, match="more than 2 events"):
        await anext(stream)
    stream.put(invited(4))
    assert await anext(stream) == invited(4)


def test_link_of_an_invitation_is_in_no_repr() -> None:
    """It ends up in logs."""
    assert "s3cret" not in repr(invited(1))
