"""Bytes to a server, whatever they are, and the first answer to them."""

import asyncio
from dataclasses import dataclass

from multidict import CIMultiDict

__all__ = ["RawAnswer", "ask"]

PATIENCE_S = 20.0
"""Longer than any bound of the server under test: what takes longer hangs."""


@dataclass(frozen=True)
class RawAnswer:
    """The first answer that is not 100."""

    status: int
    headers: CIMultiDict[str]
    body: bytes


class _Client(asyncio.Protocol):
    """Collects until there is an answer, or the other side has hung up."""

    def __init__(self, *, is_head: bool) -> None:
        self.data = b""
        self.is_head = is_head
        self.done: asyncio.Future[RawAnswer | None] = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        self.data += data
        answer = _parsed(self.data, is_head=self.is_head)
        if answer is not None and not self.done.done():
            self.done.set_result(answer)

    def connection_lost(self, _: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)


def _parsed(data: bytes, *, is_head: bool) -> RawAnswer | None:
    """The first whole answer, if it is all there; to a HEAD there is no body, whatever the length says."""
    head, end, rest = data.partition(b"\r\n\r\n")
    if not end:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    status = int(first.split()[1])
    if status == 100:
        return _parsed(rest, is_head=is_head)
    headers = CIMultiDict((name, value) for name, _, value in (line.partition(": ") for line in lines))
    length = 0 if is_head or status == 304 else int(headers.get("Content-Length", 0))
    return RawAnswer(status, headers, rest[:length]) if len(rest) >= length else None


async def ask(port: int, raw: bytes) -> RawAnswer | None:
    """The answer; None if the server hung up without one."""
    loop = asyncio.get_running_loop()
    transport, client = await loop.create_connection(lambda: _Client(is_head=raw[:5] == b"HEAD "), "127.0.0.1", port)
    try:
        transport.write(raw)
        async with asyncio.timeout(PATIENCE_S):
            return await client.done
    finally:
        transport.abort()
