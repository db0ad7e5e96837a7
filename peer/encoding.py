"""The two encodings that keys, links and transcripts share: canonical base64url, and lists without ambiguous borders.

RFC 4648, section 5, without padding. Promised: one text for one value, one value for one text; so whatever is read
here can be compared, stored and counted as text.
"""

from __future__ import annotations

import string
from base64 import urlsafe_b64decode, urlsafe_b64encode

__all__ = ["BASE64URL_ALPHABET", "decode_base64url", "encode_base64url", "length_prefixed"]

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
