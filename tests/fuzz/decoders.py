"""Everything that reads foreign bytes, as functions that raise for a finding and for nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from peer import attestation, invite
from peer.config import Config
from peer.core.machine import LinkId
from peer.core.safety import encode_code, read_code
from peer.core.streams import Offered, Streams
from peer.crypto.identity import Identity
from peer.crypto.link_cipher import LinkCipher
from peer.encoding import decode_base64url, public_key_of
from peer.errors import (
    BadAttestation,
    BadCiphertext,
    BadIdentity,
    BadInvite,
    LinkFailed,
    MalformedFrame,
    Replayed,
    VerificationFailed,
)
from peer.ids import MemberId, PeerId, RoomId, Topic
from peer.keys.at_rest import RestKey
from peer.keys.sealing import SignalContext, open_signal, seal_signal
from peer.log.control import Ban, encode_control, kind_of
from peer.log.event import Header, Plane, hlc_at, seal_event
from peer.log.facts import decode_fact
from peer.log.genesis import decode_genesis, found_room
from peer.log.summary import decode_part
from peer.rtc.sdp import parse_description
from peer.signaling import wire
from peer.wire import frames, signals
from peer.wire.frames import (
    FloodNotice,
    Introduction,
    MessageEvents,
    StreamCredit,
    StreamData,
    StreamFrame,
    StreamOpen,
    StreamStop,
    TypingNotice,
)
from peer.wire.padding import pad

__all__ = ["DECODERS", "Target"]


@dataclass(frozen=True)
class Target:
    """`run` takes any bytes at all; `seeds` are some that it likes."""

    run: Callable[[bytes], None]
    seeds: tuple[bytes, ...] = (b"",)


def only(decode: Callable[[bytes], object], *errors: type[Exception]) -> Callable[[bytes], None]:
    """Whatever else it raises is a finding."""

    def run(data: bytes) -> None:
        with suppress(*errors):
            decode(data)

    return run


def text_of(decode: Callable[[str], object]) -> Callable[[bytes], object]:
    return lambda data: decode(data.decode("utf-8", "surrogateescape" if data[:1] == b"\xff" else "replace"))


ROOM = RoomId(bytes(32))
ANN = Identity.from_seed(bytes(32))
BOB = Identity.from_seed(bytes([1]) * 32)
KEYS = attestation.AttestationKeys("https://signal.example", {"k": ANN.public_key})
CONTEXT = SignalContext(Topic("topic"), "offer", PeerId("a"), PeerId("b"))
INVITE = invite.Invite("https://signal.example", ROOM, bytes(16), bytes(16))
FRAMES = tuple(
    frames.encode(each)
    for each in (
        *(Introduction("ann", "Deck", "online"), MessageEvents((b"event",), False), TypingNotice(True)),
        *(StreamOpen(0, "a", 5), StreamData(0, b"text"), StreamCredit(0, 4, 9), StreamStop(0, "b"), FloodNotice(9)),
    )
)
_, GENESIS = found_room(owner=ANN.public_key, random_bytes=bytes)


def _open_frame(data: bytes) -> None:
    """A fresh cipher with a window that has moved, and an old epoch."""
    cipher = LinkCipher(bytes(32), bytes(32))
    cipher.open(LinkCipher(bytes(32), bytes(32)).seal(b"text"))
    cipher.expect(bytes([1]) * 32)
    cipher.open(data)


def _stream(data: bytes) -> None:
    """Two frames in a row, where a stream goes each way; no more is held than was asked for."""
    streams, link = Streams(Config(stream_window_bytes=64)), LinkId(PeerId("b"), bytes(8))
    streams.open(link, BOB.member_id, label="ours", size=None, now=0.0).write(bytes(64))
    streams.pull(link, budget_bytes=1 << 16, now=0.0)
    streams.receive(link, BOB.member_id, StreamOpen(0, "theirs", None), now=0.0)
    [theirs] = [order.stream for order in streams.orders() if isinstance(order, Offered)]
    streams.read(theirs, now=0.0)
    for frame in (frames.decode(data),) * 2:
        if isinstance(frame, StreamFrame):
            streams.receive(link, BOB.member_id, frame, now=0.0)
    while chunk := streams.read(theirs, now=0.0):
        assert len(chunk) <= 64
    assert theirs.taken_bytes <= 64


def _check_encoding(data: bytes) -> None:
    text = data.decode("latin-1")
    assert decode_base64url(text) is not None
    assert public_key_of(MemberId(text)) is not None


def _event() -> bytes:
    """The ban of somebody."""
    body = encode_control(Ban(BOB.public_key))
    header = Header(
        version=1,
        author=ANN.public_key,
        incarnation=bytes(8),
        plane=Plane.CONTROL,
        seq=1,
        prev=b"",
        hlc=hlc_at(1),
        kind=kind_of(Ban(BOB.public_key)),
        auth=b"",
        ref=None,
        body_hash=hashlib.sha256(body).digest(),
    )
    encoded = seal_event(header, body, identity=ANN, room_id=ROOM).encoded
    assert decode_fact(encoded, room_id=ROOM).event.encoded == encoded
    return encoded


DECODERS: dict[str, Target] = {
    "frame": Target(only(frames.decode, MalformedFrame), (*FRAMES, *map(pad, FRAMES[1:3]))),
    "stream": Target(only(_stream, MalformedFrame), FRAMES[3:]),
    "sealed frame": Target(
        only(_open_frame, MalformedFrame, Replayed, BadCiphertext), (LinkCipher(bytes(32), bytes(32)).seal(b"text"),)
    ),
    "signal": Target(
        only(text_of(lambda text: open_signal(text, key=bytes(32), context=CONTEXT)), MalformedFrame, BadCiphertext),
        (seal_signal(b"text", key=bytes(32), context=CONTEXT, random_bytes=bytes).encode(),),
    ),
    "description": Target(
        only(signals.decode_description, MalformedFrame),
        (signals.encode_description(signals.Description(bytes(8), "v=0")),),
    ),
    "sdp": Target(
        only(text_of(parse_description), LinkFailed), (b"v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n",)
    ),
    "invite": Target(
        only(text_of(invite.parse_invite), BadInvite), (INVITE.link.encode(), b"https://signal.example/j#pub.lobby")
    ),
    "member id": Target(only(_check_encoding, ValueError, BadIdentity), (ANN.member_id.encode(),)),
    "genesis": Target(only(decode_genesis, MalformedFrame), (GENESIS,)),
    "event": Target(only(lambda data: decode_fact(data, room_id=ROOM), MalformedFrame), (_event(),)),
    "summary": Target(only(lambda data: decode_part(data, max_bytes=4096), MalformedFrame), (b"\x92\xc4\x00\x90",)),
    "verification code": Target(
        only(text_of(lambda text: read_code(text, ours=ANN.member_id)), VerificationFailed),
        (encode_code(ours=BOB.member_id, theirs=ANN.member_id).encode(),),
    ),
    "attestation keys": Target(
        only(attestation.parse_keys, BadAttestation), (b'{"issuer":"https://signal.example","keys":[]}',)
    ),
    "attestation": Target(
        only(
            text_of(lambda text: attestation.verify_attestation(text, keys=KEYS, member=ANN.member_id, now_s=0.0)),
            BadAttestation,
        ),
        (b"eyJhbGciOiJFZERTQSJ9.e30.AAAA",),
    ),
    "row at rest": Target(
        only(lambda data: RestKey(bytes(32)).open(data, name=b"row"), BadCiphertext),
        (RestKey(bytes(32)).seal(b"text", name=b"row", random_bytes=bytes),),
    ),
} | {
    f"signaling {name}": Target(only(decode, MalformedFrame), (b"{}", b'{"type":"offer","from":"a","body":"b"}'))
    for name, decode in {
        "admission": wire.decode_admission,
        "rooms": wire.decode_rooms,
        "beat": wire.decode_beat,
        "nonce": wire.decode_nonce,
        "attested": wire.decode_attested,
        "inbox": wire.decode_inbox,
        "refusal": wire.decode_refusal,
        "frame": wire.decode_frame,
    }.items()
}
