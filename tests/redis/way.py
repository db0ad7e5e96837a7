"""A way to servers that does what a test says: takes its time, swallows bells, goes round those that are dead."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

__all__ = ["Way", "a_way"]

_BELL = re.compile(rb"\*3\r\n\$7\r\nmessage\r\n\$\d+\r\n[^\r]*\r\n\$\d+\r\n[^\r]*\r\n")
"""What Redis sends a subscriber for each PUBLISH, in RESP2."""

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Way:
    """Gives each connection to the next server that takes it, and passes bytes on in order."""

    def __init__(self, ports: tuple[int, ...]) -> None:
        self.port = 0
        self.delay_s = 0.0
        """Before each piece on its way back: once for each round trip."""
        self.is_mute = False
        """Bells of Redis do not come through."""
        self.swallowed = 0
        """Bells so far."""
        self._ports = ports
        self._turn = 0
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found = await self._connect()
        if found is None:
            writer.close()
            return
        there_reader, there = found
        ways = [
            asyncio.create_task(self._pass_on(reader, there)),
            asyncio.create_task(self._pass_back(there_reader, writer)),
        ]
        self._tasks.update(ways)
        await asyncio.wait(ways)
        self._tasks.difference_update(ways)

    async def _connect(self) -> Ends | None:
        for _ in self._ports:
            port = self._ports[self._turn % len(self._ports)]
            self._turn += 1
            with suppress(OSError):
                return await asyncio.open_connection("127.0.0.1", port)
        return None

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                writer.write(data)
        except OSError:
            return
        finally:
            writer.close()

    async def _pass_back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                await asyncio.sleep(self.delay_s)
                writer.write(self._without_bells(data) if self.is_mute else data)
        except OSError:
            return
        finally:
            writer.close()

    def _without_bells(self, data: bytes) -> bytes:
        rest, count = _BELL.subn(b"", data)
        self.swallowed += count
        return rest

    async def close(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)


@asynccontextmanager
async def a_way(*ports: int) -> AsyncIterator[Way]:
    """To whoever listens on these ports of 127.0.0.1."""
    way = Way(ports)
    server = await asyncio.start_server(way.accept, "127.0.0.1", 0)
    way.port = server.sockets[0].getsockname()[1]
    try:
        yield way
    finally:
        server.close()
        await way.close()
        await server.wait_closed()
