"""What happened in a room, as a sentence, and how it is drawn. The sentences are those of `peer.shown`."""

from __future__ import annotations

from typing import NamedTuple

from ..events import (
    Event,
    MemberJoined,
    MemberLeft,
    MessageDeleted,
    MessageEdited,
    MessagePinned,
    ReactionChanged,
    RoomState,
    StateChanged,
    StreamOpened,
)
from ..shown import Told, describe, describe_state, marked

__all__ = ["STATES", "Sentence", "sentence_of"]

STATES = {
    RoomState.LOBBY: "waiting to be let in",
    RoomState.JOINED: "connected",
    RoomState.SIGNALING_LOST: "server lost, links live on",
    RoomState.LEFT: "left",
}


class Sentence(NamedTuple):
    """For people, and its style."""

    text: str
    style: str = "notice"


def sentence_of(event: Event, *, stood: RoomState) -> Sentence | None:
    """None for what shows at the messages, or need not show. `stood`: how we stood in the room before."""
    match event:
        case MessageEdited() | MessageDeleted() | MessagePinned() | ReactionChanged():
            return None
        case StateChanged():
            return _styled(describe_state(event, stood), "notice")
        case StreamOpened(member=member):
            return Sentence(f"{marked(member)} offers a file: this screen takes none")
        case MemberJoined():
            return _styled(describe(event), "join")
        case MemberLeft():
            return _styled(describe(event), "leave")
        case _:
            return _styled(describe(event), "notice")


def _styled(told: Told | None, style: str) -> Sentence | None:
    if told is None:
        return None
    return Sentence(told.text, "warning" if told.kind == "warning" else style)
