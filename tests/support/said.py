"""Messages as a store gets them: made up, the same in each run."""

from __future__ import annotations

import hashlib

from peer.ids import RoomId
from peer.log.event import EventId, hlc_at
from peer.log.record import LogChanges, Shown, Summary

from .keys import START_MS

__all__ = ["DECK", "HOLD", "event_id", "said", "shown"]

DECK, HOLD = RoomId(hashlib.sha256(b"deck").digest()), RoomId(hashlib.sha256(b"hold").digest())


def event_id(name: str) -> EventId:
    return EventId(hashlib.sha256(name.encode()).digest())


def shown(number: int, text: str, *, name: str = "") -> Shown:
    """The message that was sent in this second of the talk."""
    author = hashlib.sha256(b"author").digest()
    return Shown(event_id(name or f"{number}"), hlc_at(START_MS + 1000 * number), author, text, b"content")


def said(number: int, text: str, *, name: str = "", title: str = "Deck") -> LogChanges:
    """All that one message changes."""
    row = shown(number, text, name=name)
    return LogChanges(
        events={row.id: b"event of " + text.encode()},
        shown={row.id: row},
        state=b"state %d" % number,
        summary=Summary(title=title, unread=number, hlc=row.hlc, author=row.author, text=text),
    )
