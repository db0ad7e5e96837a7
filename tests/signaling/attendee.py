"""A peer as a process of its own, so that it can be killed, stopped or cut off.

    python -m tests.signaling.attendee SERVER ROOM        by WebSocket; makes the room if there is none

Each frame it gets is a line on standard output: seconds of the machine's monotonic clock, then the frame.
"""

import asyncio
import sys
import time
from typing import Any

import aiohttp

__all__: list[str] = []


async def _enter(session: aiohttp.ClientSession, room: str) -> Any:
    for call in ("join-room", "create-room"):
        async with session.post(f"/signaling/{call}", json={"roomId": room}) as answer:
            if answer.ok:
                return await answer.json()
    raise SystemExit(f"cannot enter {room}: {await answer.text()}")


async def main(server: str, room: str) -> None:
    async with aiohttp.ClientSession(server) as session:
        joined = await _enter(session, room)
        async with session.ws_connect("/signaling/ws") as socket:
            await socket.send_json({"type": "hello", "token": joined["token"]})
            async for message in socket:
                sys.stdout.write(f"{time.monotonic()} {message.data}\n")
                sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
