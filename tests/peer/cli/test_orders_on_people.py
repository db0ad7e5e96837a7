"""Who comes in and goes, what they may, and whether they are who they say."""

from __future__ import annotations

import asyncio

import peer
from peer.cli.slash import obey
from peer.testing import Network

from ...support.rooms import next_of
from .stage import at_desks


async def test_links_are_shown_with_their_code() -> None:
    async with at_desks() as (ann, bob):
        await obey(ann.desk, "/invite")
        await obey(ann.desk, "/invite one")
        assert ann.said[0].endswith(str(ann.desk.room.invite))
        assert "█" in ann.said[0]
        assert ann.said[1].rpartition("\n")[2] != ann.desk.room.invite
        assert not await obey(ann.desk, "/invite everybody")
        assert not await obey(bob.desk, "/invite one")
        await obey(ann.desk, "/kick bob")
        assert "removed" in ann.said[-1]


async def test_waiting_guests_are_listed_and_let_in() -> None:
    async with at_desks() as (ann, _):
        await obey(ann.desk, "/lobby")
        assert ann.said == ["-- nobody waits"]
        assert not await obey(ann.desk, "/admit carol")
        assert not await obey(ann.desk, "/admit")
    async with Network() as network:
        host, guest = await network.peer("host"), await network.peer("guest")
        room = await host.create_room("Deck", approve=True)
        assert room.invite is not None
        waiting = await guest.join_room(room.invite)
        ann.desk.room, ann.desk.me = room, host
        await next_of(room.events(), peer.MemberWaiting)
        await obey(ann.desk, "/lobby")
        assert "guest" in ann.said[-1]
        assert await obey(ann.desk, "/admit guest")
        assert (await next_of(waiting.events(), peer.StateChanged)).state is peer.RoomState.JOINED


async def test_roles_are_given_by_name() -> None:
    async with at_desks() as (ann, bob):
        heard = bob.desk.room.events()
        assert await obey(ann.desk, "/role bob moderator")
        assert (await next_of(heard, peer.RoleChanged)).member.role == "moderator"
        assert not await obey(ann.desk, "/role bob captain")
        assert not await obey(ann.desk, "/role moderator")


async def test_persons_are_verified_by_number_and_by_code() -> None:
    """The same number at both; a wrong code is refused."""
    async with at_desks() as (ann, bob):
        for seat, other in ((ann, "bob"), (bob, "ann")):
            await obey(seat.desk, f"/verify {other}")
        numbers = [[line for line in seat.said[0].splitlines() if line.startswith("      ")] for seat in (ann, bob)]
        assert numbers[0] == numbers[1]
        await obey(ann.desk, "/verify bob yes")
        assert ann.desk.room.members[1].verified
        await obey(ann.desk, "/unverify bob")
        assert not ann.desk.room.members[1].verified
        await obey(ann.desk, "/qr bob")
        code = ann.said[-1].rpartition(" ")[2]
        assert not await obey(bob.desk, "/verify ann speaktube-verify:1:abc:def")
        assert await obey(bob.desk, f"/verify ann {code}")
        assert bob.desk.room.members[1].verified
        assert not await obey(bob.desk, "/verify")
        assert not await obey(bob.desk, "/verify nobody")


async def test_words_to_one_alone_go_to_a_room_of_two() -> None:
    async with at_desks() as (ann, bob):
        elsewhere = bob.desk.me.events()
        assert await obey(ann.desk, "/msg bob psst, over here")
        assert ann.said == ["-- to bob alone: psst, over here"]
        async with asyncio.timeout(2):
            arrived = await anext(event async for event in elsewhere if isinstance(event, peer.MessageArrived))
        assert (arrived.message.text, arrived.room.is_direct) == ("psst, over here", True)
        assert not await obey(ann.desk, "/msg carol psst")
        assert not await obey(ann.desk, "/msg bob")
        assert [message async for message in bob.desk.room.history()] == []
