"""A UDP forwarder between two links on loopback that loses, repeats, delays and reorders, by a seed.

netem needs a kernel module that many hosts lack. Each side's candidates are rewritten to a port of the forwarder that
stands for it; what comes to that port goes on to the real one, from the port that stands for the sender.

`python -m tests.support.forwarder LOSS` is one in a process of its own: it reads lines of JSON, a side and its
description, answers each with the description to pass on, and ends with its input.
"""

import asyncio
import json
import random
import re
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

__all__ = ["LEFT", "RIGHT", "Forwarder", "Rain", "running_forwarder"]

LEFT, RIGHT = 0, 1
MAX_HELD = 4096
"""Datagrams that wait for their time; more are lost, as in a router."""

RECEIVE_BUFFER_BYTES = 4 * 2**20
_CANDIDATE = re.compile(r"(a=candidate:\S+ \d+ udp \d+ 127\.0\.0\.1 )(\d+)( typ host)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Rain:
    """Probabilities for each datagram of either direction; seconds."""

    loss: float = 0.0
    twice: float = 0.0
    late: float = 0.0
    """Held back for 2 to 5 ms more, so that others overtake it."""
    delay_s: float = 0.0


class Forwarder:
    """Both mouths, and what is known of the sides behind them."""

    def __init__(self, rain: Rain, seed: int) -> None:
        self.rain = rain
        self.passed = self.lost = 0
        self._chance = random.Random(seed)  # noqa: S311 - nothing secret
        self._mouths: list[asyncio.DatagramTransport] = []
        self._homes: dict[int, tuple[str, int]] = {}
        self._held = 0
        self._loop = asyncio.get_running_loop()

    async def open(self) -> None:
        for side in (LEFT, RIGHT):
            transport, _ = await self._loop.create_datagram_endpoint(
                lambda side=side: _Mouth(self, side),  # type: ignore[misc]
                local_addr=("127.0.0.1", 0),
            )
            sock = transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
            self._mouths.append(transport)

    def close(self) -> None:
        for mouth in self._mouths:
            mouth.close()

    def rewrite(self, sdp: str, *, side: int) -> str:
        """This side's description, as the other one is to read it."""
        ports = _CANDIDATE.findall(sdp)
        assert len(ports) == 1, "a forwarder stands for one candidate"
        self._homes[side] = ("127.0.0.1", int(ports[0][1]))
        port: int = self._mouths[side].get_extra_info("sockname")[1]
        return _CANDIDATE.sub(rf"\g<1>{port}\g<3>", sdp)

    def take(self, data: bytes, side: int) -> None:
        """What came to the mouth of this side, for it."""
        rain, chance = self.rain, self._chance.random
        if side not in self._homes or chance() < rain.loss:
            self.lost += 1
            return
        for _ in range(2 if chance() < rain.twice else 1):
            delay_s = rain.delay_s
            if rain.late and chance() < rain.late:
                delay_s += self._chance.uniform(0.002, 0.005)
            self._pass_on(data, side, delay_s)

    def _pass_on(self, data: bytes, side: int, delay_s: float) -> None:
        if not delay_s:
            self._send(data, side)
        elif self._held < MAX_HELD:
            self._held += 1
            self._loop.call_later(delay_s, self._let_go, data, side)
        else:
            self.lost += 1

    def _let_go(self, data: bytes, side: int) -> None:
        self._held -= 1
        self._send(data, side)

    def _send(self, data: bytes, side: int) -> None:
        mouth = self._mouths[RIGHT if side == LEFT else LEFT]
        if not mouth.is_closing():
            self.passed += 1
            mouth.sendto(data, self._homes[side])


class _Mouth(asyncio.DatagramProtocol):
    def __init__(self, forwarder: Forwarder, side: int) -> None:
        self._forwarder = forwarder
        self._side = side

    def datagram_received(self, data: bytes, _: object) -> None:
        self._forwarder.take(data, self._side)


@asynccontextmanager
async def running_forwarder(rain: Rain, *, seed: int = 0) -> AsyncIterator[Forwarder]:
    """Closed in the end."""
    forwarder = Forwarder(rain, seed)
    await forwarder.open()
    try:
        yield forwarder
    finally:
        forwarder.close()
        await asyncio.sleep(0)


async def _serve(loss: float) -> None:
    async with running_forwarder(Rain(loss=loss)) as forwarder:
        while line := await asyncio.to_thread(sys.stdin.readline):
            side, sdp = json.loads(line)
            sys.stdout.write(json.dumps(forwarder.rewrite(sdp, side=side)) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_serve(float(sys.argv[1])))
