"""The handshake of a link: two strangers on a data channel become two proven members with fresh keys.

docs/protocol.md, "Handshake". One object is one try: the first thing wrong ends it for good, with one exception
type and nothing to send, so that who sent it learns nothing.

Promised to both: the other side knows the gate, holds the identity shown, saw the same hellos, topic and
fingerprints, and runs this very session; keys are fresh and shared with nobody else. Nothing is sent after the other
side's proof, and nothing delivered, before `authorise` agreed. An initiator shows its identity to authorised
responders only. Not promised: the responder proves itself first, so whoever holds the gate can learn that this identity
is here; somebody has to begin. Identities are not hidden from members, and signatures cannot be denied.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias, assert_never

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ..encoding import length_prefixed
from ..errors import BadCiphertext, BadSetting, CryptoError, HandshakeFailed, RemoteError
from ..ids import MemberId, Topic
from . import labels
from .identity import IDENTITY_KEY_BYTES, SIGNATURE_BYTES, Identity, check_identity_key, member_id_of, verify
from .link_cipher import LinkCipher
from .noise import DH_BYTES, TAG_BYTES, NoiseNNpsk0

__all__ = ["FINGERPRINT_BYTES", "SUITE_X25519", "Established", "Handshake", "Role"]

FINGERPRINT_BYTES = 32
SUITE_X25519 = 1
"""A suite 2 with ML-KEM-768 will add payloads to messages 1 and 2, and its secret to `_derive_session`."""

_HELLO, _MESSAGE_1, _MESSAGE_2, _MESSAGE_3 = b"\x00", b"\x01", b"\x02", b"\x03"
_HELLO_HEAD = _HELLO + b"speaktube" + b"\x01"
_MAX_HELLO_BYTES = 64
_NOISE_BYTES = DH_BYTES + TAG_BYTES
_AUTH_BYTES = IDENTITY_KEY_BYTES + SIGNATURE_BYTES + TAG_BYTES
_AUTH_NONCE = bytes(12)  # each auth key seals once


class Role(enum.Enum):
    """Who offered is the initiator; the value is its letter in signatures."""

    INITIATOR = b"I"
    RESPONDER = b"R"

    @property
    def other(self) -> Role:
        return Role.RESPONDER if self is Role.INITIATOR else Role.INITIATOR


_AUTH_LABELS = {Role.INITIATOR: labels.AUTH_I2R, Role.RESPONDER: labels.AUTH_R2I}
_CHANNEL_LABELS = {
    "events": {Role.INITIATOR: labels.EVENTS_I2R, Role.RESPONDER: labels.EVENTS_R2I},
    "ephemeral": {Role.INITIATOR: labels.EPHEMERAL_I2R, Role.RESPONDER: labels.EPHEMERAL_R2I},
}
"""By who seals."""


@dataclass(frozen=True, slots=True)
class Established:
    """Who the other side is, and the keys; they move out by `cipher`."""

    remote: MemberId
    suite: int
    handshake_hash: bytes = field(repr=False)
    """Names this session; the same on both sides."""
    _ciphers: dict[str, LinkCipher] = field(repr=False)

    def cipher(self, channel: str) -> LinkCipher:
        """The cipher of `events` or `ephemeral`; each can be taken once, or a counter might be used twice."""
        if channel not in self._ciphers:
            raise BadSetting(f"no keys for channel {channel!r}: there are none, or they were taken")
        return self._ciphers.pop(channel)


@dataclass(frozen=True, slots=True, repr=False)
class _Session:
    """What one finished Noise handshake gives."""

    suite: int
    handshake_hash: bytes
    auth_keys: dict[Role, bytes]
    """By who seals with it; each leaves with its one use."""
    ciphers: dict[str, LinkCipher]


# The states, each with what exists in it. Initiator: New, Greeted, AwaitsMessage2, Done. Responder: New, Greeted,
# AwaitsMessage1, AwaitsMessage3, Done. From each of them: Dead.
@dataclass(frozen=True, slots=True, repr=False)
class _New:
    gate: bytes


@dataclass(frozen=True, slots=True, repr=False)
class _Greeted:
    gate: bytes


@dataclass(frozen=True, slots=True, repr=False)
class _AwaitsMessage1:
    suite: int
    noise: NoiseNNpsk0


@dataclass(frozen=True, slots=True, repr=False)
class _AwaitsMessage2:
    suite: int
    noise: NoiseNNpsk0


@dataclass(frozen=True, slots=True, repr=False)
class _AwaitsMessage3:
    session: _Session


@dataclass(frozen=True, slots=True)
class _Done:
    established: Established


@dataclass(frozen=True, slots=True)
class _Dead:
    pass


_State: TypeAlias = _New | _Greeted | _AwaitsMessage1 | _AwaitsMessage2 | _AwaitsMessage3 | _Done | _Dead
_Step: TypeAlias = tuple[_State, list[bytes]]


class Handshake:
    """One side of one try. `start` once, `receive` each frame, until `established` or HandshakeFailed."""

    def __init__(  # noqa: PLR0913 - all that is bound together, by name
        self,
        *,
        role: Role,
        identity: Identity,
        gate: bytes,
        topic: Topic,
        local_fingerprint: bytes,
        remote_fingerprint: bytes,
        authorise: Callable[[MemberId], bool],
        random_bytes: Callable[[int], bytes],
        suites: tuple[int, ...] = (SUITE_X25519,),
    ) -> None:
        """`suites`: those we accept, so the smallest is our minimum. Raise BadSetting for what cannot be bound."""
        if {len(local_fingerprint), len(remote_fingerprint)} != {FINGERPRINT_BYTES}:
            raise BadSetting(f"a fingerprint has {FINGERPRINT_BYTES} bytes: the SHA-256 of a certificate")
        if set(suites) != {SUITE_X25519}:
            raise BadSetting("suite 1 is the only one of this version")
        self._role = role
        self._identity = identity
        self._topic = topic
        self._local_fingerprint = local_fingerprint
        self._remote_fingerprint = remote_fingerprint
        self._authorise = authorise
        self._random_bytes = random_bytes
        self._suites = suites
        self._state: _State = _New(gate)

    @property
    def established(self) -> Established | None:
        """Set once both sides are proven."""
        return self._state.established if isinstance(self._state, _Done) else None

    def start(self) -> list[bytes]:
        """Our hello, to be sent as soon as the channel is open; once, before anything is received."""
        if not isinstance(self._state, _New):
            raise HandshakeFailed("this handshake was started before")
        self._state = _Greeted(self._state.gate)
        return [self._hello()]

    def receive(self, frame: bytes) -> list[bytes]:
        """The frames to send in return; raise HandshakeFailed, now and from now on, for anything unexpected."""
        state, self._state = self._state, _Dead()
        try:
            self._state, replies = self._advance(state, frame)
        except (CryptoError, RemoteError) as error:
            raise HandshakeFailed(str(error)) from error
        return replies

    def _advance(self, state: _State, frame: bytes) -> _Step:
        match state:
            case _Greeted():
                return self._receive_hello(state, frame)
            case _AwaitsMessage1():
                return self._receive_message_1(state, frame)
            case _AwaitsMessage2():
                return self._receive_message_2(state, frame)
            case _AwaitsMessage3():
                return self._receive_message_3(state, frame)
            case _New() | _Done() | _Dead():
                raise HandshakeFailed(f"no frame is expected when {type(state).__name__.strip('_').lower()}")
            case _:  # pragma: no cover - the type checker proves that no state is left
                assert_never(state)

    # ---- one method for each frame

    def _receive_hello(self, state: _Greeted, hello: bytes) -> _Step:
        suite = _choose_suite(ours=self._suites, theirs=_suites_of(hello))
        prologue = self._prologue(hello)
        noise = NoiseNNpsk0(psk=state.gate, prologue=prologue, random_bytes=self._random_bytes)
        if self._role is Role.RESPONDER:
            return _AwaitsMessage1(suite, noise), []
        return _AwaitsMessage2(suite, noise), [_MESSAGE_1 + noise.write_message_1(b"")]

    def _receive_message_1(self, state: _AwaitsMessage1, frame: bytes) -> _Step:
        """-> 01 | e 32 | tag 16; answered with the first proof of identity."""
        state.noise.read_message_1(_body(frame, _MESSAGE_1, _NOISE_BYTES))
        message_2 = state.noise.write_message_2(b"")
        session = _derive_session(state.noise, suite=state.suite, role=self._role)
        return _AwaitsMessage3(session), [_MESSAGE_2 + message_2 + self._seal_auth(session)]

    def _receive_message_2(self, state: _AwaitsMessage2, frame: bytes) -> _Step:
        """<- 02 | e 32 | tag 16 | auth 112; answered with our identity only if theirs is wanted."""
        body = _body(frame, _MESSAGE_2, _NOISE_BYTES + _AUTH_BYTES)
        state.noise.read_message_2(body[:_NOISE_BYTES])
        session = _derive_session(state.noise, suite=state.suite, role=self._role)
        established = self._admit(session, body[_NOISE_BYTES:])
        return _Done(established), [_MESSAGE_3 + self._seal_auth(session)]

    def _receive_message_3(self, state: _AwaitsMessage3, frame: bytes) -> _Step:
        """-> 03 | auth 112"""
        return _Done(self._admit(state.session, _body(frame, _MESSAGE_3, _AUTH_BYTES))), []

    # ---- steps

    def _hello(self) -> bytes:
        """00 | "speaktube" | version 01 | suites, one byte each"""
        return _HELLO_HEAD + bytes(self._suites)

    def _prologue(self, remote_hello: bytes) -> bytes:
        """LP(label, topic, hello_I, hello_R, fingerprint_I, fingerprint_R), the same on both sides."""
        hellos = [self._hello(), remote_hello]
        fingerprints = [self._local_fingerprint, self._remote_fingerprint]
        if self._role is Role.RESPONDER:
            hellos.reverse()
            fingerprints.reverse()
        return length_prefixed(labels.LINK_PROLOGUE, self._topic.encode(), *hellos, *fingerprints)

    def _seal_auth(self, session: _Session) -> bytes:
        """AES-GCM, associated data h, of: identity key 32 | signature 64"""
        h, public_key = session.handshake_hash, self._identity.public_key
        signature = self._identity.sign(labels.AUTH_SIGNATURE, self._role.value + h + public_key)
        return AESGCM(session.auth_keys.pop(self._role)).encrypt(_AUTH_NONCE, public_key + signature, h)

    def _admit(self, session: _Session, auth: bytes) -> Established:
        """The other side, proven and wanted."""
        remote = _open_auth(session, auth, sealed_by=self._role.other)
        if remote == self._identity.member_id:
            raise HandshakeFailed("our own identity came back")
        if not self._authorise(remote):
            raise HandshakeFailed("this identity is not wanted here")
        return Established(remote, session.suite, session.handshake_hash, session.ciphers)


def _suites_of(hello: bytes) -> bytes:
    """The suites that a hello names, known or not."""
    if len(hello) > _MAX_HELLO_BYTES or not hello.startswith(_HELLO_HEAD):
        raise HandshakeFailed("not a hello of this version")
    return hello[len(_HELLO_HEAD) :]


def _choose_suite(*, ours: tuple[int, ...], theirs: bytes) -> int:
    """The highest in common."""
    common = set(ours) & set(theirs)
    if not common:
        raise HandshakeFailed("no suite in common")
    return max(common)


def _body(frame: bytes, frame_type: bytes, body_bytes: int) -> bytes:
    """What follows the type, if it is this type and has this length."""
    if frame[:1] != frame_type or len(frame) != 1 + body_bytes:
        raise HandshakeFailed(f"not the handshake frame {frame_type.hex()}")
    return frame[1:]


def _derive_session(noise: NoiseNNpsk0, *, suite: int, role: Role) -> _Session:
    """key(label) = HKDF(key material = k1 ‖ k2, salt = h, info = label)"""
    h = noise.handshake_hash
    key = partial(labels.derive_key, material=b"".join(noise.split()), salt=h)
    ciphers = {
        channel: LinkCipher(send_key=key(label_of[role]), receive_key=key(label_of[role.other]))
        for channel, label_of in _CHANNEL_LABELS.items()
    }
    return _Session(suite, h, {sealer: key(label) for sealer, label in _AUTH_LABELS.items()}, ciphers)


def _open_auth(session: _Session, auth: bytes, *, sealed_by: Role) -> MemberId:
    """Whose auth this is; raise BadCiphertext, BadIdentity or HandshakeFailed."""
    h = session.handshake_hash
    try:
        proof = AESGCM(session.auth_keys.pop(sealed_by)).decrypt(_AUTH_NONCE, auth, h)
    except InvalidTag:
        raise BadCiphertext("the tag of an auth does not fit") from None
    public_key, signature = proof[:IDENTITY_KEY_BYTES], proof[IDENTITY_KEY_BYTES:]
    check_identity_key(public_key)
    if not verify(public_key, labels.AUTH_SIGNATURE, signature, sealed_by.value + h + public_key):
        raise HandshakeFailed("the signature of an auth does not hold")
    return member_id_of(public_key)
