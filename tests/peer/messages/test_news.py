"""What is new: values, equal by what they say."""

from __future__ import annotations

from peer.log.event import EventId
from peer.messages.news import Dropped, Fact, Forked, Sealed, StatusRaised, UnreadChanged, Vanished
from peer.messages.receipts import Status


def test_news_are_values() -> None:
    event = EventId(bytes(32))
    news: list[Fact] = [
        Vanished(event),
        Sealed(b"k", event),
        Dropped(b"k"),
        StatusRaised(event, Status.READ),
        Forked(b"a"),
    ]
    again: list[Fact] = [
        Vanished(event),
        Sealed(b"k", event),
        Dropped(b"k"),
        StatusRaised(event, Status.READ),
        Forked(b"a"),
    ]
    assert news == again
    assert UnreadChanged(1) != UnreadChanged(2)
