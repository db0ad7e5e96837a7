"""Two SCTP associations on a made-up path, under a clock that a test turns: any loss, order and delay, in no time.

The path stands where DTLS would: what one side sends as a record, the other side reads as a packet. Chance comes from a
seed, so what failed once fails again. Stock associations run on it as well.
"""

import asyncio
import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiortc import RTCDataChannel, RTCSctpTransport
from aiortc.rtcdatachannel import RTCDataChannelParameters
from aiortc.rtcsctptransport import RTCSctpCapabilities

from peer.ports import Channel
from peer.rtc.datagrams import FastDtls
from peer.rtc.sctp import bound_sctp
from peer.rtc.sctp_sender import hasten_sctp

__all__ = ["Association", "Clock", "Path", "Weather", "make_associations"]


@dataclass(order=True)
class _Call:
    at: float
    number: int
    action: Callable[[], object] = field(compare=False)
    is_cancelled: bool = field(default=False, compare=False)

    def cancel(self) -> None:
        self.is_cancelled = True

    def when(self) -> float:
        return self.at


class Clock:
    """What associations ask of an event loop, with time standing still in between."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._calls: list[_Call] = []
        self._numbers = itertools.count()

    def time(self) -> float:
        return self.now

    def call_soon(self, action: Callable[..., object], *arguments: object) -> _Call:
        return self.call_at(self.now, action, *arguments)

    def call_later(self, delay: float, action: Callable[..., object], *arguments: object) -> _Call:
        return self.call_at(self.now + delay, action, *arguments)

    def call_at(self, at: float, action: Callable[..., object], *arguments: object) -> _Call:
        call = _Call(at, next(self._numbers), lambda: action(*arguments))
        heapq.heappush(self._calls, call)
        return call

    async def run(self, seconds: float, *, until: Callable[[], bool] = lambda: False) -> bool:
        """Turn it so far, or until something is so; tasks that aiortc makes have their turn in between."""
        end = self.now + seconds
        while not until():
            await asyncio.sleep(0)
            if not self._calls or self._calls[0].at > end:
                self.now = end
                return until()
            call = heapq.heappop(self._calls)
            self.now = max(self.now, call.at)
            if not call.is_cancelled:
                call.action()
        return True


@dataclass(frozen=True)
class Weather:
    """Probabilities for each packet; seconds."""

    loss: float = 0.0
    twice: float = 0.0
    late: float = 0.0
    """Held back by up to five times the delay, so that others overtake it."""
    delay_s: float = 0.001


FAIR = Weather()


class Path(FastDtls):
    """One direction, in place of DTLS: `send_record` here is `receive_packet` there."""

    def __init__(self, clock: Clock, weather: Weather, seed: int) -> None:
        self.clock = clock
        self.weather = weather
        self.chance = random.Random(seed)  # noqa: S311 - nothing secret
        self.receiver: RTCSctpTransport | None = None
        self.sent: list[bytes] = []
        self.keep: Callable[[bytes], bool] = lambda _: True
        self._role = "client"

    @property
    def state(self) -> str:
        return "connected"

    def _register_data_receiver(self, receiver: object) -> None: ...

    def _unregister_data_receiver(self, receiver: object) -> None: ...

    async def _send_data(self, data: bytes) -> None:
        self.send_record(data)

    def send_record(self, data: bytes) -> None:
        self.sent.append(data)
        if not self.keep(data) or self.chance.random() < self.weather.loss:
            return
        for _ in range(2 if self.chance.random() < self.weather.twice else 1):
            self.clock.call_at(self._arrival(), self._arrive, data)

    def _arrival(self) -> float:
        if self.chance.random() < self.weather.late:
            return self.clock.now + self.weather.delay_s * self.chance.uniform(1, 5)
        return self.clock.now + self.weather.delay_s

    def _arrive(self, data: bytes) -> None:
        assert self.receiver is not None
        work = self.receiver._handle_data(data)
        try:
            work.send(None)
        except StopIteration:
            return


class Association:
    """One side, with the channels of a link and what came over each."""

    def __init__(
        self, clock: Clock, weather: Weather, *, seed: int, is_fast: bool = True, is_stock: bool = False
    ) -> None:
        self.path = Path(clock, weather, seed)
        self.abuses: list[str] = []
        self.sctp: Any = RTCSctpTransport(self.path)
        self.sctp._loop = clock  # type: ignore[assignment]
        if not is_stock:
            bound_sctp(self.sctp, on_abuse=self.abuses.append)
            hasten_sctp(self.sctp, is_wanted=is_fast)
            self.path.__class__ = Path
        self.received: dict[Channel, list[bytes]] = {channel: [] for channel in Channel}
        self.channels = {channel: self._make_channel(channel) for channel in Channel}

    def _make_channel(self, channel: Channel) -> RTCDataChannel:
        is_reliable = channel is not Channel.EPHEMERAL
        parameters = RTCDataChannelParameters(
            label=channel.label,
            negotiated=True,
            id=channel.value,
            ordered=is_reliable,
            maxRetransmits=None if is_reliable else 0,
        )
        rtc_channel = RTCDataChannel(self.sctp, parameters)
        rtc_channel.on("message", self.received[channel].append)
        return rtc_channel

    def send(self, channel: Channel, data: bytes) -> None:
        self.channels[channel].send(data)

    @property
    def is_open(self) -> bool:
        return all(channel.readyState == "open" for channel in self.channels.values())

    async def start(self) -> None:
        await self.sctp.start(RTCSctpCapabilities(maxMessageSize=65536), 5000)


async def make_associations(
    weather: Weather = FAIR, *, seed: int = 0, is_fast: bool = True, is_stock: bool = False
) -> tuple[Association, Association]:
    """Open between both; the left one is fast, the right one what is asked for."""
    clock = Clock()
    left = Association(clock, weather, seed=2 * seed)
    right = Association(clock, weather, seed=2 * seed + 1, is_fast=is_fast, is_stock=is_stock)
    left.path.receiver, right.path.receiver = right.sctp, left.sctp
    right.path._role = "server"
    await left.start()
    await right.start()
    assert await clock.run(30, until=lambda: left.is_open and right.is_open)
    return left, right
