import pytest

from peer.events import (
    Event,
    MemberJoined,
    MemberLeft,
    MessageDeleted,
    MessageEdited,
    MessagePinned,
    PresenceChanged,
    ReactionChanged,
    RoomFull,
    RoomState,
    StateChanged,
    StreamOpened,
    UnreadChanged,
)
from peer.tui.notices import STATES, sentence_of

from .values import member, message

BOB = member("bob")


@pytest.mark.parametrize(
    ("event", "begins", "style"),
    [
        (MemberJoined(BOB), "bob is here (member", "join"),
        (MemberLeft(BOB, "left"), "bob left", "leave"),
        (PresenceChanged(BOB), "bob is online", "notice"),
        (RoomFull(9), "the room is full", "warning"),
        (StateChanged(RoomState.JOINED), "you are in", "notice"),
        (StateChanged(RoomState.LEFT, "removed"), "you were removed", "warning"),
        (StreamOpened(None, BOB, "x", 1), "bob offers a file", "notice"),  # type: ignore[arg-type]
    ],
)
def test_what_happens_is_a_sentence(event: Event, begins: str, style: str) -> None:
    told = sentence_of(event, stood=RoomState.LOBBY)
    assert told is not None
    assert told.text.startswith(begins)
    assert told.style == style


@pytest.mark.parametrize(
    "event",
    [
        MessageEdited(message()),
        MessageDeleted(message()),
        MessagePinned(message()),
        ReactionChanged(message(), BOB, "👍", True),
        UnreadChanged(1),
    ],
)
def test_what_shows_at_a_message_is_not_told_again(event: Event) -> None:
    assert sentence_of(event, stood=RoomState.JOINED) is None


def test_every_state_has_a_name() -> None:
    assert set(STATES) == set(RoomState)
