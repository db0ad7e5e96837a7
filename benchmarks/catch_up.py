"""How long a newcomer takes to get what was said before it came, and how many bytes that is: part of `log.py`.

Over a real link on 127.0.0.1, from a keeper in a process of its own: a private room, messages of 120 characters. Timed
from the moment when the link is up to that when all of it was told to the newcomer's user, checked, sorted and, in one
of both figures, on the disk. Bytes are those of all UDP datagrams both ways, with the headers of UDP and IP. The
baseline is a bare channel of aiortc that carries the same events in frames of the same size, unread.
"""

from __future__ import annotations

import asyncio
import gc
import statistics
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from aiortc import RTCDataChannel, RTCDtlsTransport
from bare import bare_answer, bare_channel
from members import UNPACED
from report import print_values
from rooms import running_server, wait_linked

import peer

__all__ = ["measure_catch_up"]

MESSAGE_CHARS = 120
EVENT_BYTES = 360
"""Of such an event in a private room."""
FRAME_BYTES = 48 * 1024
HEADER_BYTES = 28
"""UDP and IPv4."""


class Taken(NamedTuple):
    """By one newcomer."""

    seconds: float
    size: int
    """Bytes."""


class Newcomer:
    """Counts the messages that it is told, and notes when the first member was there and when the last came."""

    def __init__(self, count: int) -> None:
        self._left = count
        self.linked_at = self.done_at = 0.0
        self.is_done = asyncio.Event()

    def put(self, event: peer.Event) -> None:
        if isinstance(event, peer.MemberJoined):
            self.linked_at = self.linked_at or time.perf_counter()
        if isinstance(event, peer.Message):
            self._left -= 1
            if not self._left:
                self.done_at = time.perf_counter()
                self.is_done.set()

    def fall_behind(self) -> None:
        raise AssertionError("a sink without a queue fell behind")

    def end(self) -> None:
        """The room was left."""


async def measure_catch_up(folder: Path, *, count: int, rounds: int) -> None:
    """Newcomers one after the other, without storage and with."""
    in_memory, on_disk, bare = list[Taken](), list[Taken](), list[float]()
    async with running_server() as server, _keeper(server, count) as invite:
        for turn in range(rounds):
            in_memory.append(await _catch_up(invite, count, None))
            on_disk.append(await _catch_up(invite, count, folder / f"{turn}"))
            bare.append(await _carry(count * EVENT_BYTES))
    for name, taken in (("catch up", in_memory), ("catch up and keep", on_disk)):
        seconds = statistics.median(each.seconds for each in taken)
        print_values(
            f"{name} with {count} over a link",
            p50_ms=round(seconds * 1000, 1),
            bare_p50_ms=round(statistics.median(bare) * 1000, 1),
            ratio=round(seconds / statistics.median(bare), 2),
            kilobytes=round(statistics.median(each.size for each in taken) / 1000, 1),
        )


async def _catch_up(invite: str, count: int, data_dir: Path | None) -> Taken:
    newcomer = Newcomer(count)
    address = invite.partition("/#")[0]
    async with peer.Peer(address, name="newcomer", config=UNPACED, data_dir=data_dir) as me:
        room = await me.join_room(invite)
        room.attach(newcomer)
        async with asyncio.timeout(60):
            await newcomer.is_done.wait()
        size = _bytes_on_the_wire()
    return Taken(newcomer.done_at - newcomer.linked_at, size)


def _bytes_on_the_wire() -> int:
    """Of all links of this process that are open."""
    transports = [each for each in gc.get_objects() if isinstance(each, RTCDtlsTransport) and each.state == "connected"]
    stats: list[Any] = [report for each in transports for report in each._get_stats().values()]
    packets = sum(each.packetsSent + each.packetsReceived for each in stats)
    payloads = sum(each.bytesSent + each.bytesReceived for each in stats)
    return int(payloads + HEADER_BYTES * packets)


# ---- the keeper


@asynccontextmanager
async def _keeper(server: str, count: int) -> AsyncIterator[str]:
    """The invite to a room with so many messages, kept by one member in a process of its own."""
    command = (sys.executable, __file__, "keep", server, str(count))
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        yield (await child.stdout.readline()).decode().strip()
    finally:
        child.stdin.close()
        await child.wait()


async def _keep(server: str, count: int) -> None:
    """Say it to a witness, who leaves; then stay."""
    async with peer.Peer(server, name="keeper", config=UNPACED) as keeper:
        room = await keeper.create_room("Deck")
        assert room.invite is not None
        async with peer.Peer(server, name="witness", config=UNPACED) as witness:
            await witness.join_room(room.invite)
            await wait_linked(room)
            for number in range(count):
                await room.send((f"{number:6} " + "ahoy deck " * 12)[:MESSAGE_CHARS])
        print(room.invite, flush=True)
        await asyncio.to_thread(sys.stdin.read)


# ---- the baseline


async def _carry(size: int) -> float:
    """Seconds from the word to the last of so many bytes."""
    async with bare_channel(__file__, "carry") as channel:
        is_done, missing = asyncio.Event(), size

        def receive(data: bytes) -> None:
            nonlocal missing
            missing -= len(data)
            if missing <= 0:
                is_done.set()

        channel.on("message", receive)
        before = time.perf_counter()
        channel.send(size.to_bytes(8, "big"))
        await is_done.wait()
        return time.perf_counter() - before


def _send_all(channel: RTCDataChannel, data: bytes) -> None:
    left = int.from_bytes(data, "big")
    while left > 0:
        channel.send(bytes(min(left, FRAME_BYTES)))
        left -= FRAME_BYTES


if __name__ == "__main__":
    if sys.argv[1] == "carry":
        asyncio.run(bare_answer(_send_all))
    else:
        asyncio.run(_keep(sys.argv[2], int(sys.argv[3])))
