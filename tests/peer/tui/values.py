"""Members and messages as tests need them, without a room."""

from datetime import UTC, datetime, timedelta
from typing import Any

from peer.events import Member, Message
from peer.ids import MemberId, MessageId, Topic

__all__ = ["MONDAY", "at", "member", "message"]

MONDAY = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    """So many minutes after noon of a Monday."""
    return MONDAY + timedelta(minutes=minutes)


def member(name: str = "bob", **fields: Any) -> Member:
    return Member(id=MemberId(fields.pop("id", f"key-of-{name}")), name=name, **fields)


def message(text: str = "ahoy", *, minute: float = 0, **fields: Any) -> Message:
    """Written by bob, unless it is said otherwise."""
    return Message(
        id=MessageId(fields.pop("id", f"{text}@{minute}")),
        room=Topic("deck"),
        sender=fields.pop("sender", member()),
        text=text,
        sent_at=at(minute),
        **fields,
    )
