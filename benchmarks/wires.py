"""Clients that cost little: HTTP and WebSocket on a bare asyncio protocol, for loads that should tire the server.

They believe what they read: no checks, no limits, no extensions. Frames go out as they were built; a frame that
comes in is cut off its header, and whole bunches of them are handed over at once.
"""

import asyncio
import re
from collections.abc import Sequence
from typing import TypeVar, cast

__all__ = ["HttpConnection", "WebSocket", "build_frame", "connect"]

CONTENT_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
MASK = b"\x37\xfa\x21\x3d"
TEXT, PING, PONG = 1, 9, 10
SWITCHING_PROTOCOLS = 101

W = TypeVar("W", bound="WebSocket")


def build_frame(payload: bytes, kind: int = TEXT) -> bytes:
    """A client's frame (RFC 6455, 5.2), masked as it has to be; at most 65,535 bytes."""
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
    key = int.from_bytes((MASK * (size // 4 + 1))[:size], "big")
    masked = (int.from_bytes(payload, "big") ^ key).to_bytes(size, "big")
    return bytes([0x80 | kind]) + length + MASK + masked


async def connect(port: int, *, source: str = "127.0.0.1") -> "HttpConnection":
    """A connection to a server on this machine; ports of one source address run out at some 28,000."""
    loop = asyncio.get_running_loop()
    _, protocol = await loop.create_connection(HttpConnection, "127.0.0.1", port, local_addr=(source, 0))
    return protocol


class HttpConnection(asyncio.Protocol):
    """One request at a time."""

    def __init__(self) -> None:
        self._data = b""
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError("the server has closed the connection"))

    def data_received(self, data: bytes) -> None:
        self._data += data
        if self._answer is None or self._answer.done():
            return
        head, gap, rest = self._data.partition(b"\r\n\r\n")
        found = CONTENT_LENGTH.search(head)
        length = int(found[1]) if found else 0
        if gap and len(rest) >= length:
            self._data = rest[length:]
            self._answer.set_result((int(head[9:12]), rest[:length]))

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Status and body of the answer."""
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self._answer

    async def upgrade(self, request: bytes, socket: W) -> W:
        """Give the connection to a WebSocket."""
        status, body = await self.ask(request)
        if status != SWITCHING_PROTOCOLS:
            raise ConnectionRefusedError(f"no WebSocket but {status}: {body.decode(errors='replace')}")
        self.transport.set_protocol(socket)
        socket.connection_made(self.transport)
        socket.data_received(self._data)
        return socket


class WebSocket(asyncio.Protocol):
    """Reads frames and answers pings; those who inherit from it decide what texts are for."""

    def __init__(self) -> None:
        self._data = b""
        self.is_open = False
        self.first_text: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.is_open = True

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self.is_open = False
        self.first_text.cancel()

    async def close(self) -> None:
        """Close the connection, without a closing handshake."""
        self.transport.close()

    def receive_texts(self, texts: Sequence[bytes]) -> None:
        """Payloads, in order, at least one."""

    def data_received(self, data: bytes) -> None:
        if self._data:
            data = self._data + data
        texts: list[bytes] = []
        at, end = 0, len(data)
        while end - at >= 2:
            length, start = data[at + 1], at + 2
            if length == 126:
                length, start = int.from_bytes(data[start : start + 2], "big"), start + 2
            elif length == 127:
                length, start = int.from_bytes(data[start : start + 8], "big"), start + 8
            if end < start + length:
                break
            kind = data[at] & 0x0F
            at = start + length
            if kind == TEXT:
                texts.append(data[start:at])
            elif kind == PING:
                self.transport.write(build_frame(data[start:at], PONG))
        self._data = data[at:]
        if texts:
            if not self.first_text.done():
                self.first_text.set_result(texts[0])
            self.receive_texts(texts)
