"""What a bot hears: frozen, comparable, printable."""

from __future__ import annotations

import typing
from datetime import UTC, datetime

from peer import Event, Member, MemberJoined, Message, RoomState, StateChanged
from peer.ids import MemberId, MessageId, Topic

ANN = Member(id=MemberId("ann"), name="ann")


def message(text: str = "hello") -> Message:
    noon = datetime(2026, 1, 31, 12, tzinfo=UTC)
    return Message(id=MessageId("1"), room=Topic("deck"), sender=ANN, text=text, sent_at=noon)


def test_every_event_is_frozen() -> None:
    """Handlers of one event must not see what another one did to it."""
    for kind in typing.get_args(Event):
        assert kind.__dataclass_params__.frozen


def test_events_work_in_a_match() -> None:
    """By position where there is one obvious field."""
    match MemberJoined(ANN):
        case MemberJoined(member):
            assert member is ANN
    assert StateChanged(RoomState.LEFT) == StateChanged(RoomState("left"), "")
