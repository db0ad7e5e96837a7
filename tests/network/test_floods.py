"""Whole rooms in memory, in which somebody sends too much."""

from __future__ import annotations

import asyncio
from typing import TypeVar

import pytest

import peer
from peer.testing import Network

RECKLESS = peer.Config(send_burst=100_000, stream_frames_burst=100_000)
STRICT = peer.Config(receive_burst=20, receive_per_s=1.0, stream_frames_burst=20, stream_frames_per_s=1.0)

Kind = TypeVar("Kind")


async def heard(events: peer.EventStream, kind: type[Kind]) -> Kind:
    async with asyncio.timeout(5):
        while not isinstance(event := await anext(events), kind):
            pass
    return event


async def meet(network: Network, ours: peer.Config, theirs: peer.Config) -> tuple[peer.Room, peer.Room]:
    ann, bob = await network.peer("ann", config=ours), await network.peer("bob", config=theirs)
    deck = await ann.create_room("Deck")
    assert deck.invite is not None
    room = await bob.join_room(deck.invite)
    await heard(room.events(), peer.MemberJoined)
    return deck, room


async def test_flood_is_cut_and_both_sides_learn_why() -> None:
    """In one sentence each; what came before it was heard."""
    async with Network() as network:
        deck, room = await meet(network, STRICT, RECKLESS)
        at_ann, at_bob = deck.events(), room.events()
        for number in range(25):
            await room.send(str(number))
        left = await heard(at_ann, peer.MemberLeft)
        assert (left.member.name, left.reason) == ("bob", "flooded")
        assert "more than we take" in left.sentence
        cut = await heard(at_bob, peer.MemberLeft)
        assert (cut.member.name, cut.reason) == ("ann", "cut")
        assert "we sent it too much" in cut.sentence


async def test_flood_of_streams_is_cut() -> None:
    """No kind of frame is free."""
    async with Network() as network:
        deck, room = await meet(network, STRICT, RECKLESS)
        events = deck.events()
        for _ in range(30):
            stream = await room.open_stream(deck.me)
            stream.abort()
            try:
                await room.open_stream(deck.me)
            except peer.LinkFailed:
                break
        assert (await heard(events, peer.MemberLeft)).reason == "flooded"


async def test_bot_that_is_too_fast_waits_for_its_turn() -> None:
    """And is never cut, whatever it does."""
    async with Network() as network:
        config = peer.Config(send_burst=5, send_per_s=100.0, receive_burst=15, receive_per_s=200.0)
        deck, room = await meet(network, config, config)
        events = deck.events()
        began = asyncio.get_running_loop().time()
        await asyncio.gather(*(room.send(str(number)) for number in range(25)))
        assert asyncio.get_running_loop().time() - began >= 0.19
        texts = [(await heard(events, peer.Message)).text for _ in range(25)]
        assert texts == [str(number) for number in range(25)]
        assert any(member.name == "bob" and member.presence == "online" for member in deck.members)


async def test_who_waits_for_its_turn_in_a_room_that_was_left_is_told() -> None:
    async with Network() as network:
        config = peer.Config(send_burst=1, send_per_s=5.0)
        _, room = await meet(network, config, config)
        await room.send("first")
        waiting = asyncio.create_task(room.send("second"))
        await asyncio.sleep(0)
        await room.leave()
        with pytest.raises(peer.NotJoined):
            await waiting
