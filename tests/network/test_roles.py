"""Who may do what, who is told to ask whom, and who is told of what."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from peer import (
    BadSetting,
    MemberAdded,
    MemberRemoved,
    Message,
    NotAllowed,
    Peer,
    ReactionChanged,
    RoleChanged,
    Room,
)
from peer.testing import Network

from ..support.rooms import linked, next_of


async def crew(network: Network, *names: str) -> list[Room]:
    """Ann's room, and the others in it."""
    ann = await network.peer("ann")
    rooms = [await ann.create_room("Deck")]
    for name in names:
        rooms.append(await (await network.peer(name)).join_room(str(rooms[0].invite)))
        await linked(*rooms)
    return rooms


async def test_roles_go_up_and_down_and_refusals_say_who_may() -> None:
    async with Network() as network:
        deck, bob, cyd = await crew(network, "bob", "cyd")
        heard = bob.events()
        await deck.promote(bob.me, "moderator")
        assert (await next_of(heard, RoleChanged)).member.role == "moderator"
        with pytest.raises(NotAllowed, match="make somebody an admin: owners can"):
            await bob.promote(cyd.me, "admin")
        with pytest.raises(NotAllowed, match="nobody, since it is an owner"):
            await bob.kick(deck.me)
        with pytest.raises(BadSetting, match="this member is moderator now, which 'admin' is not below"):
            await deck.demote(bob.me, "admin")
        with pytest.raises(NotAllowed, match="admins and owners can"):
            await cyd.demote(bob.me)
        await deck.demote(bob.me)
        assert (await next_of(heard, RoleChanged)).member.role == "member"
        with pytest.raises(BadSetting, match="choose a lower role"):
            await deck.demote(bob.me)


async def test_who_comes_and_goes_for_good_is_told_to_members_whoever_is_linked() -> None:
    """By themselves or not; owners stay."""
    async with Network() as network:
        deck, bob = await crew(network, "bob")
        heard = deck.events()
        cyd = await (await network.peer("cyd")).join_room(str(deck.invite))
        while (await next_of(heard, MemberAdded)).member.id != cyd.me.id:
            pass
        await linked(deck, bob, cyd)
        await bob.leave(for_good=True)
        gone = await next_of(heard, MemberRemoved)
        assert gone.member.id == bob.me.id
        assert bob.me.id not in {member.id for member in cyd.members}
        await cyd.leave()
        await deck.kick(cyd.me)
        gone = await next_of(heard, MemberRemoved)
        assert (gone.member.name, gone.member.presence) == ("cyd", "offline")
        with pytest.raises(NotAllowed, match="leave a room that you own for good: everybody else can"):
            await deck.leave(for_good=True)


async def test_slow_mode_says_when_one_may_speak_again() -> None:
    """What is sent before waits; moderators do not."""
    async with Network() as network:
        deck, bob = await crew(network, "bob")
        assert bob.may_speak_at is None
        await deck.set_slow_mode(3600)
        heard = bob.events()
        await deck.send("go on")
        await next_of(heard, Message)
        assert bob.may_speak_at is None
        await bob.send("one")
        assert (await bob.send("two")).status == "draft"
        assert bob.may_speak_at is not None
        assert bob.may_speak_at > datetime.now(UTC)
        assert bob.may_speak_at.timestamp() % 3600 == 0
        assert deck.may_speak_at is None


async def test_notice_says_why_and_a_muted_room_is_silent_also_after_a_restart(tmp_path: Path) -> None:
    async with Network() as network:
        ann = await network.peer("ann")
        deck = await ann.create_room("Deck")
        for life in ("first", "second"):
            transport = network.transport("bob")
            async with Peer("http://memory.invalid", name="bob", data_dir=tmp_path, transport=transport) as bob:
                room = await bob.join_room(str(deck.invite))
                await linked(deck, room)
                heard, at_deck = room.events(), deck.events()
                assert room.is_muted == (life == "second")
                if room.is_muted:
                    await deck.send("@bob, are you there?")
                    assert (await next_of(heard, Message)).notice is None
                    await room.unmute()
                sent = await room.send("hello")
                while (asked := await next_of(at_deck, Message)).id != sent.id:
                    pass
                assert asked.notice == "message"
                for text, notice in (("hi", "message"), ("hi @Bob", "mention")):
                    await deck.send(text)
                    assert (await next_of(heard, Message)).notice == notice
                await asked.reply("hello yourself")
                assert (await next_of(heard, Message)).notice == "reply"
                await room.mute()
                await room.mute()


async def test_room_of_two_is_worth_a_notice() -> None:
    async with Network() as network:
        deck, bob = await crew(network, "bob")
        bob._mesh.messages.is_direct = lambda: True
        heard = bob.events()
        await deck.send("ahoy")
        assert (await next_of(heard, Message)).notice == "direct"


async def test_custom_emoji_are_carried_by_their_ids() -> None:
    """In a message, in a reaction and its event, and taken away again."""
    async with Network() as network:
        deck, bob = await crew(network, "bob")
        heard, told = bob.events(), deck.events()
        await deck.send("ahoy :wave:", emote_ids=["kappa"], custom_emoji_ids=["wave1"])
        message = await next_of(heard, Message)
        assert (message.emote_ids, message.custom_emoji_ids) == (("kappa",), ("wave1",))
        await message.react("wave1", custom=True)
        given = await next_of(told, ReactionChanged)
        assert (given.emoji, given.custom, given.is_on, given.member.id) == ("wave1", True, True, bob.me.id)
        assert [(each.emoji, each.custom) for each in given.message.reactions] == [("wave1", True)]
        await message.unreact("wave1", custom=True)
        taken = await next_of(told, ReactionChanged)
        assert (taken.is_on, taken.custom, taken.message.reactions) == (False, True, ())
