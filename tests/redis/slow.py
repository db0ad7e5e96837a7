"""A way to a server that takes as long as a test says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

__all__ = ["Slow", "slowed"]


class Slow:
    """Passes bytes on, each piece after `delay_s`; pieces keep their order."""

    def __init__(self, port: int) -> None:
        self.port = 0
        self.delay_s = 0.0
        self._to = port
        self._tasks: set[asyncio.Task[None]] = set()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there = await asyncio.open_connection("127.0.0.1", self._to)
        ways = [
            asyncio.create_task(self._pass(reader, there, 0)),
            asyncio.create_task(self._pass(there_reader, writer, 1)),
        ]
        self._tasks.update(ways)
        await asyncio.wait(ways)
        self._tasks.difference_update(ways)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, share: int) -> None:
        try:
            while data := await reader.read(65_536):
                await asyncio.sleep(self.delay_s * share)  # on the way back alone: once for each round trip
                writer.write(data)
        except OSError:
            return
        finally:
            writer.close()

    async def close(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)


@asynccontextmanager
async def slowed(port: int) -> AsyncIterator[Slow]:
    slow = Slow(port)
    server = await asyncio.start_server(slow.accept, "127.0.0.1", 0)
    slow.port = server.sockets[0].getsockname()[1]
    try:
        yield slow
    finally:
        server.close()
        await slow.close()
        await server.wait_closed()
