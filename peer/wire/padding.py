"""Frames filled up to few sizes: who watches the network learns less of what is said (docs/protocol.md, Padding).

The filling is one more element of the frame's array, at its end, where every version passes over what it does not
know: so whoever pads is understood by who does not. Promised: one of the sizes, exactly. Not promised: to hide when
something is said, or from whom to whom.
"""

from __future__ import annotations

__all__ = ["PADDED_SIZES", "pad"]

PADDED_SIZES = (256, 1024, 4096)
"""Bytes of plaintext; beyond the last, its multiples."""

_MAX_SHORT_ARRAY = 0x9F  # MessagePack fixarray, 15 elements


def pad(plaintext: bytes) -> bytes:
    """The same frame, with the least filling that reaches one of the sizes."""
    gap = _size_for(len(plaintext)) - len(plaintext)
    if gap == 0:
        return plaintext
    assert 0x90 <= plaintext[0] < _MAX_SHORT_ARRAY, "not a short array, or a full one"
    return bytes([plaintext[0] + 1]) + plaintext[1:] + _filling(gap)


def _size_for(length: int) -> int:
    largest = PADDED_SIZES[-1]
    return next((size for size in PADDED_SIZES if length <= size), -(-length // largest) * largest)


def _filling(length: int) -> bytes:
    """One MessagePack value of just so many bytes: nil, or zeros."""
    if length == 1:
        return b"\xc0"
    if length <= 257:
        return b"\xc4" + bytes([length - 2]) + bytes(length - 2)
    return b"\xc5" + (length - 3).to_bytes(2, "big") + bytes(length - 3)
