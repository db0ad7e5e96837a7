"""What happens to a peer, in whichever of its rooms: what a program tells its user by a notification."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from .event_stream import BoundedStream
from .events import Member, Message
from .room import Room

__all__ = ["DirectOpened", "Invited", "MessageArrived", "PeerEvent", "PeerEventStream"]


@dataclass(frozen=True, slots=True)
class MessageArrived:
    """Somebody wrote something in a room, now or while we were away."""

    room: Room
    message: Message
    unread: int
    """Of the room, with this one."""


@dataclass(frozen=True, slots=True)
class Invited:
    """A member of a room that we are in wants us in another one: `await me.join_room(event.invite)`."""

    title: str
    """Of that room, says the member."""
    by: Member
    invite: str = field(repr=False)
    """The link, as secret as any."""


@dataclass(frozen=True, slots=True)
class DirectOpened:
    """Somebody whom we share a room with opened a direct one with us, or enters it again; we are in it."""

    room: Room
    by: Member


PeerEvent: TypeAlias = MessageArrived | Invited | DirectOpened


class PeerEventStream(BoundedStream[PeerEvent]):
    """The events of a peer, in order, from the moment it was asked for; ends with the peer."""
