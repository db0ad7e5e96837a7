"""How long a chat message takes there and back, beside the same bytes on a bare aiortc data channel.

The other side is examples/echo_bot.py in a process of its own; that of the baseline is a process, too. Rounds of ours
and of the baseline alternate, so that a slow moment of the machine hits both.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bare import bare_echo, bare_round_trips
from report import print_comparison
from rooms import running_server, wait_linked

import peer

ECHO_BOT = Path(__file__).parents[1] / "examples" / "echo_bot.py"
ROUNDS = 8
PER_ROUND = 250
WARM_UP = 50
MESSAGE_BYTES = 200


async def round_trips(room: peer.Room, events: peer.EventStream, count: int) -> list[float]:
    """Seconds of each message and its echo, one after the other."""
    seconds = []
    for _ in range(count):
        before = time.perf_counter()
        await room.send("x" * MESSAGE_BYTES)
        while not isinstance(await anext(events), peer.Message):
            pass
        seconds.append(time.perf_counter() - before)
    return seconds


@asynccontextmanager
async def echo_bot(invite: str) -> AsyncIterator[None]:
    """examples/echo_bot.py, in a process of its own."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, str(ECHO_BOT), invite, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        yield
    finally:
        child.terminate()
        await child.wait()


async def main() -> None:
    ours: list[float] = []
    bare: list[float] = []
    async with running_server() as server, peer.Peer(server, name="host") as host, bare_echo() as channel:
        room = await host.create_room("Deck")
        assert room.invite is not None
        async with echo_bot(room.invite):
            events = await wait_linked(room)
            await round_trips(room, events, WARM_UP)
            await bare_round_trips(channel, count=WARM_UP, size=MESSAGE_BYTES)
            for _ in range(ROUNDS):
                ours += await round_trips(room, events, PER_ROUND)
                bare += await bare_round_trips(channel, count=PER_ROUND, size=MESSAGE_BYTES)
    print_comparison(f"message round trip {MESSAGE_BYTES} B", ours, bare)


if __name__ == "__main__":
    asyncio.run(main())
