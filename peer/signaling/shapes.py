"""The JSON of the signaling wire, as msgspec Structs: types, lengths and alphabets, nothing else.

Only `wire` uses them. Unknown fields are skipped, since old bots meet new servers. Human text is not refused
but cleaned of what could steer a terminal: one odd name must not keep a peer out of a room.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from ..ids import PeerId, Topic
from ..ports import IceServer, PeerInfo, RoomInfo, SignalKind
from .frames import Refusal

__all__ = [
    "Attest",
    "Attested",
    "CreateRoom",
    "Envelope",
    "EnvelopeFrame",
    "Error",
    "Failure",
    "Head",
    "HeartbeatReply",
    "IceServerEntry",
    "Inbox",
    "JoinRoom",
    "Joined",
    "Nonce",
    "Nothing",
    "Peer",
    "PeerLeftFrame",
    "Room",
    "Rooms",
    "SignalFrame",
    "TokenFrame",
    "WelcomeFrame",
    "clean",
]

_NOT_TEXT = {
    code: None
    for first, last in ((0x00, 0x1F), (0x7F, 0x9F), (0x2028, 0x202E), (0x2066, 0x2069))
    for code in range(first, last + 1)
}
"""Control characters, line separators and the marks that turn the direction of text."""

_PeerId = Annotated[PeerId, Meta(pattern=r"\A[A-Za-z0-9_-]{22}\Z")]
_Topic = Annotated[Topic, Meta(pattern=r"\A[A-Za-z0-9_-]{1,64}\Z")]
_Token = Annotated[str, Meta(pattern=r"\A[\x21-\x7e]{1,8192}\Z")]
_Resume = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_-]{43}\Z")]
_Code = Annotated[str, Meta(pattern=r"\A[a-z0-9_]{1,64}\Z")]
_Seconds = Annotated[float, Meta(ge=0)]


class _Wire(Struct, rename="camel", frozen=True):
    """What a server writes; never leaves `wire`."""


class Peer(_Wire, frozen=True):
    peer_id: _PeerId
    user_id: str
    display_name: str

    def value(self) -> PeerInfo:
        return PeerInfo(self.peer_id, clean(self.user_id, 256), clean(self.display_name, 64))


class Room(_Wire, frozen=True):
    room_id: _Topic
    broadcaster_name: str
    created_at: str
    participant_count: Annotated[int, Meta(ge=0)]
    is_public: bool
    custom_name: str | None = None

    def value(self) -> RoomInfo:
        return RoomInfo(
            topic=self.room_id,
            broadcaster_name=clean(self.broadcaster_name, 64),
            created_at=clean(self.created_at, 64),
            participant_count=self.participant_count,
            is_public=self.is_public,
            custom_name=None if self.custom_name is None else clean(self.custom_name, 256),
        )


class IceServerEntry(_Wire, frozen=True):
    urls: tuple[str, ...]
    username: str | None = None
    credential: str | None = None

    def value(self) -> IceServer:
        return IceServer(self.urls, self.username, self.credential)


class Joined(_Wire, frozen=True):
    room: Room
    peer_id: _PeerId
    token: _Token
    resume: _Resume
    peers: tuple[Peer, ...]
    ice_servers: tuple[IceServerEntry, ...]


class Rooms(_Wire, frozen=True):
    rooms: tuple[Room, ...]
    cursor: str | None = None


class HeartbeatReply(_Wire, frozen=True):
    peers: tuple[Peer, ...]
    heartbeat_s: float
    token: _Token | None = None
    ice_servers: tuple[IceServerEntry, ...] | None = None


class Inbox(_Wire, frozen=True):
    envelopes: tuple[msgspec.Raw, ...]


class Failure(_Wire, frozen=True):
    code: _Code
    message: str
    hint: str | None = None
    retry_after_s: _Seconds | None = None


class Error(_Wire, frozen=True):
    """Of a failed call, and the frame `error`."""

    error: Failure
    to: _PeerId | None = None

    def value(self) -> Refusal:
        failure = self.error
        hint = None if failure.hint is None else clean(failure.hint, 300)
        return Refusal(failure.code, clean(failure.message, 300), hint, failure.retry_after_s, self.to)


class Head(_Wire, frozen=True):
    type: str


class WelcomeFrame(_Wire, frozen=True):
    peer_id: _PeerId
    peers: tuple[Peer, ...]


class SignalFrame(_Wire, frozen=True, kw_only=True):
    type: SignalKind
    sender: _PeerId = msgspec.field(name="from")
    body: str


class PeerLeftFrame(_Wire, frozen=True):
    peer_id: _PeerId
    reason: str


class TokenFrame(_Wire, frozen=True):
    token: _Token
    ice_servers: tuple[IceServerEntry, ...] | None = None


class Nonce(_Wire, frozen=True):
    nonce: Annotated[str, Meta(pattern=r"\A[\x21-\x7e]{1,8192}\Z")]


class Attested(_Wire, frozen=True):
    attestation: Annotated[str, Meta(pattern=r"\A[\x21-\x7e]{1,4096}\Z")]
    expires_in_s: _Seconds


class Nothing(_Wire, frozen=True):
    """An object of which no field matters."""


class _Request(Struct, rename="camel", omit_defaults=True, kw_only=True):
    """What we write; a field that is not set is left out, since servers refuse what they do not expect."""

    room_id: Topic | None = None
    display_name: str | None = None
    resume: str | None = None


class CreateRoom(_Request, kw_only=True):
    custom_name: str | None = None
    is_public: bool


class JoinRoom(_Request, kw_only=True):
    broadcaster_name: str | None = None


class Attest(Struct):
    key: str
    nonce: str
    signature: str


class Envelope(Struct):
    to: PeerId
    body: str


class EnvelopeFrame(Struct):
    type: SignalKind
    to: PeerId
    body: str


def clean(text: str, max_chars: int) -> str:
    """What may be shown of a foreign text."""
    return text.translate(_NOT_TEXT)[:max_chars]
