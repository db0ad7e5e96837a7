"""What a bot hears and holds: messages, members, and facts in the past tense.

All of it is frozen and typed, so that `match` works and the editor knows every field. Own messages are not reported
as events: `send()` answers them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, Protocol, TypeAlias

from .ids import PeerId
from .member import Acquaintance, Claim, ConnectionState, Member, Presence, Role
from .message import (
    AuthorForked,
    Message,
    MessageDeleted,
    MessageEdited,
    MessagePinned,
    MessageStatus,
    MessageVanished,
    Notice,
    Reaction,
    ReactionChanged,
    SlowModeChanged,
    StatusChanged,
    TitleChanged,
    UnreadChanged,
)

__all__ = [
    "Acquaintance",
    "AuthorForked",
    "Claim",
    "ClaimChanged",
    "ConnectionChanged",
    "ConnectionState",
    "Event",
    "KeyChanged",
    "Member",
    "MemberAdded",
    "MemberJoined",
    "MemberLeft",
    "MemberRemoved",
    "MemberWaiting",
    "Message",
    "MessageDeleted",
    "MessageEdited",
    "MessagePinned",
    "MessageStatus",
    "MessageVanished",
    "Notice",
    "Presence",
    "PresenceChanged",
    "Reaction",
    "ReactionChanged",
    "Role",
    "RoleChanged",
    "RoomFull",
    "RoomState",
    "SlowModeChanged",
    "StateChanged",
    "StatusChanged",
    "StreamOpened",
    "StreamReader",
    "TitleChanged",
    "TypingChanged",
    "UnreadChanged",
    "VerificationChanged",
]


class RoomState(StrEnum):
    """How we stand in a room."""

    LOBBY = "lobby"
    """Not a member yet: nobody is here to let us in, or an admin has to do it. What is sent waits."""
    JOINED = "joined"
    SIGNALING_LOST = "signaling-lost"
    """No server answers: links live on, newcomers cannot reach us; we go on trying."""
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class MemberJoined:
    """A member proved its identity to us and is linked."""

    member: Member


_ENDINGS = {
    "left": "it said goodbye",
    "lost": "nothing is heard of it any more",
    "removed": "it was removed from the room",
    "flooded": "it sent more than we take, so we have cut the link for a while",
    "cut": "it has cut the link for a while, since we sent it too much: send it less",
}


@dataclass(frozen=True, slots=True)
class MemberLeft:
    """The last link to a member ended: it said goodbye (`left`), was `lost`, or an admin `removed` it.

    `flooded`: it sent us more than we take, and we cut the link. `cut`: it did so, for what we sent.
    """

    member: Member
    reason: Literal["left", "lost", "removed", "flooded", "cut"]

    @property
    def sentence(self) -> str:
        """What happened, and what to do about it, for people."""
        return _ENDINGS[self.reason]


@dataclass(frozen=True, slots=True)
class MemberWaiting:
    """Somebody came by an invite and waits for us, who may do so, to `admit` it. Its name is what it says."""

    member: Member


@dataclass(frozen=True, slots=True)
class RoomFull:
    """The room has as many members as our client lets in unasked, so it has ended the open links.

    Perhaps somebody floods it: remove whom you do not know, and make a new link if you like.
    """

    members: int


@dataclass(frozen=True, slots=True)
class MemberAdded:
    """Somebody became a member of the private room, be they here or not; `MemberJoined` tells of links."""

    member: Member


@dataclass(frozen=True, slots=True)
class MemberRemoved:
    """Somebody is no member of the private room any more: removed by a moderator, or gone for good."""

    member: Member


@dataclass(frozen=True, slots=True)
class RoleChanged:
    """A member that is here, or ourselves, may do more or less than before."""

    member: Member


@dataclass(frozen=True, slots=True)
class TypingChanged:
    """A member began to type, or stopped, or its notice went stale."""

    member: Member
    typing: bool


@dataclass(frozen=True, slots=True)
class PresenceChanged:
    """A member that is here says that it is away or back."""

    member: Member


@dataclass(frozen=True, slots=True)
class ConnectionChanged:
    """How we stand with another peer, one running process of a member, is another now.

    Which member it is shows with its first link; `member` is None before. `MemberJoined` and `MemberLeft` tell of
    members, whatever becomes of their processes. `reason` is a sentence for people, or empty.
    """

    peer_id: PeerId
    member: Member | None
    state: ConnectionState
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ClaimChanged:
    """What the server says of a member that is here came, lapsed, or is contested by another key now."""

    member: Member


@dataclass(frozen=True, slots=True)
class KeyChanged:
    """A member bears the claim, or in a public room the name, of somebody whom we knew as `known`, under another key.

    Be careful until you have compared safety numbers: it may be a new device of theirs, or somebody who poses as them.
    """

    member: Member
    known: Acquaintance


@dataclass(frozen=True, slots=True)
class VerificationChanged:
    """We verified a member, or took that back; `changed_from` may have changed with it."""

    member: Member


class StreamReader(Protocol):
    """The bytes of a stream that a member sends us; `async for chunk in stream`. Nothing is sent before we read."""

    async def read(self) -> bytes:
        """The next chunk, at most 16 KiB; empty at the end. Raises StreamBroken."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    @property
    def taken_bytes(self) -> int:
        """So many were read."""

    def refuse(self, reason: str = "refused") -> None:
        """Take no more of it; the other side hears why."""


@dataclass(frozen=True, slots=True)
class StreamOpened:
    """A member wants to send us bytes: read them, or refuse; where nobody does so in time, they are refused."""

    stream: StreamReader = field(repr=False)
    member: Member
    label: str
    """What the member calls it; for people to read, not to trust."""
    size: int | None
    """In bytes, says the member; there may come more or fewer."""


@dataclass(frozen=True, slots=True)
class StateChanged:
    """How we stand in the room changed; `reason` is a sentence for people, or empty."""

    state: RoomState
    reason: str = ""


Event: TypeAlias = (
    Message
    | MessageEdited
    | MessageDeleted
    | MessagePinned
    | MessageVanished
    | ReactionChanged
    | UnreadChanged
    | TitleChanged
    | SlowModeChanged
    | AuthorForked
    | MemberJoined
    | MemberLeft
    | MemberAdded
    | MemberRemoved
    | MemberWaiting
    | RoomFull
    | RoleChanged
    | TypingChanged
    | PresenceChanged
    | ConnectionChanged
    | ClaimChanged
    | KeyChanged
    | VerificationChanged
    | StatusChanged
    | StreamOpened
    | StateChanged
)
