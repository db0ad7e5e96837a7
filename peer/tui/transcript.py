"""What a room shows: messages and notices in the order of their time, what was read of them, and their lines.

A message is put once and replaced when it changes; those that came late find their place by their time. Older ones are
let go beyond a bound, and read again from the history when somebody looks for them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple, TypeAlias

from ..ids import MessageId
from ..member import Member
from ..message import Message, MessageStatus
from .lines import Line, Span, hang, line_width
from .plain import pad, plain_lines
from .speech import Look, clock, excerpt, speech

__all__ = ["Entry", "Notice", "Row", "Transcript"]


@dataclass(frozen=True, slots=True)
class Notice:
    """What we tell ourselves: who came and went, answers to commands. Its text may have lines."""

    at: datetime
    text: str
    style: str = "notice"


Entry: TypeAlias = Message | Notice


class Row(NamedTuple):
    """One line on the screen, and which message it is of."""

    line: Line
    message_id: MessageId | None = None


class _Drawn(NamedTuple):
    """What an entry looked like, and what that came from. It holds the entry: so its identity is not used again."""

    entry: Entry
    look: Look
    answered: Message | None
    rows: list[Row]


@dataclass(slots=True)
class Transcript:
    """The entries of one room, oldest first."""

    limit: int
    """Entries; beyond it `trim` lets the oldest go."""
    entries: list[Entry] = field(default_factory=list)
    read_upto: datetime | None = None
    """The unread marker stands before the first message of others after it; None: there is none."""
    _drawn: dict[int, _Drawn] = field(default_factory=dict)
    """By the identity of entries, which are never changed in place."""

    # ---- what happens

    def put(self, message: Message) -> None:
        """Show it, or what it looks like now."""
        if (place := self._place(message.id)) is not None:
            self.entries[place] = message
        else:
            self._insert(message)

    def put_all(self, messages: Iterable[Message]) -> None:
        for message in messages:
            self.put(message)

    def tell(self, notice: Notice) -> None:
        self._insert(notice)

    def drop(self, message_id: MessageId) -> None:
        if (place := self._place(message_id)) is not None:
            del self.entries[place]

    def set_status(self, message_id: MessageId, status: MessageStatus, *, draft_id: MessageId | None = None) -> None:
        """One of ours got further; of a draft its lasting id is known now."""
        place = self._place(draft_id or message_id)
        if place is None:
            return
        before = self.entries[place]
        assert isinstance(before, Message), "a notice has no id"
        self.entries[place] = replace(before, id=message_id, status=status)

    def trim(self) -> bool:
        """Let the oldest go; whether there were too many."""
        surplus = len(self.entries) - self.limit
        if surplus <= 0:
            return False
        del self.entries[:surplus]
        return True

    def clear(self) -> None:
        self.entries.clear()

    def know(self, member: Member) -> None:
        """A member is called otherwise, or their key is verified: what they said shows it."""
        for place, entry in enumerate(self.entries):
            if isinstance(entry, Message) and entry.sender.id == member.id:
                self.entries[place] = replace(entry, sender=member)

    def mark_unread(self, count: int) -> None:
        """Set the marker before the newest `count` messages of others."""
        theirs = [message for message in self.messages() if not message.sender.is_me]
        if 0 < count <= len(theirs):
            older = [entry.sent_at for entry in theirs[: len(theirs) - count]]
            self.read_upto = older[-1] if older else datetime.fromtimestamp(0, theirs[0].sent_at.tzinfo)

    def mark_read(self, now: datetime) -> None:
        """All that is shown was seen: what comes now comes after the marker."""
        self.read_upto = max((message.sent_at for message in self.messages()), default=now)

    def _insert(self, entry: Entry) -> None:
        self.entries.insert(bisect_right(self.entries, _at(entry), key=_at), entry)

    def _place(self, message_id: MessageId) -> int | None:
        for place in range(len(self.entries) - 1, -1, -1):  # what changes is mostly new
            entry = self.entries[place]
            if isinstance(entry, Message) and entry.id == message_id:
                return place
        return None

    # ---- what is there

    def messages(self) -> list[Message]:
        return [entry for entry in self.entries if isinstance(entry, Message)]

    def find(self, message_id: MessageId | None) -> Message | None:
        place = self._place(message_id) if message_id is not None else None
        entry = self.entries[place] if place is not None else None
        return entry if isinstance(entry, Message) else None

    def newest(self, *, mine: bool) -> Message | None:
        """The last message of ours, or of others, that was not deleted."""
        fitting = (each for each in reversed(self.messages()) if each.sender.is_me is mine and not each.is_deleted)
        return next(fitting, None)

    # ---- what it looks like

    def rows(self, look: Look) -> list[Row]:
        """All lines, with a line for each new day and the unread marker."""
        rows: list[Row] = []
        answerable = {message.id: message for message in self.messages()}
        day = ""
        is_marked = False
        for entry in self.entries:
            if (new_day := f"{_at(entry).astimezone(look.tz):%A, %d %B %Y}") != day:
                day = new_day
                rows.append(Row(_rule(day, "day", look.width)))
            if not is_marked and self._is_unread(entry):
                is_marked = True
                rows.append(Row(_rule("new", "marker", look.width)))
            answered = answerable.get(entry.reply_to) if isinstance(entry, Message) and entry.reply_to else None
            rows += self._rows_of(entry, look, answered)
        self._drawn = {id(entry): self._drawn[id(entry)] for entry in self.entries}
        return rows

    def _is_unread(self, entry: Entry) -> bool:
        is_theirs = isinstance(entry, Message) and not entry.sender.is_me
        return is_theirs and self.read_upto is not None and _at(entry) > self.read_upto

    def _rows_of(self, entry: Entry, look: Look, answered: Message | None) -> Sequence[Row]:
        """As they were drawn before, unless something is another now."""
        drawn = self._drawn.get(id(entry))
        if drawn is None or drawn.answered is not answered or drawn.look != look:
            quote = excerpt(answered, look.width) if answered is not None else ""
            drawn = _Drawn(entry, look, answered, list(_draw(entry, look, quote)))
            self._drawn[id(entry)] = drawn
        return drawn.rows


def _draw(entry: Entry, look: Look, quote: str) -> Iterator[Row]:
    if isinstance(entry, Message):
        for line in speech(entry, look, quote=quote):
            yield Row(line, entry.id)
        return
    column = (Span("--".rjust(look.nick_width), "faint"), Span(" │ ", "bar"))
    prefix: Line = (
        Span(clock(entry.at, look.tz) + " ", "time"),
        *(column if look.nick_width else (Span("-- ", "faint"),)),
    )
    for text in plain_lines(entry.text):
        for line in hang(prefix, (Span(text, entry.style),), width=look.width):
            yield Row(line)
        prefix = (Span(" " * line_width(prefix)),)


def _rule(text: str, style: str, width: int) -> Line:
    return (Span(pad(f"── {text} " + "─" * width, width - 1).replace("…", "─"), style),)


def _at(entry: Entry) -> datetime:
    return entry.sent_at if isinstance(entry, Message) else entry.at
