"""One relay at a TURN server (RFC 8656), over aioice's client: opened in a bounded time, given back in a bounded time.

Stock aioice asks a dead server for a minute to end what it will never hear of; here the relay is asked back for a
second, and then the socket goes. What a server sends that cannot be read is dropped, and nothing is logged about it.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from aioice.ice import StunProtocol
from aioice.turn import TurnClientTcpProtocol, TurnClientUdpProtocol, TurnTransport

from .route import CARRIER
from .servers import Server

__all__ = ["RELEASE_TIMEOUT_S", "open_relay"]

RELEASE_TIMEOUT_S = 1.0
"""For the server to say that the relay is gone; one that hears nothing ends it after its lifetime, ten minutes."""

LIFETIME_S, CHANNEL_REFRESH_S = 600, 500
"""RFC 8656, sections 3.2 and 12: what aioice asks for, too."""

RECEIVE_BUFFER_BYTES = 256 * 1024

P = TypeVar("P", bound=StunProtocol)


class UdpClient(TurnClientUdpProtocol):
    """TURN over UDP."""

    def datagram_received(self, data: bytes | str, addr: tuple[str, int]) -> None:
        with contextlib.suppress(struct.error, KeyError):
            super().datagram_received(data, addr)

    async def delete(self) -> None:
        await _soon(super().delete(), self.transport)


class TcpClient(TurnClientTcpProtocol):
    """TURN over TCP, or TLS."""

    def datagram_received(self, data: bytes | str, addr: tuple[str, int]) -> None:
        with contextlib.suppress(struct.error, KeyError):
            super().datagram_received(data, addr)

    async def delete(self) -> None:
        await _soon(super().delete(), self.transport)


async def _soon(step: Coroutine[Any, Any, None], transport: asyncio.DatagramTransport | asyncio.Transport) -> None:
    """Abort: a TLS connection would wait for a dead server to say goodbye, and a full buffer for it to read."""
    try:
        async with asyncio.timeout(RELEASE_TIMEOUT_S):
            await step
    except TimeoutError:
        transport.abort()


async def open_relay(server: Server, make_protocol: Callable[[], P], *, timeout_s: float) -> P:
    """A protocol whose transport is the relay. Raises OSError, TimeoutError included, or `stun.TransactionError`."""
    async with asyncio.timeout(timeout_s):
        transport, client = await _connect(server, timeout_s)
        try:
            protocol = make_protocol()
            setattr(protocol, CARRIER, server.carrier)
            await TurnTransport(client)._connect(protocol)
        except BaseException:
            transport.abort()
            raise
    return protocol


async def _connect(
    server: Server, timeout_s: float
) -> tuple[asyncio.DatagramTransport, UdpClient] | tuple[asyncio.Transport, TcpClient]:
    loop = asyncio.get_running_loop()
    address = (server.host, server.port)
    arguments = (address, server.username, server.credential, LIFETIME_S, CHANNEL_REFRESH_S)
    if server.carrier == "udp":
        pair = await loop.create_datagram_endpoint(lambda: UdpClient(*arguments), remote_addr=address)
        pair[0].get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        return pair
    tls: dict[str, Any] = {"ssl": True, "ssl_handshake_timeout": timeout_s, "ssl_shutdown_timeout": RELEASE_TIMEOUT_S}
    options = tls if server.carrier == "tls" else {}
    return await loop.create_connection(lambda: TcpClient(*arguments), *address, **options)
