"""One relay at a TURN server (RFC 8656), over aioice's client: opened in a bounded time, given back in a bounded time.

Stock aioice asks a dead server for a minute to end what it will never hear of; here the relay is asked back for a
second, and then the socket goes. What a server sends that cannot be read is dropped, and nothing is logged about it.

Whoever names us a TURN server may be hostile, and so may that. What it sends costs as much as it is long; and of what
we send, checks answered included, so much waits for it and no more: the rest is lost as on the way.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from aioice import stun
from aioice.ice import StunProtocol
from aioice.turn import TurnClientTcpProtocol, TurnClientUdpProtocol, TurnTransport

from .route import CARRIER
from .servers import Server

__all__ = ["RELEASE_TIMEOUT_S", "open_relay"]

RELEASE_TIMEOUT_S = 1.0
"""For the server to say that the relay is gone; one that hears nothing ends it after its lifetime, ten minutes."""

LIFETIME_S, CHANNEL_REFRESH_S = 600, 500
"""RFC 8656, sections 3.2 and 12: what aioice asks for, too."""

MIN_LIFETIME_S = 60
"""No server grants less than it is asked for and ten minutes (RFC 8656, section 7.2), unless it is set up strangely.

Of less we take no notice, or we would ask again without end."""

RECEIVE_BUFFER_BYTES = 256 * 1024

MAX_WAITING_SENDS = 512
"""Datagrams for addresses that the server has yet to bind a channel to; aioice has a task for each."""

MAX_UNSENT_BYTES = 1024 * 1024
"""In the buffer of a TCP connection: twice the window of SCTP."""

P = TypeVar("P", bound=StunProtocol)


class UdpClient(TurnClientUdpProtocol):
    """TURN over UDP."""

    def datagram_received(self, data: bytes | str, addr: tuple[str, int]) -> None:
        with contextlib.suppress(struct.error, KeyError):
            super().datagram_received(data, addr)

    async def request_with_retry(self, request: stun.Message) -> tuple[stun.Message, tuple[str, int]]:
        return _lasting(await super().request_with_retry(request))

    async def delete(self) -> None:
        await _soon(super().delete(), self.transport)


class TcpClient(TurnClientTcpProtocol):
    """TURN over TCP, or TLS."""

    rest = b""
    """The beginning of a message whose end has not come."""

    def data_received(self, data: bytes) -> None:
        """Cut at the ends of messages; aioice copies for each of them whatever is left."""
        buffer, position, address = self.rest + data, 0, self.transport.get_extra_info("peername")
        while (end := _end_of_message(buffer, position)) <= len(buffer):
            self.datagram_received(buffer[position:end], address)
            position = end
        self.rest = buffer[position:]

    def _send(self, data: bytes) -> None:
        if self.transport.get_write_buffer_size() < MAX_UNSENT_BYTES:
            super()._send(data)

    def datagram_received(self, data: bytes | str, addr: tuple[str, int]) -> None:
        with contextlib.suppress(struct.error, KeyError):
            super().datagram_received(data, addr)

    async def request_with_retry(self, request: stun.Message) -> tuple[stun.Message, tuple[str, int]]:
        return _lasting(await super().request_with_retry(request))

    async def delete(self) -> None:
        await _soon(super().delete(), self.transport)


class Relay(TurnTransport):
    """What is sent by way of a client."""

    _TurnTransport__send_tasks: set[asyncio.Task[None]]

    def sendto(self, data: bytes, addr: tuple[str, int]) -> None:
        if len(self._TurnTransport__send_tasks) < MAX_WAITING_SENDS:
            super().sendto(data, addr)


def _lasting(answer: tuple[stun.Message, tuple[str, int]]) -> tuple[stun.Message, tuple[str, int]]:
    """A relay is asked for again no sooner than is bearable, whatever its server says."""
    attributes = answer[0].attributes
    if "LIFETIME" in attributes:
        attributes["LIFETIME"] = max(MIN_LIFETIME_S, attributes["LIFETIME"])
    return answer


def _end_of_message(buffer: bytes, position: int) -> int:
    """Of the message or ChannelData that begins there (RFC 8656, section 12.5); beyond the buffer while unknown."""
    if len(buffer) < position + 4:
        return len(buffer) + 1
    kind, length = struct.unpack_from("!HH", buffer, position)
    header_bytes = 4 if kind >> 14 == 1 else 20
    end: int = position + header_bytes + length + -length % 4
    return end


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
            await Relay(client)._connect(protocol)
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
