"""The front of the cluster demo: what a load balancer does, in its simplest form, within the demo's own process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

__all__ = ["Front", "running_front"]


@dataclass
class Front:
    """Sends each connection to the next server that takes it."""

    ports: list[int]
    url: str = ""
    turn: int = 0
    ways: set[asyncio.Task[None]] = field(default_factory=set)

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found = await self._connect()
        if found is None:
            writer.close()
            return
        there_reader, there_writer = found
        ways = [asyncio.create_task(copy(reader, there_writer)), asyncio.create_task(copy(there_reader, writer))]
        self.ways.update(ways)
        await asyncio.wait(ways)
        self.ways.difference_update(ways)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        for _ in self.ports:
            self.turn += 1
            port = self.ports[self.turn % len(self.ports)]
            with suppress(OSError):
                return await asyncio.open_connection("127.0.0.1", port)
        return None

    async def close(self) -> None:
        ways = list(self.ways)
        for way in ways:
            way.cancel()
        if ways:
            await asyncio.wait(ways)


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def running_front(ports: list[int]) -> AsyncIterator[Front]:
    front = Front(ports)
    listener = await asyncio.start_server(front.accept, "127.0.0.1", 0)
    front.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    try:
        yield front
    finally:
        listener.close()
        await front.close()
        await listener.wait_closed()
