"""How long a chat message takes there and back, beside the same bytes on a bare aiortc data channel.

The other side is a bot in a process of its own (`members.py`); that of the baseline is a process, too. Rounds of ours
and of the baseline alternate, so that a slow moment of the machine hits both.
"""

from __future__ import annotations

import asyncio
import time

from bare import bare_echo, bare_round_trips
from members import UNPACED, answering_member
from report import print_comparison
from rooms import running_server, wait_linked

import peer

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


async def main() -> None:
    ours: list[float] = []
    bare: list[float] = []
    async with (
        running_server() as server,
        peer.Peer(server, name="host", config=UNPACED) as host,
        bare_echo() as channel,
    ):
        room = await host.create_room("Deck")
        assert room.invite is not None
        async with answering_member(room.invite):
            events = await wait_linked(room)
            await round_trips(room, events, WARM_UP)
            await bare_round_trips(channel, count=WARM_UP, size=MESSAGE_BYTES)
            for _ in range(ROUNDS):
                ours += await round_trips(room, events, PER_ROUND)
                bare += await bare_round_trips(channel, count=PER_ROUND, size=MESSAGE_BYTES)
    print_comparison(f"message round trip {MESSAGE_BYTES} B", ours, bare)


if __name__ == "__main__":
    asyncio.run(main())
