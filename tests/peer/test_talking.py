"""What one can do with the messages of a room, on the network in memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from peer import Config, Message, NotAllowed, Peer, Room, StatusChanged
from peer.testing import Network

from ..support.rooms import next_of


async def pair(network: Network) -> tuple[Room, Room]:
    ann, bob = await network.peer("ann"), await network.peer("bob")
    deck = await ann.create_room("Deck")
    return deck, await bob.join_room(str(deck.invite))


async def test_messages_are_changed_by_those_who_may() -> None:
    """All that can be done with one."""
    async with Network() as network:
        deck, guest = await pair(network)
        heard = guest.events()
        sent = await deck.send("ahoi")
        message = await next_of(heard, Message)
        await sent.edit("ahoy")
        await message.react("👍")
        await message.unreact("👍")
        await sent.pin()
        await sent.unpin()
        with pytest.raises(NotAllowed):
            await message.pin()
        await sent.delete()
        await deck.set_slow_mode(30)
        await deck.set_title("Bridge")
        [now] = [each async for each in deck.history()]
        assert (now.is_deleted, now.text, deck.slow_mode_s, deck.name) == (True, "", 30, "Bridge")


async def test_reading_is_counted_and_told() -> None:
    """The author hears of it."""
    async with Network() as network:
        config = Config(receipts_after_s=0.01)
        ann, bob = await network.peer("ann"), await network.peer("bob", config=config)
        deck = await ann.create_room("Deck")
        guest = await bob.join_room(str(deck.invite))
        heard, told = guest.events(), deck.events()
        await deck.send("ahoy")
        message = await next_of(heard, Message)
        assert guest.unread == 1
        await message.mark_read()
        assert guest.unread == 0
        while (await next_of(told, StatusChanged)).status != "read":
            pass
        assert [message.status async for message in deck.history()] == ["read"]


async def test_what_was_said_is_there_after_a_restart_and_not_told_again(tmp_path: Path) -> None:
    """By those who keep a folder."""
    async with Network() as network:
        deck, _ = await pair(network)
        await deck.send("before")
        for _ in range(2):
            async with Peer(
                "http://memory.invalid", name="cy", data_dir=tmp_path, transport=network.transport("cy")
            ) as cy:
                room = await cy.join_room(str(deck.invite))
                heard = room.events()
                sent = await deck.send("now")
                message = await next_of(heard, Message)
                while message.id != sent.id:
                    assert (message.text, message.arrival) == ("before", "history")
                    message = await next_of(heard, Message)
                assert message.arrival != "history"
                assert [each.text async for each in room.history()][-1] == "before"


async def test_room_is_entered_once() -> None:
    """Whoever joins again, while it is there, gets the same room: nobody speaks twice under one key."""
    async with Network() as network:
        ann = await network.peer("ann")
        deck = await ann.create_room("Deck")
        lobby = await ann.create_room("Lobby", public=True)
        assert await ann.join_room(str(deck.invite)) is deck
        assert await ann.join_room("Lobby") is lobby
