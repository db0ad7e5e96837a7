"""The floor under our figures: stock aiortc, two connections in one process, descriptions passed by hand.

One ordered channel, no handshake and no cipher of ours, on 127.0.0.1 only. The one thing that is not stock is where
it gathers, since aiortc leaves loopback out. `join.py` and `round_trip.py` compare themselves with these functions.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import time
from dataclasses import dataclass

from aiortc import RTCConfiguration, RTCDataChannel, RTCPeerConnection

from peer.rtc.connection import dtls_of
from peer.rtc.ice import ADDRESSES_SETTING, allowed_addresses, choose_gathering

__all__ = ["bare_connect", "bare_round_trips"]

CONNECTS = 50
ROUND_TRIPS = 2000
WARM_UP = 100
MESSAGE_BYTES = 200


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two open connections; `right` sends back what it receives."""

    left: RTCPeerConnection
    right: RTCPeerConnection
    channel: RTCDataChannel

    async def close(self) -> None:
        await asyncio.gather(self.left.close(), self.right.close())


async def bare_connect() -> float:
    """Seconds from the making of both connections to the opening of the channel."""
    before = time.perf_counter()
    pair = await _open_pair()
    seconds = time.perf_counter() - before
    await pair.close()
    return seconds


async def bare_round_trips(count: int, size: int) -> list[float]:
    """Seconds of each of `count` round trips of `size` bytes, one after the other."""
    pair = await _open_pair()
    seconds = [await _round_trip(pair.channel, bytes(size)) for _ in range(count)]
    await pair.close()
    return seconds


async def _round_trip(channel: RTCDataChannel, data: bytes) -> float:
    returned: asyncio.Future[object] = asyncio.get_running_loop().create_future()
    channel.once("message", returned.set_result)
    before = time.perf_counter()
    channel.send(data)
    await returned
    return time.perf_counter() - before


async def _open_pair() -> _Pair:
    left, left_channel = _connection()
    right, right_channel = _connection()
    right_channel.on("message", right_channel.send)
    is_open = asyncio.Event()
    left_channel.on("open", is_open.set)
    await left.setLocalDescription()
    await right.setRemoteDescription(left.localDescription)
    await right.setLocalDescription()
    await left.setRemoteDescription(right.localDescription)
    await is_open.wait()
    return _Pair(left, right, left_channel)


def _connection() -> tuple[RTCPeerConnection, RTCDataChannel]:
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    channel = connection.createDataChannel("bare", negotiated=True, id=0)
    allowed = allowed_addresses(os.environ.get(ADDRESSES_SETTING, "127.0.0.1"))
    choose_gathering(dtls_of(connection).transport.iceGatherer._connection, allowed=allowed)
    return connection, channel


def _figure(name: str, seconds: list[float]) -> str:
    ordered = sorted(seconds)
    p99 = ordered[len(ordered) * 99 // 100]
    median = statistics.median(ordered)
    return json.dumps({"benchmark": name, "count": len(ordered), "p50_ms": _ms(median), "p99_ms": _ms(p99)})


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)


async def _main() -> None:
    await bare_connect()  # the first one also pays for the imports of its parts
    print(_figure("bare connect", [await bare_connect() for _ in range(CONNECTS)]))
    round_trips = await bare_round_trips(WARM_UP + ROUND_TRIPS, MESSAGE_BYTES)
    print(_figure(f"bare round trip {MESSAGE_BYTES} B", round_trips[WARM_UP:]))


if __name__ == "__main__":
    asyncio.run(_main())
