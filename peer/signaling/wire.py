"""The peer's half of the signaling wire (docs/protocol.md, part 1): requests out, replies and frames in.

Pure, and tolerant in one direction only: unknown fields and unknown types of frames are skipped, since old
bots meet new servers; all else that the contract does not allow raises `MalformedFrame`. The contract lets a
body be any JSON value; between our peers it is always a string.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import TypeVar

import msgspec

from ..attestation import Proof
from ..errors import MalformedFrame
from ..ids import PeerId, Topic
from ..ports import Attestation, IceServer, PeerInfo, PeerJoinedRoom, PeerLeftRoom, Signal
from .frames import Admission, Beat, Frame, FreshToken, Refusal, RoomPage, Welcome
from .shapes import (
    Attest,
    Attested,
    CreateRoom,
    Envelope,
    EnvelopeFrame,
    Error,
    Head,
    HeartbeatReply,
    IceServerEntry,
    Inbox,
    Joined,
    JoinRoom,
    Nonce,
    Nothing,
    Peer,
    PeerLeftFrame,
    Rooms,
    SignalFrame,
    TokenFrame,
    WelcomeFrame,
    clean,
)

__all__ = [
    "LEAVE_FRAME",
    "check_done",
    "decode_admission",
    "decode_attested",
    "decode_beat",
    "decode_frame",
    "decode_inbox",
    "decode_nonce",
    "decode_refusal",
    "decode_rooms",
    "derive_peer_id",
    "encode_attest",
    "encode_create_room",
    "encode_frame",
    "encode_join_room",
    "encode_signal",
]

LEAVE_FRAME = '{"type":"leave"}'

_HEARTBEAT_S = (1.0, 600.0)
"""Whatever a server asks for, we beat neither in a frenzy nor so rarely that it would make no sense."""

T = TypeVar("T")


def encode_create_room(
    *,
    topic: Topic | None,
    custom_name: str | None,
    is_public: bool,
    display_name: str | None = None,
    resume: str | None = None,
) -> bytes:
    """The body of create-room."""
    return msgspec.json.encode(
        CreateRoom(
            room_id=topic,
            custom_name=custom_name,
            is_public=is_public,
            display_name=display_name,
            resume=resume,
        )
    )


def encode_join_room(
    *,
    topic: Topic | None = None,
    broadcaster_name: str | None = None,
    display_name: str | None = None,
    resume: str | None = None,
) -> bytes:
    """The body of join-room."""
    return msgspec.json.encode(
        JoinRoom(room_id=topic, broadcaster_name=broadcaster_name, display_name=display_name, resume=resume)
    )


def encode_attest(proof: Proof, *, nonce: str) -> bytes:
    """The body of attest."""
    return msgspec.json.encode(Attest(proof.key, nonce, proof.signature))


def encode_signal(signal: Signal) -> bytes:
    """The body of a POST; its address says the kind."""
    return msgspec.json.encode(Envelope(signal.remote, signal.body))


def encode_frame(signal: Signal) -> str:
    """The text frame of the WebSocket."""
    return msgspec.json.encode(EnvelopeFrame(signal.kind, signal.remote, signal.body)).decode()


def decode_admission(data: bytes) -> Admission:
    """Read *joined*; a peer id that does not come from the resume secret is malformed too."""
    joined = _decode(data, Joined)
    if derive_peer_id(joined.resume) != joined.peer_id:
        raise MalformedFrame("the peer id does not come from the resume secret")
    return Admission(
        peer_id=joined.peer_id,
        room=joined.room.value(),
        peers=_people(joined.peers),
        ice_servers=_servers(joined.ice_servers),
        token=joined.token,
        resume=joined.resume,
    )


def decode_rooms(data: bytes) -> RoomPage:
    """Read a page of rooms."""
    page = _decode(data, Rooms)
    return RoomPage(tuple(room.value() for room in page.rooms), page.cursor)


def decode_beat(data: bytes) -> Beat:
    """Read the reply to a heartbeat; its interval is brought within sane bounds."""
    beat = _decode(data, HeartbeatReply)
    shortest, longest = _HEARTBEAT_S
    heartbeat_s = min(max(beat.heartbeat_s, shortest), longest)
    return Beat(_people(beat.peers), heartbeat_s, beat.token, _maybe_servers(beat.ice_servers))


def decode_nonce(data: bytes) -> str:
    """Read what the server wants signed."""
    return _decode(data, Nonce).nonce


def decode_attested(data: bytes) -> Attestation:
    """Read the server's word for our key."""
    attested = _decode(data, Attested)
    return Attestation(attested.attestation, attested.expires_in_s)


def decode_inbox(data: bytes) -> tuple[bytes, ...]:
    """Split an inbox into frames, so that one bad frame does not cost the others."""
    return tuple(bytes(frame) for frame in _decode(data, Inbox).envelopes)


def decode_refusal(data: bytes) -> Refusal:
    """Read the body of a failed call."""
    return _decode(data, Error).value()


def check_done(data: bytes) -> None:
    """Raise `MalformedFrame` for a reply that is not an object: something else said 200."""
    _decode(data, Nothing)


def decode_frame(data: bytes | str) -> Frame | None:
    """Read one frame of the WebSocket or the inbox; None for a type that we do not know."""
    read = _FRAMES.get(_decode(data, Head).type)
    return None if read is None else read(data)


def derive_peer_id(resume: str) -> PeerId:
    """Who holds this secret is this peer, on any server: part 1, "Words"."""
    secret = base64.urlsafe_b64decode(resume + "=")
    name = hashlib.sha256(b"speaktube peer id\x00" + secret).digest()[:16]
    return PeerId(base64.urlsafe_b64encode(name).rstrip(b"=").decode())


def _welcome(data: bytes | str) -> Welcome:
    frame = _decode(data, WelcomeFrame)
    return Welcome(frame.peer_id, _people(frame.peers))


def _signal(data: bytes | str) -> Signal:
    frame = _decode(data, SignalFrame)
    return Signal(frame.type, frame.sender, frame.body)


def _peer_joined(data: bytes | str) -> PeerJoinedRoom:
    return PeerJoinedRoom(_decode(data, Peer).value())


def _peer_left(data: bytes | str) -> PeerLeftRoom:
    frame = _decode(data, PeerLeftFrame)
    return PeerLeftRoom(frame.peer_id, clean(frame.reason, 32))


def _fresh_token(data: bytes | str) -> FreshToken:
    frame = _decode(data, TokenFrame)
    return FreshToken(frame.token, _maybe_servers(frame.ice_servers))


def _refusal(data: bytes | str) -> Refusal:
    return _decode(data, Error).value()


_FRAMES: dict[str, Callable[[bytes | str], Frame]] = {
    "welcome": _welcome,
    "offer": _signal,
    "answer": _signal,
    "candidate": _signal,
    "bye": _signal,
    "peer-joined": _peer_joined,
    "peer-left": _peer_left,
    "token": _fresh_token,
    "error": _refusal,
}


def _people(peers: tuple[Peer, ...]) -> tuple[PeerInfo, ...]:
    return tuple(peer.value() for peer in peers)


def _servers(entries: tuple[IceServerEntry, ...]) -> tuple[IceServer, ...]:
    return tuple(entry.value() for entry in entries)


def _maybe_servers(entries: tuple[IceServerEntry, ...] | None) -> tuple[IceServer, ...] | None:
    return None if entries is None else _servers(entries)


def _decode(data: bytes | str, into: type[T]) -> T:
    """The one place where foreign bytes become values; the error never quotes them."""
    try:
        return msgspec.json.decode(data, type=into)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise MalformedFrame(f"not what the signaling wire allows ({type(error).__name__})") from error
