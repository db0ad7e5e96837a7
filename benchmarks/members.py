"""The other member of a benchmark's room: a process that answers every message and reads every stream.

Without the pace that rooms keep for real: a benchmark asks how fast a message can go, not how often one may.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import peer

__all__ = ["UNPACED", "answering_member"]

_NO_LIMIT = 10**9
UNPACED = peer.Config(send_burst=_NO_LIMIT, receive_burst=_NO_LIMIT)


@asynccontextmanager
async def answering_member(invite: str) -> AsyncIterator[None]:
    """In the room of this invite, until the end of the block."""
    child = await asyncio.create_subprocess_exec(sys.executable, __file__, invite, stderr=asyncio.subprocess.DEVNULL)
    try:
        yield
    finally:
        child.terminate()
        await child.wait()


def _member() -> peer.Bot:
    bot = peer.Bot(name="member", config=UNPACED)
    reading: set[asyncio.Task[None]] = set()

    @bot.on
    async def answer(message: peer.Message) -> None:
        await message.reply(message.text)

    @bot.on
    async def read(opened: peer.StreamOpened) -> None:
        """In a task of its own: events of one member are handled one after the other."""
        task = asyncio.create_task(_read_all(opened.stream))
        reading.add(task)
        task.add_done_callback(reading.discard)

    return bot


async def _read_all(stream: peer.StreamReader) -> None:
    async for _ in stream:
        pass


if __name__ == "__main__":
    _member().run(sys.argv[1])
