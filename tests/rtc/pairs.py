"""Links in pairs, a listener that remembers, and a bare aiortc connection for the other side to misbehave."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from aiortc import RTCPeerConnection, RTCSessionDescription

from peer.config import Config
from peer.ports import Channel, Fingerprints
from peer.rtc import RtcLink, open_link
from peer.rtc.connection import create_channel, create_connection, dtls_of
from peer.rtc.ice import choose_gathering

TIMEOUT_S = 30.0

Frame = tuple[Channel, bytes]


@dataclass(eq=False)
class Recorder:
    """A listener that keeps all it hears, in order."""

    calls: list[str] = field(default_factory=list)
    frames: "asyncio.Queue[Frame]" = field(default_factory=asyncio.Queue)
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    reason: str | None = None
    candidates: list[str] = field(default_factory=list)
    """Trickled, an empty one at the end."""
    trickle: Callable[[str], None] = lambda _line: None
    """Where they go."""

    def on_candidate(self, line: str) -> None:
        self.candidates.append(line)
        self.trickle(line)

    def on_open(self) -> None:
        self.calls.append("open")
        self.opened.set()

    def on_frame(self, channel: Channel, data: bytes) -> None:
        self.calls.append("frame")
        self.frames.put_nowait((channel, data))

    def on_bulk_low(self) -> None:
        self.calls.append("bulk low")

    def on_closed(self, reason: str) -> None:
        self.calls.append("closed")
        self.reason = reason
        self.closed.set()

    async def wait_open(self) -> None:
        await asyncio.wait_for(self.opened.wait(), TIMEOUT_S)

    async def wait_closed(self) -> str:
        await asyncio.wait_for(self.closed.wait(), TIMEOUT_S)
        assert self.reason is not None
        return self.reason

    async def take(self, count: int) -> list[Frame]:
        async with asyncio.timeout(TIMEOUT_S):
            return [await self.frames.get() for _ in range(count)]


def make_link(config: Config | None = None) -> tuple[RtcLink, Recorder]:
    recorder = Recorder()
    return open_link((), recorder, config=config), recorder


@dataclass(eq=False)
class Pair:
    """`left` offers, `right` answers; each with the listener that hears of it."""

    left: RtcLink
    left_ear: Recorder
    right: RtcLink
    right_ear: Recorder

    @classmethod
    def make(cls, config: Config | None = None) -> "Pair":
        return cls(*make_link(config), *make_link(config))

    async def exchange(self) -> tuple[Fingerprints, Fingerprints]:
        answer, right = await self.right.accept_offer(await self.left.create_offer())
        return await self.left.accept_answer(answer), right

    async def connect(self) -> tuple[Fingerprints, Fingerprints]:
        fingerprints = await self.exchange()
        await self.left_ear.wait_open()
        await self.right_ear.wait_open()
        return fingerprints

    async def close(self) -> None:
        await asyncio.gather(self.left.close(), self.right.close())


class RawPeer:
    """Stock aiortc that answers one link of ours."""

    def __init__(self, link: RtcLink, ear: Recorder) -> None:
        self.link = link
        self.ear = ear
        self.connection: RTCPeerConnection = create_connection(())
        self.events = create_channel(self.connection, Channel.EVENTS)
        self.ephemeral = create_channel(self.connection, Channel.EPHEMERAL)
        self.bulk = create_channel(self.connection, Channel.BULK)
        choose_gathering(dtls_of(self.connection).transport.iceGatherer._connection, allowed=("127.0.0.1",))

    async def connect(self) -> None:
        offer = RTCSessionDescription(await self.link.create_offer(), "offer")
        await self.connection.setRemoteDescription(offer)
        await self.connection.setLocalDescription()
        await self.link.accept_answer(self.connection.localDescription.sdp)
        await self.ear.wait_open()

    async def close(self) -> None:
        await self.link.close()
        await self.connection.close()


def tasks_besides(before: set["asyncio.Task[object]"]) -> set["asyncio.Task[object]"]:
    """Tasks that are there now, and were not then."""
    return asyncio.all_tasks() - before
