"""Whose envelopes wait in a connection whose reader lags, and since when it has taken nothing.

A reader may lag because it is slow, or because one sender floods it. So that the reader does not pay for a sender, what
waits is known by sender: each has a share, and whoever has it waiting is held up or refused, while others go on. A
reader that takes nothing at all is another matter. Bytes are counted from the connection's start, `end` is where an
envelope ends. Pure: the time is an argument, in seconds of any clock.
"""

from collections import Counter, deque

from .ids import PeerId

__all__ = ["Lag"]


class Lag:
    """Kept from the moment at which a reader lags."""

    __slots__ = ("_shares", "_taken", "_taken_at", "_waiting")

    def __init__(self, *, taken: int, now: float) -> None:
        """`taken` bytes are what the reader has of all that was ever sent to it."""
        self._taken = taken
        self._taken_at = now
        self._shares: Counter[PeerId] = Counter()
        self._waiting: deque[tuple[int, PeerId, int]] = deque()
        """Where each ends, whose it is, and its size."""

    def look(self, *, taken: int, now: float) -> float:
        """Forget what has been taken since; answer for how many seconds nothing was."""
        if taken > self._taken:
            self._taken, self._taken_at = taken, now
        while self._waiting and self._waiting[0][0] <= taken:
            _, sender, size = self._waiting.popleft()
            self._shares[sender] -= size
            if not self._shares[sender]:
                del self._shares[sender]
        return now - self._taken_at

    def share_of(self, sender: PeerId) -> int:
        """Bytes of this sender that wait, of those it has sent since the lag began."""
        return self._shares[sender]

    def add(self, sender: PeerId, size: int, *, end: int) -> None:
        """Behind what waits already."""
        if size:
            self._waiting.append((end, sender, size))
            self._shares[sender] += size
