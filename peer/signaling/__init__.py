"""The way to a signaling server: the ports `Signaling` and `Seat` over aiohttp's client.

`wire` (with `frames` and `shapes`), `address`, `backoff`, `endings`, `outbox` and `attendance` are pure;
`http`, `connection` and `polling` touch the network; `calls`, `claim`, `seat` and `client` put them together. Foreign
exceptions end in `http` and nowhere else.
"""

from __future__ import annotations

from .client import SignalingClient

__all__ = ["SignalingClient"]
