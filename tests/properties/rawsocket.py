"""A WebSocket from its first byte on: any bytes may be sent as frames, and what comes back is taken apart."""

import asyncio
import struct
from dataclasses import dataclass, field

__all__ = ["Heard", "converse", "frame"]

PATIENCE_S = 20.0
PAUSE_S = 0.1
"""After which a server that waits for the rest of a frame is told that none will come."""

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
MASK = bytes(4)
"""Leaves the payload as it is."""

UPGRADE = (
    "GET /signaling/ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)


@dataclass
class Heard:
    """What the server has said until it fell silent."""

    status: int | None = None
    texts: list[str] = field(default_factory=list)
    close_code: int | None = None
    is_alive: bool = False
    """It answered the ping that followed."""


def frame(payload: bytes, *, opcode: int = TEXT, fin: int = 0x80) -> bytes:
    """A frame as clients send them (RFC 6455, section 5.2)."""
    length = len(payload)
    if length < 126:
        size = bytes([0x80 | length])
    elif length <= 0xFFFF:
        size = struct.pack("!BH", 0x80 | 126, length)
    else:
        size = struct.pack("!BQ", 0x80 | 127, length)
    return bytes([fin | opcode]) + size + MASK + payload


async def converse(port: int, token: str | None, raw: bytes) -> Heard:
    """Open a WebSocket, send these bytes and a ping, and listen."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    authorization = f"Authorization: Bearer {token}\r\n" if token else ""
    writer.write(f"{UPGRADE}{authorization}\r\n".encode() + raw + frame(b"still there", opcode=PING))
    heard = Heard()
    try:
        async with asyncio.timeout(PATIENCE_S):
            await _listen(reader, writer, heard)
    finally:
        writer.transport.abort()
    return heard


async def _listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, heard: Heard) -> None:
    listening = asyncio.ensure_future(_read(reader, heard))
    await asyncio.wait([listening], timeout=PAUSE_S)
    if not listening.done():
        writer.write_eof()
    await listening


async def _read(reader: asyncio.StreamReader, heard: Heard) -> None:
    """Until a close, the pong, or the end; a reset may throw away what was not yet read."""
    try:
        heard.status = int((await reader.readuntil(b"\r\n\r\n")).split()[1])
        while heard.close_code is None and not heard.is_alive:
            first, size = await reader.readexactly(2)
            length = struct.unpack("!H", await reader.readexactly(2))[0] if size == 126 else size
            if size == 127:
                (length,) = struct.unpack("!Q", await reader.readexactly(8))
            _note(heard, first & 0x0F, await reader.readexactly(length))
    except (asyncio.IncompleteReadError, ConnectionResetError):
        return


def _note(heard: Heard, opcode: int, payload: bytes) -> None:
    match opcode:
        case _ if opcode == TEXT:
            heard.texts.append(payload.decode())
        case _ if opcode == CLOSE:
            heard.close_code = int.from_bytes(payload[:2], "big")
        case _:
            heard.is_alive = opcode == PONG and payload == b"still there"
