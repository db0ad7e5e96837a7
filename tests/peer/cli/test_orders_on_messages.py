"""Answer, change, take back, react, pin, look back."""

from __future__ import annotations

import peer
from peer.cli.desk import Desk
from peer.cli.orders_on_messages import send
from peer.cli.slash import obey
from peer.cli.style import Style
from peer.testing import Network

from ...support.rooms import next_of
from .stage import Seat, at_desks


async def heard_by(seat: Seat, events: peer.EventStream) -> peer.Message:
    """The next message, shown at this desk as a chat would."""
    message = await next_of(events, peer.Message)
    seat.desk.shelf.put(message)
    return message


async def test_messages_are_answered_and_reacted_to() -> None:
    """The newest of others by default, or that of somebody, or a number."""
    async with at_desks() as (ann, bob):
        at_ann, at_bob = ann.desk.room.events(), bob.desk.room.events()
        await send(ann.desk, "first")
        first = await heard_by(bob, at_bob)
        await send(ann.desk, "second")
        second = await heard_by(bob, at_bob)
        await obey(bob.desk, "/history")
        assert [line.partition(" ")[0] for line in (text.strip() for text in bob.said[0].splitlines())] == ["#1", "#2"]
        await obey(bob.desk, "/reply to the newest")
        assert (await next_of(at_ann, peer.Message)).reply_to == second.id
        await obey(bob.desk, "/reply #1 to the first")
        assert (await next_of(at_ann, peer.Message)).reply_to == first.id
        await obey(bob.desk, "/react 👍")
        assert (await next_of(at_ann, peer.ReactionChanged)).message.id == second.id
        await obey(bob.desk, "/unreact @ann 👍")
        assert not (await next_of(at_ann, peer.ReactionChanged)).is_on
        await obey(bob.desk, "/me waves")
        assert (await next_of(at_ann, peer.Message)).text == "/me waves"
        assert bob.complaints == []


async def test_own_messages_are_changed_and_taken_back() -> None:
    async with at_desks() as (ann, bob):
        at_bob = bob.desk.room.events()
        await send(ann.desk, "frist")
        await obey(ann.desk, "/edit first")
        assert (await next_of(at_bob, peer.MessageEdited)).message.text == "first"
        assert not await obey(ann.desk, "/delete the first")
        await obey(ann.desk, "/delete")
        assert (await next_of(at_bob, peer.MessageDeleted)).message.is_deleted
        assert ann.said == ["-- taken back"]


async def test_messages_are_pinned_by_those_who_may() -> None:
    async with at_desks() as (ann, bob):
        at_ann = ann.desk.room.events()
        await send(bob.desk, "keep this")
        await heard_by(ann, at_ann)
        assert await obey(ann.desk, "/pin")
        assert await obey(ann.desk, "/unpin")
        await send(ann.desk, "and this")
        await heard_by(bob, bob.desk.room.events())
        assert not await obey(bob.desk, "/pin")
        assert "you may not" in bob.complaints[0]


async def test_what_was_said_is_found_again() -> None:
    async with at_desks() as (ann, _):
        assert await obey(ann.desk, "/history")
        assert await obey(ann.desk, "/search anchor")
        assert ["nothing" in line for line in ann.said] == [True, True]
        for text in ("up anchor", "set sail", "drop anchor"):
            await send(ann.desk, text)
        ann.said.clear()
        await obey(ann.desk, "/search ANCHOR")
        await obey(ann.desk, "/history 1")
        assert [line.rpartition("> ")[2] for text in ann.said for line in text.splitlines()] == [
            "up anchor",
            "drop anchor",
            "drop anchor",
        ]


async def test_what_is_missing_is_told_with_an_example() -> None:
    async with at_desks() as (ann, _):
        for line in ("/me", "/search", "/history all", "/history 0", "/reply x", "/edit x", "/react 👍", "/reply #9 x"):
            assert not await obey(ann.desk, line)
        assert len(ann.complaints) == 8


async def test_drafts_are_told() -> None:
    """Nobody is there yet: it waits."""
    async with Network() as network:
        me = await network.peer("ann")
        said: list[str] = []
        desk = Desk(
            me=me, room=await me.create_room("Deck"), style=Style(colours=False), say=said.append, complain=said.append
        )
        await send(desk, "anybody?")
        assert said == ["-- nobody is here yet: it will be sent to whoever comes first"]


async def test_slow_mode_says_when_it_goes_out() -> None:
    async with at_desks() as (ann, bob):
        heard = bob.desk.room.events()
        await obey(ann.desk, "/slow 60")
        await next_of(heard, peer.SlowModeChanged)
        await send(bob.desk, "one")
        await send(bob.desk, "two")
        assert len(bob.said) == 1
        assert "once in 60 s here: it goes out at" in bob.said[0]
