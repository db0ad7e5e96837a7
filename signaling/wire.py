"""The bytes of docs/protocol.md, part 1: what clients send, parsed; what they are sent, encoded.

Foreign bytes become typed values here or raise MalformedJson or InvalidBody, and nothing else. The body of an
envelope is never parsed: it stays `msgspec.Raw` and is spliced into the frame that goes out, which keeps the server
ignorant of it and the relay fast. Field names are camelCase on the wire only; unknown fields are refused.
"""

from collections.abc import Iterable
from typing import Literal, TypeVar

import msgspec
from msgspec import Raw, Struct

from .errors import InvalidBody, MalformedJson, Refused
from .fields import (
    CodeText,
    CountNumber,
    CursorText,
    IceUrlText,
    NameText,
    PeerIdText,
    ResumeText,
    RoomIdText,
    SecondsNumber,
    ShownNameText,
    TimeText,
    TokenText,
    UserIdText,
)
from .ids import PeerId

__all__ = [
    "KINDS",
    "AnswerFrame",
    "ByeFrame",
    "CandidateFrame",
    "ClientFrame",
    "CreateRoom",
    "EnvelopeFrame",
    "ErrorAnswer",
    "ErrorFrame",
    "Failure",
    "Heard",
    "HeartbeatFrame",
    "HelloFrame",
    "IceServer",
    "JoinRoom",
    "Joined",
    "Kind",
    "LeaveFrame",
    "LeftReason",
    "OfferFrame",
    "OnlyRoom",
    "Peer",
    "PeerJoined",
    "PeerLeft",
    "PostEnvelope",
    "Room",
    "Rooms",
    "TokenFrame",
    "Welcome",
    "decode_body",
    "decode_frame",
    "encode",
    "encode_envelope",
    "encode_envelopes",
    "encode_error",
    "encode_error_frame",
    "encode_peer_joined",
    "encode_peer_left",
    "encode_token",
    "encode_welcome",
]

Kind = Literal["offer", "answer", "candidate", "bye"]
KINDS: tuple[Kind, ...] = ("offer", "answer", "candidate", "bye")
LeftReason = Literal["left", "timeout"]
"""Who is replaced by its own newer connection has not left, and nobody hears of it."""

MAX_REASON_LENGTH = 200
"""A parser's sentence may quote what the client sent."""


class CreateRoom(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Body of create-room."""

    room_id: RoomIdText | None = None
    custom_name: NameText | None = None
    is_public: bool = False
    display_name: NameText | None = None
    resume: ResumeText | None = None


class JoinRoom(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Body of join-room; exactly one of the first two is given."""

    room_id: RoomIdText | None = None
    broadcaster_name: NameText | None = None
    display_name: NameText | None = None
    resume: ResumeText | None = None


class PostEnvelope(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Body of offer, answer, candidate and bye."""

    to: PeerIdText
    body: Raw
    room_id: RoomIdText | None = None


class OnlyRoom(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Body of heartbeat and leave-room."""

    room_id: RoomIdText | None = None


class HelloFrame(Struct, frozen=True, tag="hello", forbid_unknown_fields=True):
    """The first frame of a WebSocket that brought no token in its header."""

    token: TokenText


class EnvelopeFrame(Struct, frozen=True, forbid_unknown_fields=True):
    """What the four kinds share."""

    to: PeerIdText
    body: Raw


class OfferFrame(EnvelopeFrame, frozen=True, tag="offer", forbid_unknown_fields=True):
    """An offer for one peer."""


class AnswerFrame(EnvelopeFrame, frozen=True, tag="answer", forbid_unknown_fields=True):
    """An answer for one peer."""


class CandidateFrame(EnvelopeFrame, frozen=True, tag="candidate", forbid_unknown_fields=True):
    """A candidate for one peer."""


class ByeFrame(EnvelopeFrame, frozen=True, tag="bye", forbid_unknown_fields=True):
    """An attempt or link is given up."""


class HeartbeatFrame(Struct, frozen=True, tag="heartbeat", forbid_unknown_fields=True):
    """From clients that cannot answer pings."""


class LeaveFrame(Struct, frozen=True, tag="leave", forbid_unknown_fields=True):
    """The peer leaves its room."""


ClientFrame = HelloFrame | OfferFrame | AnswerFrame | CandidateFrame | ByeFrame | HeartbeatFrame | LeaveFrame

KIND_OF: dict[type[EnvelopeFrame], Kind] = {
    OfferFrame: "offer",
    AnswerFrame: "answer",
    CandidateFrame: "candidate",
    ByeFrame: "bye",
}


class Room(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A room as clients see it."""

    room_id: RoomIdText
    broadcaster_id: UserIdText
    broadcaster_name: ShownNameText
    created_at: TimeText
    participant_count: CountNumber
    is_public: bool
    custom_name: ShownNameText | None = None


class Peer(Struct, frozen=True, rename="camel"):
    """A peer as the others see it."""

    peer_id: PeerIdText
    user_id: UserIdText
    display_name: ShownNameText


class IceServer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An RTCIceServer of the W3C."""

    urls: tuple[IceUrlText, ...]
    username: str | None = None
    credential: str | None = None


class Joined(
    Struct,
    frozen=True,
    kw_only=True,
    rename={"peer_id": "peerId", "ice_servers": "iceServers", "heartbeat_s": "heartbeatS"},
):
    """The answer of create-room and join-room."""

    room: Room
    peer_id: PeerIdText
    token: TokenText
    resume: ResumeText
    peers: tuple[Peer, ...]
    ice_servers: tuple[IceServer, ...]
    heartbeat_s: SecondsNumber


class Heard(
    Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    rename={"heartbeat_s": "heartbeatS", "ice_servers": "iceServers"},
):
    """The answer of heartbeat."""

    heartbeat_s: SecondsNumber
    peers: tuple[Peer, ...]
    token: TokenText | None = None
    ice_servers: tuple[IceServer, ...] | None = None
    """With a token, where credentials end with the one before."""


class Rooms(Struct, frozen=True, omit_defaults=True):
    """One page of public rooms."""

    rooms: tuple[Room, ...]
    cursor: CursorText | None = None


class Welcome(
    Struct, frozen=True, kw_only=True, tag="welcome", rename={"peer_id": "peerId", "heartbeat_s": "heartbeatS"}
):
    """The answer to a hello."""

    peer_id: PeerIdText
    peers: tuple[Peer, ...]
    heartbeat_s: SecondsNumber


class PeerJoined(Struct, frozen=True, tag="peer-joined", rename="camel"):
    """Notice: a peer has entered the room."""

    peer_id: PeerIdText
    user_id: UserIdText
    display_name: ShownNameText


class PeerLeft(Struct, frozen=True, tag="peer-left", rename="camel"):
    """Notice: a peer has left the room."""

    peer_id: PeerIdText
    reason: LeftReason


class TokenFrame(Struct, frozen=True, tag="token", omit_defaults=True, rename="camel"):
    """A fresh room token; the old one still runs out by itself."""

    token: TokenText
    ice_servers: tuple[IceServer, ...] | None = None


class Failure(Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"retry_after_s": "retryAfterS"}):
    """A stable code, a sentence, and what to do."""

    code: CodeText
    message: str
    hint: str | None = None
    retry_after_s: SecondsNumber | None = None


class ErrorAnswer(Struct, frozen=True):
    """What every failure answers."""

    error: Failure


class ErrorFrame(Struct, frozen=True, omit_defaults=True, tag="error"):
    """The same in a WebSocket; `to` is that of the frame that caused it."""

    error: Failure
    to: PeerIdText | None = None


S = TypeVar("S", bound=Struct)

_frames: msgspec.json.Decoder[ClientFrame] = msgspec.json.Decoder(ClientFrame)
encode = msgspec.json.Encoder().encode


def decode_body(data: bytes, shape: type[S]) -> S:
    """Read the body of a call; raise MalformedJson or InvalidBody for anything else."""
    try:
        # msgspec skips over the strings of a Raw without looking at their bytes, and receivers would choke on them
        return msgspec.json.decode(data.decode(), type=shape)
    except Exception as error:
        raise _refusal(error) from error


def decode_frame(text: str) -> ClientFrame:
    """Read one text frame; raise MalformedJson or InvalidBody for anything we do not take."""
    try:
        return _frames.decode(text)
    except Exception as error:
        raise _refusal(error) from error


def _refusal(error: Exception) -> MalformedJson | InvalidBody:
    match error:
        case msgspec.ValidationError():
            return InvalidBody(str(error)[:MAX_REASON_LENGTH])
        case msgspec.DecodeError():
            return MalformedJson(str(error)[:MAX_REASON_LENGTH])
        case RecursionError():
            return MalformedJson("it is nested too deeply")
        case UnicodeError():
            return MalformedJson("it is not UTF-8")
        case _:
            raise error


def encode_envelope(kind: Kind, sender: PeerId, body: Raw | bytes) -> bytes:
    """The frame its addressee gets. Kinds and peer ids need no escaping: both come from us."""
    return b'{"type":"%b","from":"%b","body":%b}' % (kind.encode(), sender.encode(), body)


def encode_envelopes(frames: Iterable[bytes]) -> bytes:
    """The answer of a poll, from frames as they were posted."""
    return b'{"envelopes":[' + b",".join(frames) + b"]}"


def encode_welcome(peer_id: PeerId, peers: tuple[Peer, ...], *, heartbeat_s: int) -> bytes:
    """The answer to a hello."""
    return encode(Welcome(peer_id=peer_id, peers=peers, heartbeat_s=heartbeat_s))


def encode_peer_joined(peer: Peer) -> bytes:
    """Notice to those who were there before."""
    return encode(PeerJoined(peer.peer_id, peer.user_id, peer.display_name))


def encode_peer_left(peer_id: PeerId, reason: LeftReason) -> bytes:
    """Notice to those who remain."""
    return encode(PeerLeft(peer_id, reason))


def encode_token(token: str, ice_servers: tuple[IceServer, ...] | None = None) -> bytes:
    """A fresh room token for an open connection, and fresh ICE servers where their credentials end with the old one."""
    return encode(TokenFrame(token, ice_servers))


def encode_error(refused: Refused) -> bytes:
    """The body of an HTTP failure."""
    return encode(ErrorAnswer(_error(refused)))


def encode_error_frame(refused: Refused, *, to: str | None = None) -> bytes:
    """The same over a WebSocket; `to` names the addressee of the frame that caused it."""
    return encode(ErrorFrame(_error(refused), to))


def _error(refused: Refused) -> Failure:
    return Failure(code=refused.code, message=refused.message, hint=refused.hint, retry_after_s=refused.retry_after_s)
