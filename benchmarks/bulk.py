"""What a large stream does to chat, and how fast it goes, beside stock aiortc with both on one connection.

Between two processes on loopback: messages of 200 B go there and back, one after the other, first alone and then while
a stream runs the same way. The baseline has two bare channels and keeps 64 KiB of bulk in its buffer, as we do. Rounds
of ours and of the baseline alternate, so that a slow moment of the machine hits both.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiortc import RTCDataChannel, RTCDataChannelParameters
from bare import bare_answer, bare_channel, bare_round_trips
from members import UNPACED, answering_member
from report import print_comparison, print_values
from rooms import running_server, wait_linked

import peer

MESSAGE_BYTES = 200
PIECE_BYTES = 16 * 1024
HIGH_WATER_BYTES = 64 * 1024
IDLE_ROUND_TRIPS = 250
WARM_UP = 50


class Figures:
    """Of one of both sides."""

    def __init__(self) -> None:
        self.idle: list[float] = []
        self.loaded: list[float] = []
        self.bytes = 0
        self.seconds = 0.0

    @property
    def mib_per_s(self) -> float:
        return round(self.bytes / self.seconds / 2**20, 2)

    async def measure(
        self, *, round_trips: Callable[[int], Awaitable[list[float]]], send: Callable[[int], Awaitable[None]], size: int
    ) -> None:
        """One round: alone, then beside `size` bytes of bulk."""
        self.idle += await round_trips(min(IDLE_ROUND_TRIPS, size // 20_000))
        before = time.perf_counter()
        sending = asyncio.ensure_future(send(size))
        while not sending.done():
            self.loaded += await round_trips(1)
        await sending
        self.seconds += time.perf_counter() - before
        self.bytes += size


# ---- ours


class Ours:
    """A room with one other member, which is a process of its own."""

    def __init__(self, room: peer.Room, events: peer.EventStream) -> None:
        self._room = room
        self._events = events
        self._other = next(member for member in room.members if not member.is_me)

    async def round_trips(self, count: int) -> list[float]:
        return [await self._round_trip() for _ in range(count)]

    async def _round_trip(self) -> float:
        before = time.perf_counter()
        await self._room.send("x" * MESSAGE_BYTES)
        while not isinstance(await anext(self._events), peer.Message):
            pass
        return time.perf_counter() - before

    async def send(self, size: int) -> None:
        piece = bytes(PIECE_BYTES)
        async with await self._room.open_stream(self._other, size=size) as stream:
            for _ in range(size // PIECE_BYTES):
                await stream.write(piece)


@asynccontextmanager
async def our_side() -> AsyncIterator[Ours]:
    async with running_server() as server, peer.Peer(server, name="host", config=UNPACED) as host:
        room = await host.create_room("Deck")
        assert room.invite is not None
        async with answering_member(room.invite):
            yield Ours(room, await wait_linked(room))


# ---- the baseline


def _bulk_channel(channel: RTCDataChannel) -> RTCDataChannel:
    parameters = RTCDataChannelParameters(id=1, label="bulk", negotiated=True, ordered=True)
    return RTCDataChannel(channel.transport, parameters)


class Bare:
    """Two channels of one connection to a process of its own."""

    def __init__(self, channel: RTCDataChannel) -> None:
        self._channel = channel
        self._bulk = _bulk_channel(channel)
        self._bulk.bufferedAmountLowThreshold = HIGH_WATER_BYTES // 2
        self._is_low, self._is_done = asyncio.Event(), asyncio.Event()
        self._bulk.on("bufferedamountlow", self._is_low.set)
        self._bulk.on("message", lambda _: self._is_done.set())

    async def round_trips(self, count: int) -> list[float]:
        return await bare_round_trips(self._channel, count=count, size=MESSAGE_BYTES)

    async def send(self, size: int) -> None:
        self._is_done.clear()
        self._bulk.send(size.to_bytes(8, "big"))
        for _ in range(size // PIECE_BYTES):
            if self._bulk.bufferedAmount >= HIGH_WATER_BYTES:
                self._is_low.clear()
                await self._is_low.wait()
            self._bulk.send(bytes(PIECE_BYTES))
        await self._is_done.wait()


class _Sink:
    """The child: echoes on the first channel, and counts on the second until all is there."""

    def __init__(self) -> None:
        self._bulk: RTCDataChannel | None = None
        self._left = 0

    def receive(self, channel: RTCDataChannel, data: bytes) -> None:
        if self._bulk is None:
            self._bulk = _bulk_channel(channel)
            self._bulk.on("message", self._count)
        channel.send(data)

    def _count(self, data: bytes) -> None:
        if len(data) == 8:
            self._left = int.from_bytes(data, "big")
            return
        self._left -= len(data)
        if self._left < PIECE_BYTES and self._bulk is not None:
            self._bulk.send(b"done")


async def main(*, total_bytes: int, rounds: int) -> None:
    ours, bare = Figures(), Figures()
    async with our_side() as room, bare_channel(__file__, "sink") as channel:
        baseline = Bare(channel)
        await room.round_trips(WARM_UP)
        await baseline.round_trips(WARM_UP)
        for _ in range(rounds):
            size = total_bytes // rounds
            await ours.measure(round_trips=room.round_trips, send=room.send, size=size)
            await bare.measure(round_trips=baseline.round_trips, send=baseline.send, size=size)
    megabytes = total_bytes // 1_000_000
    print_comparison(f"chat round trip {MESSAGE_BYTES} B, idle", ours.idle, bare.idle)
    print_comparison(f"chat round trip {MESSAGE_BYTES} B, under a stream of {megabytes} MB", ours.loaded, bare.loaded)
    print_values(
        f"stream of {megabytes} MB beside chat",
        mib_per_s=ours.mib_per_s,
        bare_mib_per_s=bare.mib_per_s,
        ratio_bare=round(ours.mib_per_s / bare.mib_per_s, 2),
    )


def _start() -> None:
    if sys.argv[1:2] == ["sink"]:
        asyncio.run(bare_answer(_Sink().receive))
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="20 MB in one round")
    parser.add_argument("--megabytes", type=int, default=200, help="how large the stream is, in four rounds")
    options = parser.parse_args()
    megabytes = 20 if options.quick else options.megabytes
    asyncio.run(main(total_bytes=megabytes * 1_000_000, rounds=4 if megabytes >= 100 else 1))


if __name__ == "__main__":
    _start()
