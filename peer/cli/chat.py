"""`chat`: a room line by line. Prints what happens, and sends what is typed or piped in.

At a terminal the typed line stays where it is while others print. In a pipe lines are sent once somebody is there to
read them, and the room is left behind the last of them. With `--json` both ways are JSON lines: see `json_chat`.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from argparse import Namespace
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Protocol

from ..events import RoomState
from ..peer import Peer
from ..room import Room
from .account import choose_account
from .desk import Desk
from .json_chat import JsonChat
from .line_chat import LineChat
from .output import complain, say
from .place import enter, named_place
from .running import run_loop
from .style import Style, choose_style
from .typed import piped_lines, typed_lines

__all__ = ["Talker", "greeting", "run", "talk"]


class Talker(Protocol):
    """One way to show a room and to take what is said there."""

    has_failed: bool
    """Something could not be done that a pipe asked for."""

    async def hear(self) -> None:
        """Show what happens, until the room was left."""

    async def take(self, line: str) -> bool:
        """Do what a line says; False to leave."""


def run(options: Namespace) -> int:
    where = named_place(options.where)
    account = choose_account(options, where)
    return run_loop(_chat(account.peer(), where, options))


async def _chat(peer: Peer, where: str | None, options: Namespace) -> int:
    async with peer as me:
        room = await _entered(me, where, options)
        if options.json:
            return await talk(room, JsonChat(room, say, shows_invite=bool(options.create)), piped_lines())
        return await _chat_in_lines(me, room, options)


async def _entered(me: Peer, where: str | None, options: Namespace) -> Room:
    if options.create:
        return await me.create_room(options.create, public=options.public, approve=options.approve)
    assert where is not None, "the grammar asks for one of both"
    return await enter(me, where)


async def _chat_in_lines(me: Peer, room: Room, options: Namespace) -> int:
    is_terminal = sys.stdin.isatty()
    style = choose_style()
    desk = Desk(me=me, room=room, style=style, say=say, complain=_complaint(style, is_terminal=is_terminal))
    chat = LineChat(desk, is_terminal=is_terminal)
    for line in greeting(room, style, options):
        say(line)
    if is_terminal:
        await chat.show_earlier()
    return await talk(room, chat, typed_lines(desk) if is_terminal else chat.when_heard(piped_lines()))


def greeting(room: Room, style: Style, options: Namespace) -> list[str]:
    """Where we are, and what lets others in."""
    if room.state is RoomState.LOBBY:
        return [
            style.grey(
                "you wait to be let in: an admin of the room has to be here and say yes; /help lists the commands"
            )
        ]
    if not options.create:
        return [style.grey("entered; /help lists the commands")]
    secrecy = "whoever has this link can enter" if not options.public else "a public room, open to everybody"
    if options.approve:
        secrecy = "whoever has this link can ask to enter; /admit lets them in"
    return [f"{room.invite}", style.grey(f"{room.name} is open: {secrecy}. /help lists the commands")]


async def talk(room: Room, chat: Talker, lines: AsyncIterator[str]) -> int:
    """Until the room is left, from here or from there; the exit code."""
    hearing = asyncio.create_task(chat.hear())
    taking = asyncio.create_task(_take_all(chat, lines))
    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError):  # Windows: Ctrl-C raises KeyboardInterrupt instead
            asyncio.get_running_loop().add_signal_handler(number, taking.cancel)
    try:
        await asyncio.wait({hearing, taking}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await room.leave()
        taking.cancel()
        ends = await asyncio.gather(hearing, taking, return_exceptions=True)
    for end in ends:
        if isinstance(end, Exception):
            raise end
    return 1 if chat.has_failed else 0


async def _take_all(chat: Talker, lines: AsyncIterator[str]) -> None:
    async for line in lines:
        if not await chat.take(line):
            return


def _complaint(style: Style, *, is_terminal: bool) -> Callable[[str], None]:
    """A person sees it where he types, a pipe must not take it for what somebody said."""

    def tell(text: str) -> None:
        (say if is_terminal else complain)(style.warning(text))

    return tell
