"""What a line chat works with: one of these a room, passed to all that reads or writes lines."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from ..core.names import clean_text
from ..events import Message
from ..peer import Peer
from ..room import Room
from ..shown import mark, plain_name
from .shelf import Shelf
from .style import Style

__all__ = ["Desk", "Order", "day_of"]

_INDENT = "      "
"""Under the time: no line of a message may pass for another message."""

_ACTION = "/me "


@dataclass(slots=True)
class Desk:
    """One room, and how it is shown."""

    me: Peer
    room: Room
    style: Style
    say: Callable[[str], None]
    """Prints a line."""
    complain: Callable[[str], None]
    """Prints what could not be done."""
    shelf: Shelf = field(default_factory=Shelf)
    typists: dict[str, str] = field(default_factory=dict)
    """Name of each who types, by member id."""

    def line_of(self, message: Message, *, is_numbered: bool = False, has_date: bool = False, place: str = "") -> str:
        """`12:34 bob ahoy`, with what became of it behind; `place` says where, if that is elsewhere."""
        when = message.sent_at.astimezone()
        stamp = f"{when:%Y-%m-%d %H:%M}" if has_date else f"{when:%H:%M}"
        number = f"{'#' + str(self.shelf.number(message)):>4} " if is_numbered else ""
        where = f"{place} " if place else ""
        return f"{number}{stamp} {where}{self._words(message)}{self._notes(message)}"

    def _words(self, message: Message) -> str:
        if message.is_deleted:
            return f"{self.style.nick(message.sender)} {self.style.grey('taken back')}"
        text = clean_text(message.text)
        if text.startswith(_ACTION):
            return f"* {mark(message.sender)}{plain_name(message.sender.name)} {_indented(text[len(_ACTION) :])}"
        return f"{self.style.nick(message.sender)}{self._to_whom(message)} {_indented(text)}"

    def _to_whom(self, message: Message) -> str:
        """Whom it answers, where that is known; an answer to us may come before our own `send` has returned."""
        answered = self.shelf.get(message.reply_to) if message.reply_to else None
        if answered is None and message.notice != "reply":
            return ""
        return f" → {plain_name((answered.sender if answered else self.room.me).name)}:"

    def _notes(self, message: Message) -> str:
        """What was done to it, and how far one of ours has got."""
        notes = [word for word, is_so in (("edited", message.edited_at), ("pinned", message.is_pinned)) if is_so]
        notes += [f"{clean_text(each.emoji)} {len(each.members)}" for each in message.reactions]
        notes += [message.status] if message.sender.is_me and message.status in ("draft", "failed") else []
        return f" ({', '.join(notes)})" if notes else ""


Order = Callable[[Desk, str], Awaitable[str]]
"""Does what stands behind its name in a line; what is to be answered, or nothing where the events will tell."""


def _indented(text: str) -> str:
    return text.replace("\n", "\n" + _INDENT)


def day_of(moment: datetime) -> str:
    """For the line between two days."""
    return f"{moment.astimezone():%A, %d %B %Y}"
