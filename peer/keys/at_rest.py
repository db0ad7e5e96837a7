"""What is sealed on this machine: rows under a key of their own, wrapped keys, and the key that a passphrase gives.

E2EE.md, "At rest". Promised: without the key nothing of a row is learnt but its size; a row that was changed, or put in
the place of another, does not open; names of rows tell nothing. Not promised: to notice that a whole folder was taken
back to an older state, or strength beyond that of the passphrase.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Final
from unicodedata import normalize

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from ..crypto.labels import derive_key
from ..errors import BadCiphertext
from .labels import ROW_NAMES, ROW_SEAL

__all__ = ["REST_KEY_BYTES", "SALT_BYTES", "RestKey", "derive_passphrase_key"]

REST_KEY_BYTES = 32
SALT_BYTES = 16
_NONCE_BYTES = 12

# RFC 9106, section 4: the recommendation for where memory is short (64 MiB); about 0.2 s.
_ITERATIONS, _LANES, _MEMORY_KIB = 3, 4, 64 * 1024


def derive_passphrase_key(passphrase: str, *, salt: bytes) -> RestKey:
    """Argon2id of the passphrase in Unicode's composed form, in which all keyboards agree; blocks for its time."""
    stretched = Argon2id(
        salt=salt, length=REST_KEY_BYTES, iterations=_ITERATIONS, lanes=_LANES, memory_cost=_MEMORY_KIB
    ).derive(normalize("NFC", passphrase).encode())
    return RestKey(stretched)


class RestKey:
    """One key of 32 random bytes, for rows or for other keys; hides itself in `repr`."""

    def __init__(self, key: bytes) -> None:
        self._aead: Final = AESGCM(derive_key(ROW_SEAL, material=key, salt=b""))
        self._names: Final = derive_key(ROW_NAMES, material=key, salt=b"")

    def name(self, plain: bytes) -> bytes:
        """32 bytes by which a row is found again: HMAC-SHA256 of what it is about."""
        return hmac.digest(self._names, plain, "sha256")

    def seal(self, plaintext: bytes, *, name: bytes, random_bytes: Callable[[int], bytes]) -> bytes:
        """Bound to its row's name.

            0       12
            | nonce | ciphertext and tag |

        Random nonces: a key seals 2^32 rows at most (NIST SP 800-38D, 8.3), which no disk of ours reaches.
        """
        nonce = random_bytes(_NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, plaintext, name)

    def open(self, sealed: bytes, *, name: bytes) -> bytes:
        """The plaintext; raise BadCiphertext for anything else than what `seal` gave under this name."""
        try:
            return self._aead.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], name)
        except (InvalidTag, ValueError):  # ValueError: a nonce cut short
            raise BadCiphertext("a row does not open") from None
