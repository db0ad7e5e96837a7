"""The three messages that turn a shared key into a session of two proven identities.

docs/protocol.md, "Handshake" and "Rekey": the same in both, but for what is agreed before. Each side is written as its
steps, one line below the other; `OneTry` drives them. The first thing wrong ends a try for good, with one exception
type and nothing to send, so that who sent it learns nothing.

Promised to both: the other side knows the psk, holds the identity shown, saw the same prologue and runs this very
session; keys are fresh and shared with nobody else. Nothing is sent after the other side's proof before `admit` agreed.
Not promised: the responder proves itself first, so who holds the psk learns its identity; somebody has to begin.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ..errors import BadCiphertext, BadSetting, CryptoError, HandshakeFailed, MalformedFrame, RemoteError
from ..ids import MemberId
from . import labels
from .identity import IDENTITY_KEY_BYTES, SIGNATURE_BYTES, Identity, check_identity_key, member_id_of, verify
from .link_cipher import LinkCipher
from .noise import DH_BYTES, TAG_BYTES, NoiseNNpsk0

__all__ = ["SUITES", "SUITE_HYBRID", "SUITE_X25519", "Established", "OneTry", "Role", "Steps", "Terms", "steps_of"]

SUITES = SUITE_X25519, SUITE_HYBRID = 1, 2

_MESSAGE_1, _MESSAGE_2, _MESSAGE_3 = b"\x01", b"\x02", b"\x03"
_NOISE_BYTES = DH_BYTES + TAG_BYTES
_KEM_SEED_BYTES = 64  # d ‖ z, FIPS 203, 7.1
_KEM_KEY_BYTES = {SUITE_X25519: 0, SUITE_HYBRID: 1184}
_KEM_CIPHERTEXT_BYTES = {SUITE_X25519: 0, SUITE_HYBRID: 1088}
_AUTH_BYTES = IDENTITY_KEY_BYTES + SIGNATURE_BYTES + TAG_BYTES
_AUTH_NONCE = bytes(12)  # each auth key seals once

KeyOf: TypeAlias = Callable[[bytes], bytes]
"""The key of a label, in one session."""
Steps: TypeAlias = Generator[list[bytes], bytes, "tuple[Established, list[bytes]]"]
"""Yields what to send, is sent what came; returns the session, and what to send last."""


class Role(enum.Enum):
    """Who offered is the initiator; the value is its letter in signatures."""

    INITIATOR = b"I"
    RESPONDER = b"R"

    @property
    def other(self) -> Role:
        return Role.RESPONDER if self is Role.INITIATOR else Role.INITIATOR

    @property
    def direction(self) -> bytes:
        """Of what this role sends."""
        return b"i2r" if self is Role.INITIATOR else b"r2i"


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Terms:
    """What one side brings to an exchange."""

    role: Role
    suite: int
    psk: bytes
    prologue: bytes
    identity: Identity
    admit: Callable[[MemberId], None]
    """Raises HandshakeFailed for an identity that is not wanted."""
    random_bytes: Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Established:
    """One session: who the other side is, our role, and what every key of this epoch derives from."""

    remote: MemberId
    role: Role
    suite: int
    handshake_hash: bytes = field(repr=False)
    """Names this session; the same on both sides."""
    key: KeyOf = field(repr=False)
    _taken: set[str] = field(default_factory=set, repr=False)

    def channel_keys(self, channel: str) -> tuple[bytes, bytes]:
        """To send and to receive with, of any channel; raise BadSetting for the one name that cannot be."""
        if channel == "auth":
            raise BadSetting("no channel can be called auth: its keys would be those of the proofs")
        ours, theirs = (labels.CHANNEL % (channel.encode(), role.direction) for role in (self.role, self.role.other))
        return self.key(ours), self.key(theirs)

    def cipher(self, channel: str, *, epoch: int = 0) -> LinkCipher:
        """The cipher of a channel; each can be taken once, or a counter might be used twice."""
        if channel in self._taken:
            raise BadSetting(f"the keys of channel {channel!r} were taken")
        self._taken.add(channel)
        return LinkCipher(*self.channel_keys(channel), epoch=epoch)


class OneTry:
    """Drives the steps of one side. `start` once, `receive` each frame, until `established` or HandshakeFailed."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._is_started = False
        self.established: Established | None = None
        """Set once both sides are proven."""

    def start(self) -> list[bytes]:
        """What we say first, before anything is received; once."""
        if self._is_started:
            raise HandshakeFailed("this try was started before")
        self._is_started = True
        return next(self._steps)

    def receive(self, frame: bytes) -> list[bytes]:
        """The frames to send in return; raise HandshakeFailed, now and from now on, for anything unexpected."""
        if self.established is not None or not self._is_started:
            self._steps.close()
        self._is_started, self.established = True, None
        try:
            return self._steps.send(frame)
        except StopIteration as end:
            if end.value is None:
                raise HandshakeFailed("no frame is expected at this time") from None
            self.established, replies = end.value
            return list(replies)
        except (CryptoError, RemoteError) as error:
            raise HandshakeFailed(str(error)) from error


def steps_of(terms: Terms) -> Steps:
    """The steps of our side."""
    return _initiate(terms) if terms.role is Role.INITIATOR else _respond(terms)


def _initiate(terms: Terms) -> Steps:
    """-> 01, <- 02, -> 03"""
    is_hybrid = terms.suite == SUITE_HYBRID
    noise = NoiseNNpsk0(psk=terms.psk, prologue=terms.prologue, random_bytes=terms.random_bytes)
    kem_key = MLKEM768PrivateKey.from_seed_bytes(terms.random_bytes(_KEM_SEED_BYTES)) if is_hybrid else None
    payload_1 = kem_key.public_key().public_bytes_raw() if kem_key else b""
    frame = yield [_MESSAGE_1 + noise.write_message_1(payload_1)]
    body = _body(frame, _MESSAGE_2, _NOISE_BYTES + _KEM_CIPHERTEXT_BYTES[terms.suite] + _AUTH_BYTES)
    payload_2 = noise.read_message_2(body[:-_AUTH_BYTES])
    kem_secret = kem_key.decapsulate(payload_2) if kem_key else b""
    key = _derive(noise, kem_secret)
    remote = _open_auth(body[-_AUTH_BYTES:], key, noise.handshake_hash, sealed_by=Role.RESPONDER)
    terms.admit(remote)
    established = Established(remote, terms.role, terms.suite, noise.handshake_hash, key)
    return established, [_MESSAGE_3 + _seal_auth(terms, key, noise.handshake_hash)]


def _respond(terms: Terms) -> Steps:
    """-> 01, <- 02, -> 03; the psk is proven before anything of ours is made."""
    noise = NoiseNNpsk0(psk=terms.psk, prologue=terms.prologue, random_bytes=terms.random_bytes)
    frame = yield []
    payload_1 = noise.read_message_1(_body(frame, _MESSAGE_1, _NOISE_BYTES + _KEM_KEY_BYTES[terms.suite]))
    kem_secret, payload_2 = _encapsulate(payload_1) if terms.suite == SUITE_HYBRID else (b"", b"")
    message_2 = noise.write_message_2(payload_2)
    key = _derive(noise, kem_secret)
    frame = yield [_MESSAGE_2 + message_2 + _seal_auth(terms, key, noise.handshake_hash)]
    auth = _body(frame, _MESSAGE_3, _AUTH_BYTES)
    remote = _open_auth(auth, key, noise.handshake_hash, sealed_by=Role.INITIATOR)
    terms.admit(remote)
    return Established(remote, terms.role, terms.suite, noise.handshake_hash, key), []


def _body(frame: bytes, frame_type: bytes, body_bytes: int) -> bytes:
    """What follows the type, if it is this type and has this length."""
    if frame[:1] != frame_type or len(frame) != 1 + body_bytes:
        raise HandshakeFailed(f"not the handshake frame {frame_type.hex()}")
    return frame[1:]


def _encapsulate(key: bytes) -> tuple[bytes, bytes]:
    """A secret, of chance that the library draws itself, and its ciphertext; raise MalformedFrame (FIPS 203, 7.2)."""
    try:
        return MLKEM768PublicKey.from_public_bytes(key).encapsulate()
    except ValueError:
        raise MalformedFrame("not an ML-KEM-768 key") from None


def _derive(noise: NoiseNNpsk0, kem_secret: bytes) -> KeyOf:
    """key(label) = HKDF(key material = k1 ‖ k2 ‖ KEM secret, salt = h, info = label)"""
    return partial(labels.derive_key, material=b"".join(noise.split()) + kem_secret, salt=noise.handshake_hash)


def _seal_auth(terms: Terms, key: KeyOf, h: bytes) -> bytes:
    """AES-GCM, associated data h, of: identity key 32 | signature 64"""
    public_key = terms.identity.public_key
    signature = terms.identity.sign(labels.AUTH_SIGNATURE, terms.role.value + h + public_key)
    return AESGCM(key(labels.AUTH % terms.role.direction)).encrypt(_AUTH_NONCE, public_key + signature, h)


def _open_auth(auth: bytes, key: KeyOf, h: bytes, *, sealed_by: Role) -> MemberId:
    """Whose auth this is; raise BadCiphertext, BadIdentity or HandshakeFailed."""
    try:
        proof = AESGCM(key(labels.AUTH % sealed_by.direction)).decrypt(_AUTH_NONCE, auth, h)
    except InvalidTag:
        raise BadCiphertext("the tag of an auth does not fit") from None
    public_key, signature = proof[:IDENTITY_KEY_BYTES], proof[IDENTITY_KEY_BYTES:]
    check_identity_key(public_key)
    if not verify(public_key, labels.AUTH_SIGNATURE, signature, sealed_by.value + h + public_key):
        raise HandshakeFailed("the signature of an auth does not hold")
    return member_id_of(public_key)
