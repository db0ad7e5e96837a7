"""Messages as they come."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime

import peer
from peer.cli.recv import as_line, receive
from peer.cli.running import NOT_IN_TIME
from peer.ids import MemberId, MessageId, Topic
from peer.testing import Network

from ...support.rooms import linked
from ...support.transport import until
from .stage import Seat, at_desks, options

SAID = peer.Message(
    id=MessageId("ab"),
    room=Topic("t"),
    sender=peer.Member(id=MemberId("bob-key"), name="✓bob"),
    text="one\ntwo\x1b",
    sent_at=datetime(2026, 1, 2, tzinfo=UTC),
)


def test_message_is_a_line_for_people_or_programs() -> None:
    clock = f"{SAID.sent_at.astimezone():%H:%M}"
    assert as_line(SAID, options("recv", "x")) == f"{clock} <bob> one\n      two"
    assert as_line(SAID, options("recv", "x", "--text")) == "one\ntwo"
    assert json.loads(as_line(SAID, options("recv", "x", "--json")))["text"] == "one\ntwo\x1b"


async def hear(seat: Seat, *words: str) -> int:
    return await receive(
        seat.desk.room, options("recv", "x", "--text", *words), say=seat.said.append, complain=seat.complaints.append
    )


async def test_so_many_messages_are_received_and_read() -> None:
    async with at_desks() as (ann, bob):
        for text in ("one", "two", "three"):
            await bob.desk.room.send(text)
        assert await hear(ann, "--count", "2") == 0
        assert ann.said == ["one", "two"]
        await until(lambda: ann.desk.room.unread == 1)


async def test_time_ends_it() -> None:
    """Well, unless something was waited for that did not come."""
    async with at_desks() as (ann, _):
        assert await hear(ann, "--timeout", "0.01") == 0
        assert await hear(ann, "--timeout", "0.01", "--count", "1") == NOT_IN_TIME


async def test_what_was_said_before_is_left_out_unless_asked_for() -> None:
    async with Network() as network:
        deck = await (await network.peer("host")).create_room("Deck")
        await linked(deck, await (await network.peer("carol")).join_room(str(deck.invite)))
        await deck.send("before")
        for name, words, said in (
            ("ann", ["--count", "1"], ["after"]),
            ("bob", ["--count", "2", "--earlier"], ["before", "after"]),
        ):
            room = await (await network.peer(name)).join_room(str(deck.invite))
            heard: list[str] = []
            asked = options("recv", "x", "--text", *words)
            hearing = asyncio.create_task(receive(room, asked, say=heard.append, complain=heard.append))
            await until(lambda name=name: any(each.name == name for each in deck.members))  # type: ignore[misc]
            await deck.send("after")
            assert await hearing == 0
            assert heard == said
            await room.leave()


async def test_removal_is_told() -> None:
    async with at_desks() as (ann, bob):
        hearing = asyncio.create_task(hear(bob))
        await ann.desk.room.kick(ann.desk.room.members[1])
        assert await hearing == 1
        assert bob.complaints == ["recv: you were removed from this room"]
