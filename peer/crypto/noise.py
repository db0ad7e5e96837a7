"""Noise_NNpsk0_25519_AESGCM_SHA256, and no other pattern (Noise spec, revision 34).

    NNpsk0:    -> psk, e        <- e, ee        (sections 7.5 and 9.4)

Names follow the spec so that it can be read alongside. Deviations in form, none in bytes: the steps of the pattern are
methods, called in order by `exchange`; `split` gives keys, because more is derived from them. Since psk comes first and
a MixKey precedes each payload, a key is always there and seals once: CipherState (5.1) is AES-GCM with n = 0.

Promised: who does not know the psk fails at the first tag, before any DH or key generation; a result of zeros from DH
is refused. Not promised: identity (`exchange` signs for that). After an error the object must be thrown away.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ..errors import BadCiphertext, BadSetting, HandshakeFailed, MalformedFrame
from .labels import derive_key

__all__ = ["DH_BYTES", "PROTOCOL_NAME", "TAG_BYTES", "NoiseNNpsk0", "SymmetricState"]

PROTOCOL_NAME = b"Noise_NNpsk0_25519_AESGCM_SHA256"
DH_BYTES = HASH_BYTES = PSK_BYTES = 32  # DHLEN, section 12.1; HASHLEN, 12.5; 9.1
TAG_BYTES = 16
_NONCE = bytes(12)  # section 12.4: 32 bits of zeros, then n = 0 as 64 bits


def _hkdf(chaining_key: bytes, input_key_material: bytes, outputs: int) -> list[bytes]:
    """HKDF(), section 4.3: RFC 5869 with the chaining key as salt and an empty info."""
    okm = derive_key(b"", material=input_key_material, salt=chaining_key, length=outputs * HASH_BYTES)
    return [okm[start : start + HASH_BYTES] for start in range(0, len(okm), HASH_BYTES)]


class SymmetricState:
    """Section 5.2."""

    def __init__(self, protocol_name: bytes) -> None:
        """InitializeSymmetric; our name has exactly HASHLEN bytes, so it is h as it stands."""
        assert len(protocol_name) == HASH_BYTES
        self.h = protocol_name
        self._ck = protocol_name
        self._k: AESGCM

    def mix_key(self, input_key_material: bytes) -> None:
        self._ck, temp_k = _hkdf(self._ck, input_key_material, 2)
        self._k = AESGCM(temp_k)

    def mix_hash(self, data: bytes) -> None:
        """HASH() is section 12.5."""
        self.h = sha256(self.h + data).digest()

    def mix_key_and_hash(self, input_key_material: bytes) -> None:
        self._ck, temp_h, temp_k = _hkdf(self._ck, input_key_material, 3)
        self.mix_hash(temp_h)
        self._k = AESGCM(temp_k)

    def encrypt_and_hash(self, plaintext: bytes) -> bytes:
        ciphertext = self._k.encrypt(_NONCE, plaintext, self.h)
        self.mix_hash(ciphertext)
        return ciphertext

    def decrypt_and_hash(self, ciphertext: bytes) -> bytes:
        """The plaintext; raise BadCiphertext if the tag does not fit."""
        try:
            plaintext = self._k.decrypt(_NONCE, ciphertext, self.h)
        except InvalidTag:
            raise BadCiphertext("the tag of a handshake message does not fit") from None
        self.mix_hash(ciphertext)
        return plaintext

    def split(self) -> tuple[bytes, bytes]:
        """The keys of who wrote first and who wrote second; the chaining key ends here."""
        temp_k1, temp_k2 = _hkdf(self._ck, b"", 2)
        del self._ck, self._k
        return temp_k1, temp_k2


class NoiseNNpsk0:
    """Section 5.3 for one pattern. The initiator: write 1, read 2; the responder: read 1, write 2; both: split."""

    def __init__(self, *, psk: bytes, prologue: bytes, random_bytes: Callable[[int], bytes]) -> None:
        """Initialize(); raise BadSetting for a psk that has not 32 bytes."""
        if len(psk) != PSK_BYTES:
            raise BadSetting(f"a gate has {PSK_BYTES} bytes, this one has {len(psk)}")
        self._symmetric = SymmetricState(PROTOCOL_NAME)
        self._symmetric.mix_hash(prologue)
        self._psk = psk
        self._random_bytes = random_bytes
        self._e: X25519PrivateKey
        self._re: bytes

    @property
    def handshake_hash(self) -> bytes:
        """h, section 11.2: names this session and all that was said in it."""
        return self._symmetric.h

    def write_message_1(self, payload: bytes) -> bytes:
        """-> psk, e"""
        self._mix_psk()
        return self._write_e() + self._symmetric.encrypt_and_hash(payload)

    def read_message_1(self, message: bytes) -> bytes:
        """-> psk, e; gives the payload."""
        self._mix_psk()
        return self._symmetric.decrypt_and_hash(self._read_e(message))

    def write_message_2(self, payload: bytes) -> bytes:
        """<- e, ee"""
        e = self._write_e()
        self._mix_ee()
        return e + self._symmetric.encrypt_and_hash(payload)

    def read_message_2(self, message: bytes) -> bytes:
        """<- e, ee; gives the payload."""
        rest = self._read_e(message)
        self._mix_ee()
        return self._symmetric.decrypt_and_hash(rest)

    def split(self) -> tuple[bytes, bytes]:
        """Split(): the keys of the initiator's and of the responder's direction; both leave this object."""
        return self._symmetric.split()

    def _mix_psk(self) -> None:
        """Token psk, section 9.2."""
        self._symmetric.mix_key_and_hash(self._psk)
        del self._psk

    def _write_e(self) -> bytes:
        """Token e, section 5.3; in psk patterns it is mixed into the key too, section 9.2."""
        self._e = X25519PrivateKey.from_private_bytes(self._random_bytes(DH_BYTES))
        public = self._e.public_key().public_bytes_raw()
        self._mix_e(public)
        return public

    def _read_e(self, message: bytes) -> bytes:
        """Token e of the other side; gives what follows it."""
        if len(message) < DH_BYTES + TAG_BYTES:
            raise MalformedFrame("a handshake message is cut short")
        self._re = message[:DH_BYTES]
        self._mix_e(self._re)
        return message[DH_BYTES:]

    def _mix_e(self, public: bytes) -> None:
        self._symmetric.mix_hash(public)
        self._symmetric.mix_key(public)

    def _mix_ee(self) -> None:
        """Token ee. DH(), section 12.1, gives zeros for a point of low order: raise HandshakeFailed."""
        try:
            secret = self._e.exchange(X25519PublicKey.from_public_bytes(self._re))
        except ValueError:
            raise HandshakeFailed("a Diffie-Hellman key of low order") from None
        self._symmetric.mix_key(secret)
        del self._e, self._re
