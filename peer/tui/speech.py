"""One message as lines: when, who, what it answers, what was said, what became of it, and who put an emoji at it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from rich.cells import cell_len

from ..message import Message, MessageStatus
from ..shown import mark
from .lines import Line, Span, hang, line_width
from .people import nick_style
from .plain import crop, plain_emoji, plain_lines, plain_name

__all__ = ["Look", "action_of", "clock", "excerpt", "mentions", "speech"]

_ACTION = "/me "
_STATUSES: dict[MessageStatus, tuple[str, str]] = {
    "draft": ("◌ waits for somebody to come", "faint"),
    "sent": ("›", "faint"),
    "delivered": ("✓", "faint"),
    "read": ("✓✓", "read"),
    "failed": ("✗ not sent", "warning"),
}
"""What stands behind our own messages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How lines are to look; equal looks draw equal lines."""

    width: int
    """Cells from one end to the other."""
    nick_width: int = 0
    """Of the column of names; 0: the name stands before the text, for narrow screens."""
    my_name: str = ""
    """Where it occurs in what others say, it is for us."""
    tz: tzinfo | None = None
    """None: as this machine is set."""


def clock(at: datetime, tz: tzinfo | None = None) -> str:
    return f"{at.astimezone(tz):%H:%M}"


def action_of(text: str) -> str | None:
    """What somebody does, in the third person, where the text is such; the convention of old."""
    return text[len(_ACTION) :].lstrip() if text.startswith(_ACTION) else None


def mentions(text: str, name: str) -> bool:
    """Whether a name occurs as a word of its own, whatever its case."""
    return bool(name) and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE) is not None


def excerpt(message: Message, width: int = 60) -> str:
    """Who and the beginning of what, in one line."""
    said = "(deleted)" if message.is_deleted else " ".join(plain_lines(message.text))
    return crop(f"{plain_name(message.sender)}: {said}", width)


def speech(message: Message, look: Look, *, quote: str = "") -> list[Line]:
    """All its lines; `quote` is the excerpt of what it answers, where that is known."""
    prefix, opening = _beginning(message, look)
    lines: list[Line] = []
    if message.reply_to is not None:
        answered = crop("┌ " + (quote or "a message that is not here"), max(8, look.width - line_width(prefix)))
        lines += hang(prefix, (Span(answered, "quote"),), width=look.width)
        prefix = (Span(" " * line_width(prefix)),)
    for spans in _said(message, look, opening):
        lines += hang(prefix, spans, width=look.width)
        prefix = (Span(" " * line_width(prefix)),)
    return lines


def _beginning(message: Message, look: Look) -> tuple[Line, Line]:
    """What stands before all lines, and what before the first words."""
    time = Span(clock(message.sent_at, look.tz) + " ", "time")
    marks = Span(mark(message.sender), "verified" if message.sender.verified else "doubted")
    name, style = plain_name(message.sender), nick_style(message.sender.id)
    if action_of(message.text) is not None and not message.is_deleted:
        column = (Span(" " * (look.nick_width - 1)), Span("*", "action"), Span(" │ ", "bar"))
        return (time, *(column if look.nick_width else (Span("* ", "action"),))), (marks, Span(f"{name} ", style))
    if look.nick_width:
        shown = crop(name, look.nick_width - cell_len(marks.text))
        blank = Span(" " * (look.nick_width - cell_len(marks.text) - cell_len(shown)))
        return (time, blank, marks, Span(shown, style), Span(" │ ", "bar")), ()
    return (time,), (marks, Span(crop(name, 20), style), Span(": ", "faint"))


def _said(message: Message, look: Look, opening: Line) -> Iterator[Sequence[Span]]:
    """Its lines before they are broken."""
    ending = tuple(_ending(message))
    if message.is_deleted:
        yield (*opening, Span("message deleted", "deleted"), *ending)
    else:
        style = "mention" if not message.sender.is_me and mentions(message.text, look.my_name) else "text"
        action = action_of(message.text)
        words = plain_lines(message.text if action is None else action)
        style = "action" if action is not None and style == "text" else style
        for row, words_of_line in enumerate(words):
            yield (
                *(opening if row == 0 else ()),
                Span(words_of_line, style),
                *(ending if row == len(words) - 1 else ()),
            )
    if message.reactions:
        yield tuple(_reactions(message))


def _ending(message: Message) -> Iterator[Span]:
    if message.edited_at is not None and not message.is_deleted:
        yield Span(" (edited)", "faint")
    if message.is_pinned:
        yield Span(" (pinned)", "pinned")
    if message.sender.is_me and not message.is_deleted:
        sign, style = _STATUSES[message.status]
        yield Span(f" {sign}", style)


def _reactions(message: Message) -> Iterator[Span]:
    for each in message.reactions:
        yield Span(f" {plain_emoji(each.emoji, custom=each.custom)} {len(each.members)} ", "reaction")
        yield Span(" ")
