"""A room as lines: what is printed, and what a line does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

import peer
from peer.cli.line_chat import LineChat

from ...support.transport import until
from .stage import Seat, at_desks


def words(seat: Seat) -> list[str]:
    return [line.partition("> ")[2] for line in seat.said if "> " in line]


async def hear_all(chat: LineChat, seat: Seat, count: int) -> None:
    """Until so many messages were printed."""
    hearing = asyncio.create_task(chat.hear())
    await until(lambda: len(words(seat)) >= count)
    hearing.cancel()
    await asyncio.gather(hearing, return_exceptions=True)


async def test_what_happens_is_printed_until_the_room_is_left() -> None:
    async with at_desks() as (ann, bob):
        chat = LineChat(ann.desk, is_terminal=False)
        hearing = asyncio.create_task(chat.hear())
        sent = await bob.desk.room.send("ahoy")
        await until(lambda: words(ann) == ["ahoy"])
        await sent.edit("ahoy there")
        await sent.delete()
        await until(lambda: "-- a message of bob was taken back" in ann.said)
        await bob.desk.room.leave()
        await until(lambda: "-- bob left" in ann.said)
        await ann.desk.room.leave()
        await hearing
        assert "-- bob edited: ahoy there" in ann.said
        assert ann.said[-1].startswith("-- you left")
        assert ann.complaints == []


async def test_lines_are_sent_or_obeyed() -> None:
    """Two slashes send one; blank lines are nothing; what a pipe asked for in vain is remembered."""
    async with at_desks() as (ann, bob):
        chat = LineChat(ann.desk, is_terminal=False)
        for line in ("one", "", "  ", "//two", "/away"):
            assert await chat.take(line)
        assert not chat.has_failed
        await hear_all(LineChat(bob.desk, is_terminal=False), bob, 2)
        assert words(bob) == ["one", "/two"]
        assert not await chat.take("/quit")
        assert await chat.take("/dance")
        assert chat.has_failed


async def test_message_that_is_too_large_is_a_sentence() -> None:
    async with at_desks() as (ann, _):
        for is_terminal in (True, False):
            chat = LineChat(ann.desk, is_terminal=is_terminal)
            assert await chat.take("x" * 100_000)
            assert chat.has_failed is not is_terminal
        assert "are allowed" in ann.complaints[0]


async def test_pipe_waits_for_somebody_who_listens() -> None:
    async def lines() -> AsyncIterator[str]:
        yield "one"

    async with at_desks() as (ann, _):
        chat = LineChat(ann.desk, is_terminal=False)
        taking = asyncio.ensure_future(anext(chat.when_heard(lines())))
        await asyncio.sleep(0)
        assert not taking.done()
        hearing = asyncio.create_task(chat.hear())
        assert await taking == "one"
        hearing.cancel()


async def test_nothing_is_shown_twice() -> None:
    """Neither what the room tells again, nor what a person was shown of before."""
    async with at_desks() as (ann, bob):
        await bob.desk.room.send("before")
        await until(lambda: ann.desk.room.unread == 1)
        chat = LineChat(ann.desk, is_terminal=True)
        await chat.show_earlier()
        await bob.desk.room.send("after, @ann")
        await hear_all(chat, ann, 2)
        assert words(ann) == ["before", "after, @ann\a"]
        assert sum(line.startswith("-- ") and ", " in line and "202" in line for line in ann.said) == 1


async def test_person_sees_what_is_said_to_him_alone() -> None:
    """And what he is invited to; a pipe has the room alone."""
    async with at_desks() as (ann, bob):
        hearing = asyncio.create_task(LineChat(ann.desk, is_terminal=True).hear())
        await asyncio.sleep(0)
        direct = await bob.desk.me.direct(ann.desk.me.id)
        await direct.send("psst")
        await until(lambda: any("(to you alone) <bob> psst" in line for line in ann.said))
        other = await bob.desk.me.create_room("Hold")
        await other.add(ann.desk.me.id)
        await until(lambda: any("bob invites you to Hold: python -m peer chat http" in line for line in ann.said))
        hearing.cancel()
        await asyncio.gather(hearing, return_exceptions=True)


async def test_typists_come_and_go() -> None:
    async with at_desks() as (ann, bob):
        hearing = asyncio.create_task(LineChat(ann.desk, is_terminal=True).hear())
        await bob.desk.room.set_typing(True)
        await until(lambda: list(ann.desk.typists.values()) == ["bob"])
        await bob.desk.room.set_typing(False)
        await until(lambda: not ann.desk.typists)
        hearing.cancel()


@pytest.mark.parametrize("status", ["failed", "sent"])
async def test_what_becomes_of_a_draft_is_told(status: peer.MessageStatus) -> None:
    async with at_desks() as (ann, _):
        chat = LineChat(ann.desk, is_terminal=True)
        message = await ann.desk.room.send("hm")
        ann.desk.shelf.put(message)
        chat._hear(peer.StatusChanged(peer.ids.MessageId("lasting"), status, draft_id=message.id))
        assert peer.ids.MessageId("lasting") in ann.desk.shelf
        assert len(ann.complaints) == (status == "failed")


async def test_gap_is_told_and_the_rest_goes_on() -> None:
    async with at_desks(peer.Config(max_queued_events=1)) as (ann, bob):
        chat = LineChat(ann.desk, is_terminal=False)
        for text in ("one", "two", "three"):
            await bob.desk.room.send(text)
        await until(lambda: ann.desk.room.unread == 3)
        hearing = asyncio.create_task(chat.hear())
        await until(lambda: ann.complaints)
        assert "read them faster" in ann.complaints[0]
        hearing.cancel()
