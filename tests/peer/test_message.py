"""What can be done with a message: its room does it."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import Any

import pytest

from peer.errors import UsageError
from peer.ids import MemberId, MessageId, Topic
from peer.member import Member
from peer.message import Message


def message() -> Message:
    noon = datetime(2026, 1, 31, 12, tzinfo=UTC)
    ann = Member(id=MemberId("ann"), name="ann")
    return Message(id=MessageId("1"), room=Topic("deck"), sender=ann, text="hello", sent_at=noon)


class Recorder:
    """Stands for a room."""

    def __init__(self) -> None:
        self.done: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Any:
        async def act(*arguments: Any, **named: Any) -> Message:
            self.done.append((name, *arguments, *named.values()))
            return message()

        return act


async def test_message_made_by_hand_belongs_to_no_room() -> None:
    """For tests of handlers; the sentence says why there is no reply."""
    with pytest.raises(UsageError, match="came from no room"):
        await message().reply("x")


async def test_what_is_done_with_a_message_is_done_by_its_room() -> None:
    """The room takes no part in comparison or printing."""
    room = Recorder()
    received = dataclasses.replace(message(), actions=room)
    assert received == message()
    assert "actions=" not in repr(received).replace("reactions=", "")
    await received.reply("pong")
    await received.edit("new")
    await received.react("👍")
    await received.unreact("parrot", custom=True)
    for act in (received.delete, received.pin, received.unpin, received.mark_read):
        await act()
    assert room.done == [
        ("send", "pong", "1"),
        ("edit", "1", "new"),
        ("react", "1", "👍", False),
        ("unreact", "1", "parrot", True),
        ("delete", "1"),
        ("pin", "1"),
        ("unpin", "1"),
        ("mark_read", "1"),
    ]
