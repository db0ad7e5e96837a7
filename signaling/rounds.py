"""When each connection is looked at next.

Every pause is the same, so the order of planning is the order in time, and nothing is ever searched. A connection that
has been replaced or has ended stays in line until its turn, and is then passed over. Pure: times are arguments.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

from .ids import PeerKey

__all__ = ["Rounds"]

T = TypeVar("T")


class Rounds(Generic[T]):
    """Connections in the order of their turn."""

    def __init__(self, connections: Mapping[PeerKey, T], *, pause_s: float) -> None:
        """`connections` are those that are open; only they get their turn."""
        self._connections = connections
        self._pause_s = pause_s
        self._line: deque[tuple[float, PeerKey, T]] = deque()

    def __len__(self) -> int:
        return len(self._line)

    def plan(self, key: PeerKey, connection: T, *, now: float) -> None:
        """Its turn comes after the pause."""
        self._line.append((now + self._pause_s, key, connection))

    def due(self, now: float) -> Iterator[tuple[PeerKey, T]]:
        """Those whose turn has come, out of line; plan them again, or let them go."""
        while self._line and self._line[0][0] <= now:
            _, key, connection = self._line.popleft()
            if self._connections.get(key) is connection:
                yield key, connection
