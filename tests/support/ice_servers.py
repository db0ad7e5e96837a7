"""STUN and TURN servers on loopback that answer as a test says, or fall silent when it says so."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar, cast

from aioice import stun
from aioice.turn import make_integrity_key

from peer.rtc.servers import Server

__all__ = ["FakeIceServer", "FakeStun", "FakeTurn", "running", "running_stream"]

Address = tuple[str, int]


class FakeIceServer(asyncio.DatagramProtocol):
    """Notes the methods of what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.is_silent = False
        self.transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    @property
    def server(self) -> Server:
        host, port = self.transport.get_extra_info("sockname")[:2]
        return Server(host, port, username="user", credential="secret")

    @property
    def url(self) -> str:
        host = f"[{self.server.host}]" if ":" in self.server.host else self.server.host
        return f"{self.scheme}:{host}:{self.server.port}"

    scheme = "stun"

    def datagram_received(self, data: bytes, addr: Address) -> None:
        request = stun.parse_message(data)
        self.asked.append(request.message_method.name)
        if not self.is_silent:
            self.answer(request, addr)

    def answer(self, request: stun.Message, addr: Address) -> None:
        """What this kind of server says."""

    def say(self, data: bytes | stun.Message, addr: Address) -> None:
        self.transport.sendto(bytes(data), addr)


class FakeStun(FakeIceServer):
    """Says that it sees the address that the test says; by default a NAT keeps the port."""

    def __init__(self, see: Callable[[Address], Address] = lambda addr: ("203.0.113.1", addr[1])) -> None:
        super().__init__()
        self.see = see

    def answer(self, request: stun.Message, addr: Address) -> None:
        response = _reply(request, stun.Class.RESPONSE)
        response.attributes["XOR-MAPPED-ADDRESS"] = self.see((addr[0], addr[1]))
        self.say(response, addr)


class FakeTurn(FakeIceServer):
    """Gives a relay to who knows the credential, and relays nothing."""

    scheme = "turn"
    relayed: Address = ("192.0.2.50", 50_000)
    key = make_integrity_key("user", "realm", "secret")
    lifetime_s = 600

    def answer(self, request: stun.Message, addr: Address) -> None:
        if not request.check_message_integrity(self.key):
            response = _reply(request, stun.Class.ERROR)
            response.attributes.update({"ERROR-CODE": (401, "Who?"), "REALM": "realm", "NONCE": b"nonce"})
        else:
            response = _reply(request, stun.Class.RESPONSE)
            response.attributes["LIFETIME"] = self.lifetime_s
            response.attributes["XOR-MAPPED-ADDRESS"] = (addr[0], addr[1])
            response.attributes["XOR-RELAYED-ADDRESS"] = self.relayed
            response.add_message_integrity(self.key)
        self.say(response, addr)


S = TypeVar("S", bound=FakeIceServer)


@asynccontextmanager
async def running(server: S, *, host: str = "127.0.0.1") -> AsyncIterator[S]:
    """On a port of its own."""
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: server, local_addr=(host, 0))
    try:
        yield server
    finally:
        transport.close()


class _Stream:
    """A TCP connection in the shape of a UDP transport."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.sendto = lambda data, _addr: writer.write(data)


@asynccontextmanager
async def running_stream(turn: FakeTurn, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    """The same by TCP or TLS (RFC 8656, section 2.1), for one client at a time."""
    gone = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        turn.transport = cast(asyncio.DatagramTransport, _Stream(writer))
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while head := await reader.readexactly(20):
                body = await reader.readexactly(int.from_bytes(head[2:4], "big"))
                turn.datagram_received(head + body, writer.get_extra_info("peername"))
        writer.transport.abort()
        gone.set()

    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls) as server:
        port = server.sockets[0].getsockname()[1]
        yield Server("127.0.0.1", port, "tls" if tls else "tcp", "user", "secret")
        await asyncio.wait_for(gone.wait(), 5)


def _reply(request: stun.Message, kind: stun.Class) -> stun.Message:
    return stun.Message(request.message_method, kind, request.transaction_id)
