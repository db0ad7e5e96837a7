"""Inputs near genuine ones: a seed with parts exchanged, cut, or continued."""

from __future__ import annotations

import random

__all__ = ["forge", "forge_at_random"]


def forge(seed: bytes, choice: int, place: int, data: bytes) -> bytes:
    """`choice` of four ways; `place` is where."""
    at = place % (len(seed) + 1)
    return (
        data,
        seed[:at] + data,
        seed[:at] + data + seed[at + len(data) :],
        bytes(byte ^ (data[index - at] if 0 <= index - at < len(data) else 0) for index, byte in enumerate(seed)),
    )[choice % 4]


def forge_at_random(seeds: tuple[bytes, ...], chance: random.Random) -> bytes:
    length = chance.choice((0, 1, 1, 2, 3, 8, 40, 200))
    data = chance.randbytes(length)
    return forge(chance.choice(seeds), chance.randrange(4), chance.randrange(2048), data)
