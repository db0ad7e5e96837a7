"""The two encodings that keys, links and transcripts share: canonical base64url, and lists without ambiguous borders.

RFC 4648, section 5, without padding. Promised: one text for one value, one value for one text; so whatever is read
here can be compared, stored and counted as text.
"""

from __future__ import annotations

import string
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import lru_cache

from .errors import BadIdentity
from .ids import MemberId

__all__ = [
    "BASE64URL_ALPHABET",
    "decode_base64url",
    "encode_base64url",
    "length_prefixed",
    "member_id_of",
    "public_key_of",
]

_IDENTITY_KEY_BYTES = 32
_REMEMBERED_KEYS = 1024
"""Of which both spellings are at hand: a message needs them ten times."""

BASE64URL_ALPHABET = frozenset(string.ascii_letters + string.digits + "-_")


def encode_base64url(data: bytes) -> str:
    """Unpadded base64url."""
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode_base64url(text: str) -> bytes:
    """The bytes of which `text` is the one encoding; raise ValueError, which quotes nothing, for any other text."""
    try:
        data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise ValueError("not base64url") from None
    if encode_base64url(data) != text:  # the decoder skips foreign characters and forgives stray trailing bits
        raise ValueError("not canonical base64url")
    return data


def length_prefixed(*parts: bytes) -> bytes:
    """LP(a, b, …): each part behind its length as two bytes, big-endian."""
    return b"".join(len(part).to_bytes(2, "big") + part for part in parts)


@lru_cache(_REMEMBERED_KEYS)
def member_id_of(public_key: bytes) -> MemberId:
    """The name of a key: 43 characters of base64url."""
    return MemberId(encode_base64url(public_key))


@lru_cache(_REMEMBERED_KEYS)
def public_key_of(member_id: MemberId) -> bytes:
    """The key behind a name; raise BadIdentity for a name that `member_id_of` does not give."""
    try:
        public_key = decode_base64url(member_id)
    except ValueError:
        raise BadIdentity("a member id is 43 characters of base64url") from None
    if len(public_key) != _IDENTITY_KEY_BYTES:
        raise BadIdentity(f"a member id holds {_IDENTITY_KEY_BYTES} bytes, this one {len(public_key)}")
    return public_key
