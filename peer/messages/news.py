"""What is new in the message plane of a room, as values for whoever shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from ..log.event import EventId
from .receipts import Status
from .view import Settings, View

__all__ = [
    "Changed",
    "Dropped",
    "Fact",
    "Forked",
    "Sealed",
    "SettingsChanged",
    "StatusRaised",
    "UnreadChanged",
    "Vanished",
]


@dataclass(frozen=True, slots=True)
class Changed:
    """A message appeared, or looks different now."""

    view: View
    before: View | None
    """How it looked; None where it was not shown."""
    is_late: bool = False
    """It was written before whoever told us of it was linked, and came because we asked."""

    @property
    def is_new(self) -> bool:
        return self.before is None


@dataclass(frozen=True, slots=True)
class Vanished:
    """A message is shown no more: it does not count now, its log was cut, or newer ones took its place."""

    id: EventId


@dataclass(frozen=True, slots=True)
class Sealed:
    """A draft got its number and its id, and was handed to somebody."""

    key: bytes
    id: EventId


@dataclass(frozen=True, slots=True)
class Dropped:
    """A draft will never be said: since it was written we have lost the right to it."""

    key: bytes


@dataclass(frozen=True, slots=True)
class StatusRaised:
    """One of our messages got further."""

    id: EventId
    status: Status


@dataclass(frozen=True, slots=True)
class Forked:
    """This author said two things in one place; moderators are told."""

    author: bytes
    """Ed25519 key."""


@dataclass(frozen=True, slots=True)
class UnreadChanged:
    """How many messages of others wait to be read."""

    count: int


@dataclass(frozen=True, slots=True)
class SettingsChanged:
    """Title or slow mode of the room."""

    settings: Settings


Fact: TypeAlias = Changed | Vanished | Sealed | Dropped | StatusRaised | Forked | UnreadChanged | SettingsChanged
