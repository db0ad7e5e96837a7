"""What functions say by their annotations, and what is said to those who annotate them badly."""

from __future__ import annotations

import re
from typing import Any

import pytest

from peer import BadSetting, Event, MemberJoined, MemberLeft, Message, Next, Room
from peer.bots.handlers import Handler, Middleware, check_room_handler


async def both(event: MemberJoined | MemberLeft, room: Room) -> None:
    """Two kinds, and the room."""


async def watch(event: Message, call_next: Next) -> None:
    """A middleware for messages."""


async def tick(room: Room) -> None:
    """Of a schedule."""


async def misspelt(message: Mesage) -> None:  # type: ignore[name-defined]  # noqa: F821
    """An annotation that does not exist."""


async def no_next(event: Event) -> None:
    """Could pass nothing on."""


async def no_event(call_next: Next) -> None:
    """Has nothing to pass on."""


async def number(room: int) -> None:
    """No room."""


async def in_place(message: Message, room: Room, /) -> None:
    """Could not be called by name."""


async def many(message: Message, *rooms: Room) -> None:
    """There is but one."""


def plain(room: Room) -> None:
    """Cannot be awaited."""


def test_handler_knows_its_events_and_who_wants_the_room() -> None:
    """By the annotations alone."""
    assert Handler.of(both).types == (MemberJoined, MemberLeft)
    assert Handler.of(both).rooms == ("room",)
    assert Middleware.of(watch).types == (Message,)
    check_room_handler(tick)


@pytest.mark.parametrize(
    ("check", "function", "sentence"),
    [
        (Handler.of, misspelt, "handler misspelt: name 'Mesage' is not defined; write async def misspelt(message:"),
        (Handler.of, plain, "handler plain must be written with `async def`"),
        (Handler.of, in_place, "handler in_place: write message as a plain parameter"),
        (Handler.of, many, "handler many: write rooms as a plain parameter"),
        (Handler.of, number, "handler number: <class 'int'> is no event; the events are Message, "),
        (
            Middleware.of,
            no_next,
            "middleware no_next must be `async def no_next(event: peer.Event, call_next: peer.Next)",
        ),
        (Middleware.of, no_event, "middleware no_event must be `async def"),
        (check_room_handler, number, "number gets the room and nothing else: async def number(room: peer.Room)"),
        (check_room_handler, plain, "handler plain must be written with `async def`"),
    ],
)
def test_bad_function_fails_at_import_with_what_to_write(check: Any, function: Any, sentence: str) -> None:
    """Its name first."""
    with pytest.raises(BadSetting, match=re.escape(sentence)):
        check(function)
