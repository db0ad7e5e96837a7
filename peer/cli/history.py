"""`history`: what was said in a conversation that is kept here, or where it was said. Needs no server."""

from __future__ import annotations

from argparse import Namespace

from ..core.names import clean_text
from ..events import Message
from ..peer import Peer
from ..shown import marked
from .account import choose_account
from .json_lines import json_line
from .output import complain, say
from .place import find_kept
from .running import run_loop

__all__ = ["as_line", "look_back", "run"]

_INDENT = " " * 17


def run(options: Namespace) -> int:
    return run_loop(_history(choose_account(options).peer(), options))


async def _history(peer: Peer, options: Namespace) -> int:
    async with peer as me:
        lines = await look_back(me, options)
    for line in lines:
        say(line)
    if not lines:
        complain(f"history: nothing {'holds all of these words' if options.search else 'was said there yet'}")
    return 0 if lines else 1


async def look_back(me: Peer, options: Namespace) -> list[str]:
    """The lines, oldest first. Raises UsageError."""
    if options.search and not options.where:
        found = await me.search(options.search, limit=options.limit)
        return [as_line(each.message, options, title=each.conversation.title) for each in reversed(found)]
    kept = await find_kept(me, options.where)
    if options.search:
        everywhere = await me.search(options.search, limit=_ENOUGH)
        messages = [each.message for each in everywhere if each.conversation.room_id == kept.room_id][: options.limit]
    else:
        messages = [message async for message in me.history(kept, limit=options.limit)]
    return [as_line(message, options) for message in reversed(messages)]


def as_line(message: Message, options: Namespace, *, title: str = "") -> str:
    """The words of one message never look like another one: lines behind the first are indented."""
    if options.json:
        return json_line("message", message, {"conversation": title} if title else None)
    words = "(taken back)" if message.is_deleted else clean_text(message.text).replace("\n", "\n" + _INDENT)
    place = f"[{clean_text(title)}] " if title else ""
    return f"{message.sent_at.astimezone():%Y-%m-%d %H:%M} {place}<{marked(message.sender)}> {words}"


_ENOUGH = 10_000
