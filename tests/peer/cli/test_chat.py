"""A room from entering to leaving; real processes are in tests/examples."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from peer.cli.chat import greeting, talk
from peer.cli.style import Style
from peer.testing import Network

from .stage import at_desks, options


class Talker:
    """Takes lines until one says so, or fails."""

    has_failed = False

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.is_over = asyncio.Event()

    async def hear(self) -> None:
        await self.is_over.wait()

    async def take(self, line: str) -> bool:
        self.taken.append(line)
        if line == "break":
            raise BrokenPipeError
        return line != "quit"


async def lines(*texts: str, forever: bool = False) -> AsyncIterator[str]:
    for text in texts:
        yield text
    if forever:
        await asyncio.Event().wait()


@pytest.mark.parametrize("has_failed", [True, False])
async def test_room_is_left_behind_the_last_line(*, has_failed: bool) -> None:
    async with at_desks() as (ann, _):
        talker = Talker()
        talker.has_failed = has_failed
        asyncio.get_running_loop().call_later(0.01, talker.is_over.set)
        assert await talk(ann.desk.room, talker, lines("one", "quit", "two")) == has_failed
        assert talker.taken == ["one", "quit"]
        assert ann.desk.room.state == "left"


async def test_end_of_the_room_ends_the_lines() -> None:
    async with at_desks() as (ann, _):
        talker = Talker()
        talker.is_over.set()
        assert await talk(ann.desk.room, talker, lines(forever=True)) == 0


async def test_what_breaks_is_raised_once_the_room_was_left() -> None:
    async with at_desks() as (ann, _):
        talker = Talker()
        asyncio.get_running_loop().call_later(0.01, talker.is_over.set)
        with pytest.raises(BrokenPipeError):
            await talk(ann.desk.room, talker, lines("break"))
        assert ann.desk.room.state == "left"


async def test_greeting_says_where_we_are_and_who_may_come() -> None:
    style = Style(colours=False)
    async with Network() as network:
        ann, bob = await network.peer("ann"), await network.peer("bob")
        deck = await ann.create_room("Deck", approve=True)
        lobby = await ann.create_room("Lobby", public=True)
        waiting = await bob.join_room(str(deck.invite))
        assert greeting(deck, style, options("chat", "--create", "Deck", "--approve"))[0] == deck.invite
        assert "/admit" in greeting(deck, style, options("chat", "--create", "Deck", "--approve"))[1]
        assert "whoever has this link can enter" in greeting(deck, style, options("chat", "--create", "Deck"))[1]
        assert "open to everybody" in greeting(lobby, style, options("chat", "--create", "Lobby", "--public"))[1]
        assert "you wait to be let in" in greeting(waiting, style, options("chat", "x"))[0]
        assert greeting(deck, style, options("chat", "Deck")) == ["-- entered; /help lists the commands"]
