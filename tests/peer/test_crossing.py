"""What goes from one room to another: members added to groups, and what is told to whoever listens to the peer."""

from __future__ import annotations

import asyncio

import pytest

from peer import BadSetting, Config, Invited, LinkFailed, MessageArrived, NotJoined, Peer, RoomState
from peer.ids import RoomId
from peer.testing import Network
from peer.wire.aside_frames import RoomInvite

from ..support.directs import HASTY, meet, opened, texts, until


async def invited(one: Peer) -> Invited:
    async with asyncio.timeout(3):
        async for event in one.events():
            if isinstance(event, Invited):
                return event
    raise AssertionError("the stream ended")


async def test_member_is_added_to_a_group_and_joins_it() -> None:
    """Nobody copies a link: it is told who wants it there, and is a member when it comes."""
    async with Network() as network, opened(network, "ann") as ann, opened(network, "bob") as bob:
        deck, _ = await meet(ann, bob)
        crew = await ann.create_room("Crew", approve=True)
        asked = asyncio.create_task(invited(bob))
        await asyncio.sleep(0)
        await crew.add(deck.members[1])
        event = await asked
        assert (event.title, event.by.name) == ("Crew", "ann")
        inside = await bob.join_room(event.invite)
        assert (inside.state, inside.room_id) == (RoomState.JOINED, crew.room_id)
        await crew.send("welcome")
        await until(lambda: inside.unread)
        assert (await texts(inside), inside.name) == (["welcome"], "Crew")
        assert inside.invite is None
        await crew.kick(bob.id)
        await until(lambda: inside.state is RoomState.LEFT)


async def test_plain_member_hands_on_the_open_invite() -> None:
    """Where there is one."""
    async with Network() as network, opened(network, "ann") as ann, opened(network, "bob") as bob:
        cy = await network.peer("cy", config=HASTY)
        await meet(ann, bob, cy)
        crew = await ann.create_room("Crew")
        bobs = await bob.join_room(str(crew.invite))
        await until(lambda: bobs.is_linked_to(ann.id) and crew.is_linked_to(bob.id))
        asked = asyncio.create_task(invited(cy))
        await asyncio.sleep(0)
        await bobs.add(cy.id)
        event = await asked
        assert event.by.name == "bob"
        assert (await cy.join_room(event.invite)).state is RoomState.JOINED


async def test_member_that_is_added_again_hears_of_it_until_it_is_in() -> None:
    """It may have missed it; who is inside already is not told."""
    async with Network() as network, opened(network, "ann") as ann, opened(network, "bob") as bob:
        await meet(ann, bob)
        crew = await ann.create_room("Crew")
        news = bob.events()
        for _ in range(2):
            await crew.add(bob.id)
        links = [event.invite for event in (await anext(news), await anext(news)) if isinstance(event, Invited)]
        inside = await bob.join_room(links[1])
        await crew.add(bob.id)
        await until(lambda: inside.is_linked_to(ann.id))
        bob._crossing.close()
        assert [event async for event in news] == []


async def test_invitation_is_followed_unasked_by_a_setting() -> None:
    """As a bot may want to; one that leads nowhere is only told in the log."""
    config = Config(join_when_invited=True, receipts_after_s=0.01)
    async with Network() as network, opened(network, "ann") as ann, opened(network, "bot", config=config) as bot:
        deck, _ = await meet(ann, bot)
        deck.tell(bot.id, RoomInvite("\u200b", RoomId(b"n" * 32), b"s" * 16, b"i" * 16))
        crew = await ann.create_room("Crew")
        await crew.add(bot.id)
        await until(lambda: [room.name for room in bot.rooms if room.state is RoomState.JOINED] == ["Deck", "Crew"])


async def test_rooms_that_are_entered_unasked_are_bounded() -> None:
    """Whoever shares a room with us may invite us to any number; who asks for more is told, and left alone."""
    config = Config(join_when_invited=True, max_unasked_rooms=2, receipts_after_s=0.01)
    async with Network() as network, opened(network, "eve") as eve, opened(network, "bot", config=config) as bot:
        await meet(eve, bot, where="Lobby")
        crews = [await eve.create_room(f"Crew {number}") for number in range(4)]
        news = bot.events()
        for crew in crews:
            await crew.add(bot.id)
        told = [await anext(news) for _ in crews]
        assert all(isinstance(event, Invited) for event in told)
        await until(lambda: len([room for room in bot.rooms if room.state is RoomState.JOINED]) == 3)
        await bot.rooms[-1].leave()
        more = await eve.create_room("More")
        await more.add(bot.id)
        await until(lambda: more.is_linked_to(bot.id))
        assert len(bot.rooms) <= 4


async def test_who_cannot_be_added_is_said_and_why() -> None:
    """Each sentence says what to do instead."""
    async with Network() as network, opened(network, "ann") as ann, opened(network, "bob") as bob:
        crew = await ann.create_room("Crew")
        with pytest.raises(LinkFailed, match="send it `invite`"):
            await crew.add(bob.id)
        lobby, theirs = await meet(ann, bob, where="Lobby")
        with pytest.raises(BadSetting, match="open to everybody"):
            await lobby.add(bob.id)
        await crew.leave()
        with pytest.raises(NotJoined, match="not in room"):
            await crew.add(bob.id)
        assert theirs.is_public


async def test_messages_of_all_rooms_are_told_in_one_stream() -> None:
    """Those of others, once each, with how many are unread; what was said before we came is no news."""
    async with Network() as network, opened(network, "ann") as ann, opened(network, "bob") as bob:
        cy = await network.peer("cy", config=HASTY)
        deck, _ = await meet(ann, cy)
        await deck.send("before")
        news = bob.events()
        theirs = await bob.join_room(str(deck.invite))
        await until(lambda: theirs.is_linked_to(ann.id) and deck.is_linked_to(bob.id))
        lobby, here = await meet(ann, bob, where="Lobby")
        await deck.send("one")
        await theirs.send("mine")
        await lobby.send("two")
        told = [await anext(news), await anext(news)]
        arrived = [event for event in told if isinstance(event, MessageArrived)]
        assert {(event.room, event.message.text, event.unread) for event in arrived} == {
            (theirs, "one", 1),
            (here, "two", 1),
        }


async def test_stream_ends_with_its_peer() -> None:
    """And one that nobody holds any more is forgotten."""
    async with Network() as network:
        async with opened(network, "ann") as ann:
            news = ann.events()
            del news
            kept = ann.events()
            assert len(ann._crossing._streams) == 1
        assert [event async for event in kept] == []
