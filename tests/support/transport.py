"""Hand-written fakes behind the ports, for what a network in memory does not do: fail, hang, fill up, report late."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from peer.errors import PeerError
from peer.ids import PeerId
from peer.ports import (
    Channel,
    Fingerprints,
    IceServer,
    LinkListener,
    PeerInfo,
    RoomInfo,
    Route,
    Signal,
    SignalingEvent,
)

from .keys import private_room

__all__ = ["FakeLink", "FakeSeat", "until"]


async def until(condition: Callable[[], object]) -> None:
    """Let the loop turn until it holds; a second at most."""
    async with asyncio.timeout(1):
        while not condition():  # noqa: ASYNC110 - tests watch things that set no event
            await asyncio.sleep(0)


class FakeSeat:
    """A seat whose server says what the test says."""

    def __init__(self, *present: str, peer_id: str = "m-ann") -> None:
        self.peer_id = PeerId(peer_id)
        self.peers = tuple(PeerInfo(PeerId(peer), "", peer) for peer in present)
        self.ice_servers: tuple[IceServer, ...] = ()
        self.room = RoomInfo(
            topic=private_room()[2].topic,
            broadcaster_name="ann",
            created_at="2026-01-31T12:00:00Z",
            participant_count=1,
            is_public=False,
        )
        self.sent: list[Signal] = []
        self.says: asyncio.Queue[SignalingEvent | PeerError | None] = asyncio.Queue()
        self.leaving_takes: asyncio.Event | None = None
        """Leaving hangs until this is set."""
        self.left = 0
        self.renewals = self.probes = 0

    def send(self, signal: Signal) -> None:
        self.sent.append(signal)

    async def run(self, on_event: Callable[[SignalingEvent], None]) -> None:
        while (said := await self.says.get()) is not None:
            if isinstance(said, PeerError):
                raise said
            on_event(said)

    def renew(self) -> None:
        self.renewals += 1

    def probe(self) -> None:
        self.probes += 1

    async def leave(self) -> None:
        self.left += 1
        if self.leaving_takes is not None:
            await self.leaving_takes.wait()
        self.says.put_nowait(None)


class FakeLink:
    """A link that does what the test says and notes what it was asked for."""

    def __init__(self, listener: LinkListener) -> None:
        self.listener = listener
        self.fails_with: Exception | None = None
        self.sent: list[tuple[Channel, bytes]] = []
        self.candidates: list[str] = []
        self.answers: list[str] = []
        self.route: Route | None = None
        self.buffered_bytes = self.bulk_buffered_bytes = 0
        self.drained = asyncio.Event()
        self.waited = 0
        self.closes = 0
        self.closing_takes: asyncio.Event | None = None
        self.on_send: Callable[[], None] = lambda: None

    def _maybe_fail(self) -> None:
        if self.fails_with is not None:
            raise self.fails_with

    async def create_offer(self) -> str:
        await asyncio.sleep(0)
        self._maybe_fail()
        return "offer"

    async def accept_offer(self, sdp: str) -> tuple[str, Fingerprints]:
        self._maybe_fail()
        return "answer", Fingerprints(bytes(32), bytes(32))

    async def accept_answer(self, sdp: str) -> Fingerprints:
        self.answers.append(sdp)
        self._maybe_fail()
        return Fingerprints(bytes(32), bytes(32))

    async def add_candidate(self, candidate: str) -> None:
        self.candidates.append(candidate)

    def send(self, channel: Channel, data: bytes) -> None:
        self.sent.append((channel, data))
        self.on_send()

    async def wait_drained(self) -> None:
        self.waited += 1
        await self.drained.wait()

    async def close(self) -> None:
        self.closes += 1
        if self.closing_takes is not None:
            await self.closing_takes.wait()
