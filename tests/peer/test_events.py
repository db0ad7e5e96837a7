"""What a bot hears: frozen, comparable, printable."""

from __future__ import annotations

import dataclasses
import typing
from datetime import UTC, datetime

import pytest

from peer import Event, Member, MemberJoined, Message, RoomState, StateChanged, UsageError
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


async def test_message_made_by_hand_belongs_to_no_room() -> None:
    """For tests of handlers; the sentence says why there is no reply."""
    with pytest.raises(UsageError, match="came from no room"):
        await message().reply("x")


async def test_reply_is_the_rooms_send() -> None:
    """It takes no part in comparison or printing."""
    sent = []

    async def send(text: str) -> Message:
        sent.append(text)
        return message(text)

    received = dataclasses.replace(message(), replier=send)
    assert (await received.reply("pong")).text == "pong"
    assert sent == ["pong"]
    assert received == message()
    assert "replier" not in repr(received)
