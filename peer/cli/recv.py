"""`recv`: the messages of a room as they come, one a line, for people or for programs."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import Callable
from contextlib import suppress

from ..core.names import clean_text
from ..errors import PeerError
from ..events import Message, RoomState, StateChanged
from ..peer import Peer
from ..room import Room
from ..shown import plain_name
from .account import choose_account
from .json_lines import json_line
from .output import complain, say
from .place import enter, named_place
from .running import NOT_IN_TIME, run_loop

__all__ = ["as_line", "receive", "run"]


def run(options: Namespace) -> int:
    where = named_place(options.where)
    account = choose_account(options, where)
    return run_loop(_receive(account.peer(), where or "", options))


async def _receive(peer: Peer, where: str, options: Namespace) -> int:
    async with peer as me:
        room = await enter(me, where)
        if room.state is RoomState.LOBBY:
            complain("recv: you wait to be let in: somebody in the room has to be here and say yes")
        return await receive(room, options, say=say, complain=complain)


async def receive(
    room: Room, options: Namespace, *, say: Callable[[str], None], complain: Callable[[str], None]
) -> int:
    """Until so many messages came, that time is over, or the room was left; the exit code."""
    left: int | None = options.count
    try:
        async with asyncio.timeout(options.timeout):
            async for event in room.events():
                if isinstance(event, Message) and (event.arrival != "history" or options.earlier):
                    say(as_line(event, options))
                    left = None if left is None else left - 1
                    await _mark_read(room, event)
                if isinstance(event, StateChanged) and event.reason == "removed":
                    complain("recv: you were removed from this room")
                if left == 0:
                    return 0
    except TimeoutError:
        return 0 if left is None else NOT_IN_TIME
    return 1


def as_line(message: Message, options: Namespace) -> str:
    """No line of one message passes for another one: what follows the first is indented; not so with --text."""
    if options.json:
        return json_line("message", message)
    text = clean_text(message.text)
    if options.text:
        return text
    words = text.replace("\n", "\n      ")
    return f"{message.sent_at.astimezone():%H:%M} <{plain_name(message.sender.name)}> {words}"


async def _mark_read(room: Room, message: Message) -> None:
    with suppress(PeerError):  # the room was left meanwhile, or the message is gone
        await room.mark_read(message)
