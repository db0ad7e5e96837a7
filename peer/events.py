"""What a bot hears and holds: messages, members, and facts in the past tense.

All of it is frozen and typed, so that `match` works and the editor knows every field. Own messages are not reported
as events: `send()` answers them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal, Protocol, TypeAlias

from .errors import UsageError
from .ids import MemberId, MessageId, PeerId, Topic

__all__ = [
    "Acquaintance",
    "Claim",
    "ClaimChanged",
    "ConnectionChanged",
    "ConnectionState",
    "Event",
    "KeyChanged",
    "Member",
    "MemberJoined",
    "MemberLeft",
    "MemberWaiting",
    "Message",
    "MessageStatus",
    "Presence",
    "PresenceChanged",
    "Role",
    "RoleChanged",
    "RoomFull",
    "RoomState",
    "StateChanged",
    "StatusChanged",
    "StreamOpened",
    "StreamReader",
    "TypingChanged",
    "VerificationChanged",
]

Presence: TypeAlias = Literal["online", "away", "offline"]
Role: TypeAlias = Literal["owner", "admin", "moderator", "member"]
"""What a member may: members talk, moderators remove members, admins invite and admit, owners make admins."""
MessageStatus: TypeAlias = Literal["draft", "sent", "delivered"]
"""`draft` until the first member was handed the message, `delivered` once all who were linked then confirmed it; never
backwards."""
ConnectionState: TypeAlias = Literal["new", "connecting", "linked", "suspect", "lost", "closed"]
"""How we stand with another peer:

- `new`: the signaling server names it, and nothing was tried yet;
- `connecting`: a link is being made;
- `linked`: a link is open, and its other end lives;
- `suspect`: nothing was heard of it for a moment, or its path broke and another one is sought;
- `lost`: there is no link; the next attempt follows as long as the server says that it is present;
- `closed`: it left, or was removed, or we left.
"""


class RoomState(StrEnum):
    """How we stand in a room."""

    LOBBY = "lobby"
    """Not a member yet: nobody is here to let us in, or an admin has to do it. What is sent waits."""
    JOINED = "joined"
    SIGNALING_LOST = "signaling-lost"
    """No server answers: links live on, newcomers cannot reach us; we go on trying."""
    LEFT = "left"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Which user of its identity provider a member is, says the signaling server.

    The server and the provider can say what they like, so this is no identity: membership, and whoever is recognised
    from one day to the next, go by `Member.id`.
    """

    subject: str
    """The user's id at the provider."""
    name: str | None
    """The user's name there; for people to read."""
    issuer: str
    """What the server calls itself."""
    is_contested: bool = False
    """Another key seen in this room bears the same claim: a second device, or somebody who should not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acquaintance:
    """Whom we met before: a key, and the name it had then."""

    id: MemberId
    name: str
    verified: bool
    """We made sure that this key was theirs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An identity in a room; equal by every field, the same person by `id`."""

    id: MemberId
    name: str
    """What they call themselves; for people to read, not to trust."""
    role: Role = "member"
    presence: Presence = "online"
    last_seen: datetime | None = None
    """UTC; when the last link to them ended. None while they are here."""
    connection: ConnectionState = "linked"
    """How we stand with them; the best of it where they run several processes."""
    is_me: bool = False
    claim: Claim | None = None
    """What the signaling server says of who they are; None where it says nothing that holds."""
    verified: bool = False
    """We made sure, by safety number or code, that this key is theirs: `Peer.verify`."""
    changed_from: Acquaintance | None = None
    """Whom we met under this claim, or in this public room under this name, with another key: they have a new device,
    or this is somebody else. None for everybody else, and once this key is verified."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a person or bot wrote."""

    id: MessageId
    room: Topic
    """`Room.id` of the room it was written in."""
    sender: Member
    text: str
    sent_at: datetime
    """UTC, by the sender's clock."""
    status: MessageStatus = "sent"
    emote_ids: tuple[str, ...] = ()
    custom_emoji_ids: tuple[str, ...] = ()
    replier: Callable[[str], Awaitable[Message]] | None = field(default=None, repr=False, compare=False)
    """What `reply` calls: the `send` of the room that it came from; None in a message made by hand."""

    async def reply(self, text: str) -> Message:
        """Send `text` to the room that this message came from. Raises what `Room.send` raises."""
        if self.replier is None:
            raise UsageError("this message came from no room: there is nobody to reply to")
        return await self.replier(text)


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


@dataclass(frozen=True, slots=True)
class StatusChanged:
    """One of our messages got further."""

    message_id: MessageId
    status: MessageStatus


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
    | MemberJoined
    | MemberLeft
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
