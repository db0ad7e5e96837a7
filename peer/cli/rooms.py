"""`rooms`: the public rooms of a server, or the conversations that are kept here."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from datetime import UTC, datetime

from ..conversation_list import Conversation
from ..core.names import clean_text
from ..peer import Peer
from ..ports import RoomInfo
from .account import choose_account
from .durations import ago
from .json_lines import json_line, plain
from .output import complain, say
from .place import short_id
from .running import run_loop

__all__ = ["run", "table"]

_WIDEST = 40
_NOTHING_PUBLIC = "no public room is open here: python -m peer chat --create NAME --public opens one"
_NOTHING_MINE = "no conversation is kept here: python -m peer chat --create TITLE opens one"


def run(options: Namespace) -> int:
    return run_loop(_rooms(choose_account(options).peer(), options))


async def _rooms(peer: Peer, options: Namespace) -> int:
    async with peer as me:
        lines = await (_mine(me, options) if options.mine else _public(me, options))
    for line in lines:
        say(line)
    if not lines:
        complain(_NOTHING_MINE if options.mine else _NOTHING_PUBLIC)
    return 0


async def _public(me: Peer, options: Namespace) -> list[str]:
    rooms = await me.list_rooms()
    if options.json:
        return [json_line("room", room) for room in rooms]
    return table(["room", "people", "opened by", "age"], [_row(room, datetime.now(UTC)) for room in rooms])


async def _mine(me: Peer, options: Namespace) -> list[str]:
    kept = await me.conversations()
    if options.json:
        return [json_line("conversation", each, {"preview": _preview(each)}) for each in kept]
    heads = ["conversation", "kind", "unread", "last", "id", ""]
    return table(heads, [_row_of_mine(each, datetime.now(UTC)) for each in kept])


def _preview(conversation: Conversation) -> object:
    """With its words, which hide from logs and not from who asks for them."""
    shown = conversation.preview
    return None if shown is None else {**plain(shown), "text": shown.text}


def _row_of_mine(conversation: Conversation, now: datetime) -> list[str]:
    shown = conversation.preview
    age = ago((now - shown.sent_at).total_seconds()) if shown else ""
    words = f"{shown.sender_name}: {shown.text}" if shown else ""
    return [conversation.title, conversation.kind, str(conversation.unread or ""), age, short_id(conversation), words]


def _row(room: RoomInfo, now: datetime) -> list[str]:
    name = room.custom_name or room.topic
    return [name, str(room.participant_count), room.broadcaster_name, _age(room.created_at, now)]


def _age(created_at: str, now: datetime) -> str:
    """Empty where the server says nothing that is a time."""
    try:
        return ago((now - datetime.fromisoformat(created_at)).total_seconds())
    except (ValueError, TypeError):
        return ""


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns as wide as what is in them, or nothing; what others wrote is cut, and steers nothing."""
    if not rows:
        return []
    cells = [list(heads), *([_fit(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]


def _fit(cell: str) -> str:
    line = " ".join(clean_text(cell).split())
    return line if len(line) <= _WIDEST else line[: _WIDEST - 1] + "…"
