"""Seats under test: run in the background, heard by a listener, without real pauses."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from peer.config import Config
from peer.ids import Topic
from peer.ports import Seat, SignalingEvent, TokenSource
from peer.signaling import SignalingClient

__all__ = ["LOBBY", "Listener", "Pauses", "client_of", "running", "until"]

LOBBY = Topic("lobby")
PATIENCE_S = 10.0
"""A test that waits longer than this has failed."""

E = TypeVar("E", bound=SignalingEvent)


class Pauses:
    """Takes the place of `asyncio.sleep`: pauses end at once, but for beats and pings, which the test calls for."""

    def __init__(self, *held: float) -> None:
        """`held` are others that do not end."""
        self.taken: list[float] = []
        """Those that ended at once."""
        self._gates = {seconds: asyncio.Event() for seconds in (20.0, 30.0, *held)}

    async def __call__(self, seconds: float) -> None:
        if seconds in self._gates:
            await self._gates[seconds].wait()
            self._gates[seconds].clear()
        else:
            self.taken.append(seconds)
        await asyncio.sleep(0)

    def ping(self) -> None:
        """The next ping of a WebSocket is due."""
        self._gates[20.0].set()

    def ping_is_due(self) -> bool:
        """Until the connection has taken it up."""
        return self._gates[20.0].is_set()

    def beat(self) -> None:
        """The next heartbeat by call is due."""
        self._gates[30.0].set()


class Listener:
    """Hears the events of one seat."""

    def __init__(self) -> None:
        self.events: list[SignalingEvent] = []
        self._changed = asyncio.Event()
        self._read = 0

    def __call__(self, event: SignalingEvent) -> None:
        self.events.append(event)
        self._changed.set()

    async def next(self, kind: type[E]) -> E:
        """The next event of that kind; those before it are passed over."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                while self._read < len(self.events):
                    event = self.events[self._read]
                    self._read += 1
                    if isinstance(event, kind):
                        return event
                self._changed.clear()
                await self._changed.wait()

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]


async def until(condition: Callable[[], object]) -> None:
    """Let the loop run until the condition holds."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110  # the condition lives in a server that knows no test
            await asyncio.sleep(0)


@asynccontextmanager
async def client_of(
    server: str,
    *,
    name: str = "Ben",
    token: TokenSource = None,
    config: Config | None = None,
    pauses: Pauses | None = None,
) -> AsyncIterator[SignalingClient]:
    """A client that is closed in the end."""
    client = SignalingClient(
        server,
        display_name=name,
        token=token,
        config=config or Config(signaling_backoff_base_s=0.25),
        random=lambda: 0.5,
        pause=pauses or Pauses(),
    )
    try:
        yield client
    finally:
        await client.close()


@asynccontextmanager
async def running(seat: Seat) -> AsyncIterator[Listener]:
    """Run the seat inside the block; in the end it is cancelled, or has ended by itself."""
    listener = Listener()
    task = asyncio.create_task(seat.run(listener))
    try:
        yield listener
    finally:
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.result()
