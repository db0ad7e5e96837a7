"""Messages as a file that people keep: JSON lines for programs, Markdown for eyes. Pure, one message at a time.

What is in it was written by others, and is read by whatever opens the file. Promised: no text reaches a terminal as a
command, or turns the direction of what is around it; in Markdown a text stays text in its place, whatever it holds: no
heading, list, picture or HTML comes of it, and no link that leads elsewhere than it says. JSON is plain ASCII and gives
every character back. Not promised: that what was said is true, or that two names that look alike are the same one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from .core.names import clean_text
from .ids import MemberId

__all__ = ["MAX_REACTIONS", "Entry", "json_line", "markdown"]

MAX_REACTIONS = 32
"""Of one message that are written out in Markdown; of more the number is."""

_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
"""All that Python, an editor or a terminal may take for the end of a line."""

_BLANK = "\u00a0"
"""Looks like a space, and means nothing to Markdown."""

_MARKUP = re.compile(r"([\\`*_{}\[\]<>&!|~$])")
_BEGINS_BLOCK = re.compile(r"^( *)(?:([-+=#:])|(\d+)(?=[.)]))")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One message, as it is shown now."""

    id: str
    sender_id: MemberId
    sender_name: str
    sent_at: datetime
    """UTC, by the sender's clock."""
    text: str
    edited_at: datetime | None = None
    """UTC; None where it was not."""
    is_deleted: bool = False
    is_pinned: bool = False
    reply_to: str | None = None
    """The `id` of another message, be it in the file or not."""
    emote_ids: tuple[str, ...] = ()
    custom_emoji_ids: tuple[str, ...] = ()
    reactions: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Emoji, and the names of those who gave it."""


def json_line(entry: Entry) -> str:
    """One JSON object and a line feed; ASCII alone, so that nothing in it does anything to whoever looks at it."""
    return (
        json.dumps(
            {
                "id": entry.id,
                "sender": {"id": entry.sender_id, "name": entry.sender_name},
                "sentAt": entry.sent_at.isoformat(),
                "text": entry.text,
                "editedAt": entry.edited_at and entry.edited_at.isoformat(),
                "deleted": entry.is_deleted,
                "pinned": entry.is_pinned,
                "replyTo": entry.reply_to,
                "emoteIds": entry.emote_ids,
                "customEmojiIds": entry.custom_emoji_ids,
                "reactions": [{"emoji": emoji, "by": names} for emoji, names in entry.reactions],
            },
            separators=(",", ":"),
        )
        + "\n"
    )


def markdown(title: str, entries: Iterable[Entry]) -> Iterator[str]:
    """The whole file in parts, each with its line feed; entries in the order in which they are to stand, days apart."""
    yield f"# {_inline(title)}\n"
    day = None
    heads: dict[str, str] = {}
    for entry in entries:
        if entry.sent_at.date() != day:
            day = entry.sent_at.date()
            yield f"\n## {day.isoformat()}\n"
        heads[entry.id] = f"{_inline(entry.sender_name)} at {entry.sent_at:%H:%M:%S}"
        yield _block(entry, heads)


def _block(entry: Entry, heads: Mapping[str, str]) -> str:
    """A line about the message, its words as a quotation, and below it what others thought of them."""
    marks = [mark for mark, is_so in (("edited", entry.edited_at), ("pinned", entry.is_pinned)) if is_so]
    marks += [f"answers {heads.get(entry.reply_to, 'what is not here')}"] if entry.reply_to else []
    notes = f" ({', '.join(marks)})" if marks else ""
    words = "> *deleted*" if entry.is_deleted else _quoted(entry.text)
    reactions = f"\nreactions: {_reactions(entry)}\n" if entry.reactions else ""
    return f"\n{heads[entry.id]}{notes}:\n\n{words}\n{reactions}"


def _quoted(text: str) -> str:
    """Each line begins with its mark, so nothing in it can end the quotation; a backslash keeps lines apart."""
    lines = [_escaped(line) or _BLANK for line in _plain(text).rstrip().lstrip("\n").split("\n")]
    return "\\\n".join(f"> {line}" for line in lines)


def _reactions(entry: Entry) -> str:
    shown = [f"{_inline(emoji)} {', '.join(map(_inline, names))}" for emoji, names in entry.reactions[:MAX_REACTIONS]]
    more = len(entry.reactions) - len(shown)
    return " · ".join([*shown, *([f"{more} more"] if more else [])])


def _inline(text: str) -> str:
    """Within one line."""
    return _escaped(" ".join(_plain(text).split())) or "?"


def _plain(text: str) -> str:
    """With line feeds alone between its lines, and nothing else in it that a terminal obeys."""
    return clean_text(_LINE_ENDS.sub("\n", text)).replace("\t", " ")


def _escaped(line: str) -> str:
    """CommonMark takes a backslash before any ASCII punctuation; spaces at either end would mean something."""
    text = _BEGINS_BLOCK.sub(_escape_block, _MARKUP.sub(r"\\\1", line.rstrip()))
    stripped = text.lstrip()
    return _BLANK * (len(text) - len(stripped)) + stripped


def _escape_block(match: re.Match[str]) -> str:
    """What would begin a list or a heading: its first mark, or the number of an entry."""
    spaces, mark, number = match.groups()
    return f"{spaces}\\{mark}" if mark else f"{spaces}{number}\\"
