"""The floor under our figures: stock aiortc, descriptions passed by hand.

One ordered channel, no handshake and no cipher of ours, on 127.0.0.1 only. The one thing that is not stock is where
it gathers, since aiortc leaves loopback out. `join.py` and `round_trip.py` compare themselves with these functions.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial

from aiortc import RTCConfiguration, RTCDataChannel, RTCPeerConnection, RTCSessionDescription
from report import print_figure

from peer.rtc.connection import dtls_of
from peer.rtc.ice import ADDRESSES_SETTING, allowed_addresses, choose_gathering

__all__ = ["bare_answer", "bare_channel", "bare_connect", "bare_echo", "bare_pair", "bare_round_trips"]

CONNECTS = 50
ROUND_TRIPS = 2000
WARM_UP = 100
MESSAGE_BYTES = 200


async def bare_connect() -> float:
    """Seconds from the making of both connections, in this process, to the opening of the channel."""
    before = time.perf_counter()
    left, right = await bare_pair()
    seconds = time.perf_counter() - before
    await asyncio.gather(left.close(), right.close())
    return seconds


async def bare_pair() -> tuple[RTCPeerConnection, RTCPeerConnection]:
    """Both ends of an open channel, in this process."""
    (left, left_channel), (right, _) = _connection(), _connection()
    is_open = _opening(left_channel)
    await left.setLocalDescription()
    await right.setRemoteDescription(left.localDescription)
    await right.setLocalDescription()
    await left.setRemoteDescription(right.localDescription)
    await is_open
    return left, right


def bare_echo() -> AbstractAsyncContextManager[RTCDataChannel]:
    """An open channel to a process of its own that sends back what it receives."""
    return bare_channel(__file__, "echo")


async def _unchanged(sdp: str, _side: int) -> str:
    return sdp


@asynccontextmanager
async def bare_channel(
    *command: str, rewrite: Callable[[str, int], Awaitable[str]] = _unchanged
) -> AsyncIterator[RTCDataChannel]:
    """An open channel to a Python process of its own, which calls `bare_answer`.

    `rewrite` is given each description, with 0 for the one of this process, before the other side sees it.
    """
    child = await asyncio.create_subprocess_exec(
        sys.executable, *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert child.stdin is not None
    assert child.stdout is not None
    connection, channel = _connection()
    is_open = _opening(channel)
    await connection.setLocalDescription()
    offer = await rewrite(connection.localDescription.sdp, 0)
    child.stdin.write(json.dumps(offer).encode() + b"\n")
    answer = await rewrite(json.loads(await child.stdout.readline()), 1)
    await connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))
    await is_open
    try:
        yield channel
    finally:
        await connection.close()
        child.stdin.close()
        await child.wait()


async def bare_round_trips(channel: RTCDataChannel, *, count: int, size: int) -> list[float]:
    """Seconds of each of `count` round trips of `size` bytes, one after the other."""
    return [await _round_trip(channel, bytes(size)) for _ in range(count)]


async def _round_trip(channel: RTCDataChannel, data: bytes) -> float:
    returned: asyncio.Future[object] = asyncio.get_running_loop().create_future()
    channel.once("message", returned.set_result)
    before = time.perf_counter()
    channel.send(data)
    await returned
    return time.perf_counter() - before


async def bare_answer(on_message: Callable[[RTCDataChannel, bytes], None]) -> None:
    """The child: an offer on standard input, the answer on standard output, then messages until the input ends."""
    connection, channel = _connection()
    channel.on("message", partial(on_message, channel))
    offer = json.loads(await asyncio.to_thread(sys.stdin.readline))
    await connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
    await connection.setLocalDescription()
    print(json.dumps(connection.localDescription.sdp), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await connection.close()


def _opening(channel: RTCDataChannel) -> asyncio.Future[None]:
    is_open: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    channel.on("open", lambda: is_open.set_result(None))
    return is_open


def _connection() -> tuple[RTCPeerConnection, RTCDataChannel]:
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    channel = connection.createDataChannel("bare", negotiated=True, id=0)
    allowed = allowed_addresses(os.environ.get(ADDRESSES_SETTING, "127.0.0.1"))
    choose_gathering(dtls_of(connection).transport.iceGatherer._connection, allowed=allowed)
    return connection, channel


async def _main() -> None:
    await bare_connect()  # the first one also pays for the imports of its parts
    print_figure("bare connect", [await bare_connect() for _ in range(CONNECTS)])
    async with bare_echo() as channel:
        round_trips = await bare_round_trips(channel, count=WARM_UP + ROUND_TRIPS, size=MESSAGE_BYTES)
    print_figure(f"bare round trip {MESSAGE_BYTES} B", round_trips[WARM_UP:])


if __name__ == "__main__":
    asyncio.run(bare_answer(RTCDataChannel.send) if sys.argv[1:] == ["echo"] else _main())
