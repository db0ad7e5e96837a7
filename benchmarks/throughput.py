"""How much a link carries, beside stock aiortc: messages of 64 B to 64 KiB between two processes on loopback.

Ours is a link as a room uses it, each message sealed on one side and opened on the other; the baseline is a bare data
channel, plain. Rounds alternate, so that a slow moment of the machine hits both; `ratio_bare` is that of the medians.
Then the same of 16 KiB with every hundredth and every thirtieth datagram lost, by a forwarder in a process of its own.
`--quick` takes very little of everything, to see that it runs.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from aiortc import RTCDataChannel
from bare import bare_answer, bare_channel
from crypto import same_keys
from report import print_values

from peer.crypto.rekey import EVENTS
from peer.ports import Channel
from peer.rtc import RtcLink, open_link
from peer.rtc.ice import ADDRESSES_SETTING

HIGH_WATER_BYTES = 256 * 1024
SEAL_OVERHEAD_BYTES = 26
ROOT = Path(__file__).parents[1]

Rewrite = Callable[[str, int], Awaitable[str]]
"""A description, and 0 or 1 for the side it is of, into the one to pass on."""


@dataclass(frozen=True)
class Amount:
    """Per round and size: bytes in all, and messages at most."""

    total_bytes: int = 32 * 2**20
    messages: int = 20_000
    rounds: int = 5
    sizes: tuple[int, ...] = (64, 1024, 16 * 1024, 64 * 1024 - SEAL_OVERHEAD_BYTES)
    losses: tuple[float, ...] = (0.01, 0.03)
    lossy_size: int = 16 * 1024

    def count(self, size: int) -> int:
        return min(self.messages, self.total_bytes // size)


QUICK = Amount(total_bytes=2**20, messages=200, rounds=1, losses=(0.01,))


class Sender(Protocol):
    """One side of something that carries messages."""

    def send(self, data: bytes) -> None: ...

    async def wait_drained(self) -> None: ...

    async def wait_answer(self) -> None: ...


class BareSender:
    """A bare data channel."""

    def __init__(self, channel: RTCDataChannel) -> None:
        self._channel = channel
        self._answers: asyncio.Queue[object] = asyncio.Queue()
        channel.bufferedAmountLowThreshold = HIGH_WATER_BYTES // 4
        channel.on("message", self._answers.put_nowait)

    def send(self, data: bytes) -> None:
        self._channel.send(data)

    async def wait_drained(self) -> None:
        if self._channel.bufferedAmount <= HIGH_WATER_BYTES:
            return
        low: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._channel.once("bufferedamountlow", lambda: low.set_result(None))
        await low

    async def wait_answer(self) -> None:
        await self._answers.get()


class OurSide:
    """A link of ours under keys that both processes can derive; never do this outside of a benchmark."""

    def __init__(self, side: int, on_message: Callable[[bytes], None]) -> None:
        self._epochs = same_keys()[side]
        self._on_message = on_message
        self.is_open = asyncio.Event()
        self.link: RtcLink = open_link((), self)

    def on_open(self) -> None:
        self.is_open.set()

    def on_frame(self, channel: Channel, data: bytes) -> None:
        plaintext = self._epochs.open(channel.label, data, now=0.0)
        assert plaintext is not None
        self._on_message(plaintext)

    def on_bulk_low(self) -> None: ...

    def on_candidate(self, line: str) -> None: ...

    def on_closed(self, reason: str) -> None:
        if reason not in ("closed", "remote"):
            sys.exit(f"the link ended: {reason}")

    def send(self, data: bytes) -> None:
        self.link.send(Channel.EVENTS, self._epochs.seal(EVENTS, data))


class OurSender(OurSide):
    """The one that measures."""

    def __init__(self) -> None:
        self._answers: asyncio.Queue[bytes] = asyncio.Queue()
        super().__init__(0, self._answers.put_nowait)

    async def wait_drained(self) -> None:
        if self.link.buffered_bytes > HIGH_WATER_BYTES:
            await self.link.wait_drained()

    async def wait_answer(self) -> None:
        await self._answers.get()


class Counter:
    """The child: answers once it has as many messages as the first one said."""

    def __init__(self) -> None:
        self._missing = 0

    def is_complete(self, data: bytes) -> bool:
        if not self._missing:
            self._missing = int(data.rpartition(b" ")[2])
            return False
        self._missing -= 1
        return not self._missing


async def one_round(sender: Sender, *, count: int, size: int) -> float:
    """Messages per second, until the other side has all."""
    data = b"\x90" + bytes(size - 1)
    before = time.perf_counter()
    sender.send(b"\x90 %d" % count)
    for _ in range(count):
        sender.send(data)
        await sender.wait_drained()
    await sender.wait_answer()
    return count / (time.perf_counter() - before)


async def unchanged(sdp: str, _side: int) -> str:
    return sdp


@asynccontextmanager
async def child_of(*command: str) -> AsyncIterator[Callable[[object], Awaitable[Any]]]:
    """A Python process of its own that answers lines of JSON, until its input ends."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert child.stdin is not None
    assert child.stdout is not None
    pipe, answers = child.stdin, child.stdout

    async def ask(question: object) -> Any:
        pipe.write(json.dumps(question).encode() + b"\n")
        return json.loads(await answers.readline())

    try:
        yield ask
    finally:
        pipe.close()
        await child.wait()


@asynccontextmanager
async def forwarder(loss: float) -> AsyncIterator[Rewrite]:
    """A path that loses so much of either direction."""
    async with child_of("-m", "tests.support.forwarder", str(loss)) as ask:
        yield lambda sdp, side: ask((side, sdp))


@asynccontextmanager
async def our_channel(rewrite: Rewrite = unchanged) -> AsyncIterator[OurSender]:
    """An open link to a process of its own, which counts."""
    async with child_of(__file__, "ours") as ask:
        sender = OurSender()
        offer = await rewrite(await sender.link.create_offer(), 0)
        await sender.link.accept_answer(await rewrite(await ask(offer), 1))
        await sender.is_open.wait()
        try:
            yield sender
        finally:
            await sender.link.close()


async def our_answer() -> None:
    counter = Counter()
    side: OurSide

    def on_message(data: bytes) -> None:
        if counter.is_complete(data):
            side.send(b"\x90done")

    side = OurSide(1, on_message)
    offer = json.loads(await asyncio.to_thread(sys.stdin.readline))
    answer, _ = await side.link.accept_offer(offer)
    print(json.dumps(answer), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await side.link.close()


def bare_counter() -> Callable[[RTCDataChannel, bytes], None]:
    counter = Counter()

    def on_message(channel: RTCDataChannel, data: bytes) -> None:
        if counter.is_complete(data):
            channel.send(b"done")

    return on_message


async def measure(amount: Amount) -> None:
    async with our_channel() as ours, bare_channel(__file__, "bare") as channel:
        bare = BareSender(channel)
        for size in amount.sizes:
            await compare(f"throughput {size} B", ours, bare, amount=amount, size=size)


async def measure_under_loss(amount: Amount) -> None:
    size = amount.lossy_size
    for loss in amount.losses:
        async with (
            forwarder(loss) as left,
            forwarder(loss) as right,
            our_channel(left) as ours,
            bare_channel(__file__, "bare", rewrite=right) as channel,
        ):
            name = f"throughput {size} B, {loss:.0%} lost"
            await compare(name, ours, BareSender(channel), amount=amount, size=size)


async def measure_all(amount: Amount) -> None:
    await measure(amount)
    await measure_under_loss(amount)


async def compare(name: str, ours: Sender, bare: Sender, *, amount: Amount, size: int) -> None:
    count = amount.count(size)
    rates: dict[Sender, list[float]] = {ours: [], bare: []}
    for sender in rates:
        await one_round(sender, count=max(1, count // 8), size=size)
    for _ in range(amount.rounds):
        for sender, measured in rates.items():
            measured.append(await one_round(sender, count=count, size=size))
    per_s, bare_per_s = (statistics.median(measured) for measured in rates.values())
    print_values(
        name,
        count=count * amount.rounds,
        per_s=round(per_s),
        mib_per_s=round(per_s * size / 2**20, 2),
        bare_per_s=round(bare_per_s),
        bare_mib_per_s=round(bare_per_s * size / 2**20, 2),
        ratio_bare=round(per_s / bare_per_s, 2),
    )


def main(arguments: list[str]) -> None:
    os.environ.setdefault(ADDRESSES_SETTING, "127.0.0.1")
    if arguments == ["ours"]:
        asyncio.run(our_answer())
    elif arguments == ["bare"]:
        asyncio.run(bare_answer(bare_counter()))
    else:
        asyncio.run(measure_all(QUICK if arguments == ["--quick"] else Amount()))


if __name__ == "__main__":
    main(sys.argv[1:])
