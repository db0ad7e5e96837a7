"""How long to wait before the server is tried again.

Pure: chance and time arrive as arguments. Exponential with full jitter, so that a thousand peers that lost their
server at one moment do not come back at one moment.
"""

from __future__ import annotations

__all__ = ["Backoff"]

_LONGEST_REQUESTED_S = 300.0
"""A server that asks for more, by mistake or malice, is tried after this."""

_MOST_DOUBLINGS = 30
"""Far beyond any `max_s`; keeps the power finite."""


class Backoff:
    """Pauses that grow from failure to failure, and start anew once a connection has held."""

    def __init__(self, *, base_s: float, max_s: float) -> None:
        self._base_s = base_s
        self._max_s = max_s
        self._failures = 0
        self._connected_at: float | None = None

    def connected(self, *, now: float) -> None:
        """A connection stands; only one that holds for `max_s` counts, or a server that drops us is hammered."""
        self._connected_at = now

    def next_delay_s(self, *, now: float, chance: float, retry_after_s: float | None = None) -> float:
        """The pause after one more failure; `chance` is from [0, 1), `retry_after_s` the server's own wish."""
        if self._connected_at is not None and now - self._connected_at >= self._max_s:
            self._failures = 0
        self._connected_at = None
        ceiling = min(self._max_s, self._base_s * 2.0 ** min(self._failures, _MOST_DOUBLINGS))
        self._failures += 1
        return min(retry_after_s or 0.0, _LONGEST_REQUESTED_S) + chance * ceiling
