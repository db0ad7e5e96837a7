"""Signals on their way out: bounded, in order, and dropped when they are stale.

Pure; time arrives as an argument. A signal that is older than an attempt may be describes one that was given up, so it
is not worth the sending: the answer to it would be in vain. A body over the limit would cost us the connection.
"""

from __future__ import annotations

import logging
from collections import deque

from ..ids import short
from ..ports import Signal

__all__ = ["MAX_AGE_S", "MAX_BODY_BYTES", "MAX_SIGNALS", "Outbox"]

_log = logging.getLogger("peer")

MAX_SIGNALS = 256
MAX_AGE_S = 30.0
"""The server keeps envelopes as long."""

MAX_BODY_BYTES = 64 * 1024 - 2
"""The contract counts the JSON of the body: a string has its quotes. Our bodies are base64url, without escapes."""


class Outbox:
    """First in, first out; the oldest go when it is full."""

    def __init__(self, *, max_age_s: float = MAX_AGE_S) -> None:
        """`max_age_s`: how long an attempt may take; no longer than the server keeps envelopes counts."""
        self._max_age_s = min(max_age_s, MAX_AGE_S)
        self._waiting: deque[tuple[float, Signal]] = deque()
        self._taken_put_at = 0.0

    def put(self, signal: Signal, *, now: float) -> None:
        """Add one at the end."""
        if len(signal.body.encode()) > MAX_BODY_BYTES:
            _drop(signal, "too large")
            return
        if len(self._waiting) == MAX_SIGNALS:
            _drop(self._waiting.popleft()[1], "too many wait")
        self._waiting.append((now, signal))

    def put_back(self, signal: Signal) -> None:
        """Return what was taken last, at its old age; where there is no room any more it is the oldest, and goes."""
        if len(self._waiting) == MAX_SIGNALS:
            _drop(signal, "too many wait")
        else:
            self._waiting.appendleft((self._taken_put_at, signal))

    def take(self, *, now: float) -> Signal | None:
        """The oldest that is still worth sending."""
        while self._waiting:
            self._taken_put_at, signal = self._waiting.popleft()
            if now - self._taken_put_at <= self._max_age_s:
                return signal
            _drop(signal, "too old")
        return None


def _drop(signal: Signal, reason: str) -> None:
    _log.debug("! dropped %s to %s: %s", signal.kind, short(signal.remote), reason)
