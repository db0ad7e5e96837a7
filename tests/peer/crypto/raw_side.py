"""One side of a handshake, written from docs/protocol.md with other tools: `noiseprotocol`, `hmac` and nothing of ours.

An oracle, since it must agree with our code to the byte; and an attacker who holds the gate, since it sends whatever
it is told to.
"""

from __future__ import annotations

import hmac
import warnings
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from noise.connection import Keypair, NoiseConnection

from .link_pair import FINGERPRINT_I, FINGERPRINT_R, GATE, TOPIC

__all__ = ["HELLO", "HYBRID_HELLO", "RawSide", "hkdf", "prologue", "proof"]

HELLO = b"\x00speaktube\x01\x01"
HYBRID_HELLO = b"\x00speaktube\x01\x02"


def hkdf(label: bytes, *, material: bytes, salt: bytes, length: int = 32) -> bytes:
    """RFC 5869, sections 2.2 and 2.3, for one block of output."""
    pseudo_random_key = hmac.digest(salt, material, "sha256")
    return hmac.digest(pseudo_random_key, label + b"\x01", "sha256")[:length]


def prologue(
    *,
    topic: str = TOPIC,
    hellos: tuple[bytes, bytes] = (HELLO, HELLO),
    fingerprints: tuple[bytes, bytes] = (FINGERPRINT_I, FINGERPRINT_R),
) -> bytes:
    parts = (b"speaktube link v1", topic.encode(), *hellos, *fingerprints)
    return b"".join(len(part).to_bytes(2, "big") + part for part in parts)


def proof(identity_seed: bytes, *, role: bytes, h: bytes, claimed: bytes | None = None) -> bytes:
    """identity key | signature; `claimed` names another key than the one that signs."""
    key = Ed25519PrivateKey.from_private_bytes(identity_seed)
    public = claimed or key.public_key().public_bytes_raw()
    return public + key.sign(b"speaktube v1 auth\x00" + role + h + public)


@dataclass
class RawSide:
    """The letter of its role, I or R, and what the prologue binds."""

    role: bytes
    bound: bytes
    gate: bytes = GATE
    ephemeral: bytes | None = None
    kem_secret: bytes = b""
    """Suite 2: what ML-KEM gave; set before the first key is derived."""

    def __post_init__(self) -> None:
        self._noise = NoiseConnection.from_name(b"Noise_NNpsk0_25519_AESGCM_SHA256")
        self._noise.set_psks(psk=self.gate)
        self._noise.set_prologue(self.bound)
        if self.role == b"I":
            self._noise.set_as_initiator()
        else:
            self._noise.set_as_responder()
        if self.ephemeral is not None:
            self._noise.set_keypair_from_private_bytes(Keypair.EPHEMERAL, self.ephemeral)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that an ephemeral key is set, which is right in tests
            self._noise.start_handshake()

    def write(self, payload: bytes = b"") -> bytes:
        """The next Noise message."""
        return bytes(self._noise.write_message(payload))

    def read(self, message: bytes) -> bytes:
        return bytes(self._noise.read_message(message))

    @property
    def h(self) -> bytes:
        return bytes(self._noise.get_handshake_hash())

    def key(self, label: bytes) -> bytes:
        """key(label) = HKDF(k1 ‖ k2 ‖ KEM secret, salt = h)"""
        protocol = self._noise.noise_protocol
        ours, theirs = protocol.cipher_state_encrypt.k, protocol.cipher_state_decrypt.k
        first, second = (ours, theirs) if self.role == b"I" else (theirs, ours)
        return hkdf(label, material=bytes(first) + bytes(second) + self.kem_secret, salt=self.h)

    def seal_auth(self, proven: bytes) -> bytes:
        direction = b"i2r" if self.role == b"I" else b"r2i"
        return AESGCM(self.key(b"speaktube v1 auth " + direction)).encrypt(bytes(12), proven, self.h)

    def open_auth(self, auth: bytes) -> bytes:
        direction = b"r2i" if self.role == b"I" else b"i2r"
        return AESGCM(self.key(b"speaktube v1 auth " + direction)).decrypt(bytes(12), auth, self.h)

    def seal_frame(self, channel: bytes, counter: int, plaintext: bytes, *, epoch: int = 0) -> bytes:
        direction = b"i2r" if self.role == b"I" else b"r2i"
        key = self.key(b"speaktube v1 " + channel + b" " + direction)
        header = bytes([4, epoch]) + counter.to_bytes(8, "big")
        return header + AESGCM(key).encrypt(bytes(4) + header[2:], plaintext, header)
