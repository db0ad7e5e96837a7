"""What is kept of one room's message plane: values that its core gives and a store takes (DESIGN, section 5).

A store knows no rules of the log. It keeps events as the bytes they came in, rows of the view as they are shown now,
and what belongs to them, all of one `LogChanges` or nothing of it; so whatever the core says in one breath is there
after a crash as a whole, or has never been. Keys and opaque contents are the core's own business.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field

from ..ids import RoomId
from .event import EventId

__all__ = ["MAX_PREVIEW_CHARS", "Conversation", "Cursor", "LogChanges", "LogRecord", "Shown", "Summary", "merged"]

MAX_PREVIEW_CHARS = 200
"""Of the last message's text in a `Summary`; the rest is cut off."""

Cursor = tuple[int, EventId]
"""The place of a message in the order of its room: (hlc, id)."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One message as it is shown now: after edits, without what was deleted."""

    id: EventId
    hlc: int
    """47 bits of ms since 1970, 16 of counter."""
    author: bytes
    """Ed25519 key, 32 bytes."""
    text: str = field(repr=False)
    """At most 8 KiB of UTF-8; empty where it was deleted."""
    content: bytes = field(default=b"", repr=False)
    """The view's own encoding of all else: reactions, whether it was edited or deleted, what it replies to."""

    @property
    def cursor(self) -> Cursor:
        return self.hlc, self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A room's line in the list of conversations."""

    title: str
    unread: int = 0
    """Messages of others that the user has not read."""
    hlc: int = 0
    """Of the last message, or of whatever else happened last; the list is sorted by it. 0: nothing ever did."""
    author: bytes = b""
    """Of the last message: Ed25519 key, 32 bytes; empty where there is none."""
    text: str = field(default="", repr=False)
    """Of the last message: its first `MAX_PREVIEW_CHARS` characters."""
    content: bytes = field(default=b"", repr=False)
    """The view's own encoding of all else."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """A room and its line."""

    room_id: RoomId
    summary: Summary


@dataclass(frozen=True, slots=True, kw_only=True)
class LogChanges:
    """What one input changed in one room; kept as a whole or not at all."""

    events: Mapping[EventId, bytes] = field(default_factory=dict)
    """New ones, as received; one that is kept already is replaced, as by itself without its body."""
    purged: Set[EventId] = frozenset()
    """Events that are kept no longer; none of `events` is among them."""
    shown: Mapping[EventId, Shown | None] = field(default_factory=dict)
    """Rows of the view, new or in place of the one before; None where a message is shown no more."""
    drafts: Mapping[bytes, bytes | None] = field(default_factory=dict)
    """By keys of the core's choice, at most 64 bytes; None where one is no more."""
    registers: Mapping[bytes, bytes | None] = field(default_factory=dict)
    """Likewise: receipts, profiles."""
    state: bytes | None = None
    """All else that must be true together with the rest, such as the highest number ever given; None: as before."""
    summary: Summary | None = None
    """None: as before."""

    def then(self, later: LogChanges) -> LogChanges:
        """Both in one: what is kept after it is what would be kept after one and then the other."""
        return merged((self, later)) if self and later else self or later

    def __bool__(self) -> bool:
        """Whether there is anything to keep."""
        rows = self.events or self.purged or self.shown or self.drafts or self.registers
        return bool(rows) or self.state is not None or self.summary is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRecord:
    """All that is kept of one room's message plane but the rows of its view."""

    events: tuple[bytes, ...] = ()
    """As received, or without their bodies, each once; in no order, since (hlc, id) gives the one that counts."""
    drafts: Mapping[bytes, bytes] = field(default_factory=dict)
    """Sorted by key, like the registers."""
    registers: Mapping[bytes, bytes] = field(default_factory=dict)
    state: bytes = b""
    """Empty where none was ever kept."""
    life: bytes = b""
    """Of the disk: another one where it was set back, so that what we wrote last is not known here."""


def merged(several: Iterable[LogChanges]) -> LogChanges:
    """All in one, in this order; costs what they hold."""
    events: dict[EventId, bytes] = {}
    purged: set[EventId] = set()
    shown: dict[EventId, Shown | None] = {}
    drafts: dict[bytes, bytes | None] = {}
    registers: dict[bytes, bytes | None] = {}
    state, summary = None, None
    for changes in several:
        for event in changes.purged:
            events.pop(event, None)
        events.update(changes.events)
        purged.update(changes.purged)
        purged.difference_update(changes.events)
        shown.update(changes.shown)
        drafts.update(changes.drafts)
        registers.update(changes.registers)
        state = state if changes.state is None else changes.state
        summary = changes.summary or summary
    return LogChanges(
        events=events,
        purged=purged,
        shown=shown,
        drafts=drafts,
        registers=registers,
        state=state,
        summary=summary,
    )
