"""Who is connected to this very process: open WebSockets, and GETs that wait for mail.

The mailbox in the store is the truth; what waits here is only the bell. A waiter registers first, then reads, then
waits, then reads again, so no ring is lost. With several servers on one store each has a switchboard of its own.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum, auto

from .connection import CloseCode, Connection
from .ids import PeerKey

__all__ = ["Bell", "Ring", "Switchboard"]

FAREWELL_S = 0.4
"""For clients to answer our close; those that do not are cut, so that a stop takes less than a second."""


class Ring(Enum):
    """Why a waiter is woken."""

    MAIL = auto()
    DISPLACED = auto()
    """The peer has too many GETs waiting; the oldest goes home."""
    GOING_AWAY = auto()


Bell = asyncio.Future[Ring]


class Switchboard:
    """Finds the connection or the waiters of a peer in one dictionary step."""

    def __init__(self, *, waiting_polls: int) -> None:
        self.connections: dict[PeerKey, Connection] = {}
        self.sockets: set[Connection] = set()
        """All WebSockets that are open, those that have not said hello included."""
        self._bells: dict[PeerKey, deque[Bell]] = {}
        self._waiting_polls = waiting_polls

    @property
    def polls(self) -> int:
        """GETs that wait."""
        return sum(map(len, self._bells.values()))

    def connect(self, key: PeerKey, connection: Connection) -> None:
        """The newest connection of a peer wins."""
        older = self.connections.pop(key, None)
        self.connections[key] = connection
        if older is not None:
            older.end(CloseCode.REPLACED)

    def disconnect(self, key: PeerKey, connection: Connection) -> bool:
        """Forget a connection; False if a newer one has its place."""
        if self.connections.get(key) is not connection:
            return False
        del self.connections[key]
        return True

    def end(self, key: PeerKey, code: CloseCode) -> None:
        """The peer is gone: its connection is closed, and its waiters find out themselves."""
        if connection := self.connections.get(key):
            connection.end(code)
        self.ring(key)

    @contextmanager
    def listen(self, key: PeerKey) -> Iterator[Bell]:
        """A bell that rings once for this peer."""
        bells = self._bells.setdefault(key, deque())
        if len(bells) >= self._waiting_polls:
            _ring(bells.popleft(), Ring.DISPLACED)
        bell: Bell = asyncio.get_running_loop().create_future()
        bells.append(bell)
        try:
            yield bell
        finally:
            self._forget(key, bell)

    def _forget(self, key: PeerKey, bell: Bell) -> None:
        bells = self._bells.get(key, deque())
        if bell in bells:
            bells.remove(bell)
        if not bells:
            self._bells.pop(key, None)

    def ring(self, key: PeerKey, why: Ring = Ring.MAIL) -> None:
        """Wake all waiters of a peer: they may want different kinds."""
        for bell in self._bells.pop(key, ()):
            _ring(bell, why)

    async def close(self, last_frame: Callable[[], bytes]) -> None:
        """Send everybody home; each WebSocket hears a last frame of its own before the close."""
        for key in list(self._bells):
            self.ring(key, Ring.GOING_AWAY)
        closings = []
        for connection in list(self.sockets):
            connection.send(last_frame())
            closings.append(connection.end(CloseCode.GOING_AWAY))
        await _end_within(closings, FAREWELL_S)


async def _end_within(closings: list[asyncio.Task[None]], seconds: float) -> None:
    """Wait for them so long, then cut the rest."""
    if not closings:
        return
    _, late = await asyncio.wait(closings, timeout=seconds)
    for closing in late:
        closing.cancel()
    if late:
        await asyncio.wait(late)


def _ring(bell: Bell, why: Ring) -> None:
    if not bell.done():
        bell.set_result(why)
