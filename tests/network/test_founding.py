"""What is settled when a room is made: its title, what newcomers are told, and how much is kept."""

from __future__ import annotations

import pytest

from peer import BadSetting, Message, Peer, Room, TitleChanged
from peer.log.genesis import HistoryPolicy
from peer.testing import Network

from ..support.rooms import linked, next_of


async def enter(peer: Peer, room: Room) -> Room:
    """Linked to whoever is there."""
    entered = await peer.join_room(str(room.invite))
    await linked(entered, room)
    return entered


async def test_title_is_an_event_that_whoever_comes_later_finds() -> None:
    """And no news to those who have heard it in an introduction."""
    async with Network() as network:
        ann, bob, cy = [await network.peer(name) for name in ("ann", "bob", "cy")]
        deck = await ann.create_room("Deck")
        second = await enter(bob, deck)
        heard = second.events()
        await deck.set_title("Bridge")
        assert (await next_of(heard, TitleChanged)).title == "Bridge"
        await deck.leave()
        third = await enter(cy, second)
        later = third.events()
        await second.send("ahoy")
        await next_of(later, Message)
        assert (second.name, third.name) == ("Bridge", "Bridge")


@pytest.mark.parametrize(("history", "texts"), [("all", ["now", "then"]), ("since_join", ["now"]), ("none", ["now"])])
async def test_newcomer_is_told_what_the_founding_says(history: HistoryPolicy, texts: list[str]) -> None:
    async with Network() as network:
        ann, bob, cy = [await network.peer(name) for name in ("ann", "bob", "cy")]
        deck = await ann.create_room("Deck", history=history)
        await enter(bob, deck)
        await deck.send("then")
        third = await enter(cy, deck)
        heard = third.events()
        await deck.send("now")
        while (await next_of(heard, Message)).text != "now":
            pass
        assert [message.text async for message in third.history()] == texts


async def test_nobody_decides_what_a_public_room_keeps() -> None:
    async with Network() as network:
        ann = await network.peer("ann")
        with pytest.raises(BadSetting, match="what a public room keeps"):
            await ann.create_room("Lobby", public=True, history="none")
