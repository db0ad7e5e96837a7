"""How a socket is read; `tests/rtc` has the rest, on real links."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from aiortc import RTCDtlsTransport

from peer.rtc.datagrams import MAX_DATAGRAMS, Drain, FastDtls, hasten_datagrams

DTLS, STUN = b"\x17dtls", b"\x00stun"


class Protocol(asyncio.DatagramProtocol):
    """In place of aioice's, with what hears of it."""

    def __init__(self) -> None:
        self.stun: list[bytes] = []
        self.queued: list[bytes] = []
        self.errors: list[Exception] = []
        self.local_candidate = SimpleNamespace(component=1)
        self.receiver = SimpleNamespace(_queue=asyncio.Queue(), data_received=lambda data, _: self.queued.append(data))
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, _: object) -> None:
        self.stun.append(data)

    def error_received(self, error: Exception) -> None:
        self.errors.append(error)


class Records(FastDtls):
    """In place of OpenSSL."""

    def __init__(self) -> None:
        self.is_pumping = True
        self._data_receiver = None
        self.records: list[bytes] = []
        self.error: Exception | None = None

    def receive_record(self, datagram: bytes) -> None:
        self.records.append(datagram)
        if self.error:
            raise self.error


class Place:
    """A bound socket with its protocol, and one that sends to it."""

    def __init__(self, protocol: Protocol, sender: socket.socket) -> None:
        self.protocol = protocol
        self.dtls = Records()
        self.sender = sender
        self.connection: Any = SimpleNamespace(_protocols=[protocol])

    def send(self, *datagrams: bytes) -> None:
        for datagram in datagrams:
            self.sender.sendto(datagram, self.protocol.transport.get_extra_info("sockname"))


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    protocol = Protocol()
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: protocol, local_addr=("127.0.0.1", 0)
    )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        yield Place(protocol, sender)
    transport.close()
    await asyncio.sleep(0)


async def wait_until(is_so: Callable[[], object]) -> None:
    """The loop looks at its sockets, then calls their readers."""
    async with asyncio.timeout(10):
        while not is_so():  # noqa: ASYNC110 - the loop itself is what is turned
            await asyncio.sleep(0)


async def test_socket_is_read_until_it_is_empty_but_not_for_ever(place: Place) -> None:
    hasten_datagrams(place.connection, place.dtls)
    await asyncio.sleep(0)
    place.send(*[DTLS] * (MAX_DATAGRAMS + 5))
    drain = place.protocol.datagram_received
    assert isinstance(drain, Drain)
    drain(DTLS, ("127.0.0.1", 1))
    assert len(place.dtls.records) == MAX_DATAGRAMS
    drain(DTLS, ("127.0.0.1", 1))
    assert len(place.dtls.records) == MAX_DATAGRAMS + 7


async def test_stun_goes_its_own_way(place: Place) -> None:
    hasten_datagrams(place.connection, place.dtls)
    place.send(DTLS, STUN, DTLS, b"")
    await wait_until(lambda: len(place.protocol.stun) == 2)
    assert (place.protocol.stun, place.dtls.records) == ([STUN, b""], [DTLS, DTLS])


@pytest.mark.parametrize("why", ["handshake", "queue"])
async def test_records_wait_in_the_queue_while_the_task_that_reads_it_has_to(place: Place, why: str) -> None:
    """During the handshake, and as long as earlier ones wait: or they would be overtaken."""
    hasten_datagrams(place.connection, place.dtls)
    if why == "handshake":
        place.dtls.is_pumping = False
    else:
        place.protocol.receiver._queue.put_nowait((DTLS, 1))
    place.send(DTLS)
    await wait_until(lambda: place.protocol.queued)
    assert place.dtls.records == []


@pytest.mark.parametrize("error", [ConnectionError(), UnicodeDecodeError("utf-8", b"", 0, 1, "bad")])
async def test_record_that_ends_the_link_ends_the_task_that_reads(place: Place, error: Exception) -> None:
    """It finds None, as when the path is lost; nothing is read after that."""
    hasten_datagrams(place.connection, place.dtls)
    place.dtls.error = error
    place.send(DTLS, DTLS)
    await wait_until(lambda: place.protocol.queued)
    assert place.protocol.receiver._queue.get_nowait() is None
    assert len(place.dtls.records) == 1


async def test_nothing_is_read_from_a_socket_that_was_closed_meanwhile(place: Place) -> None:
    hasten_datagrams(place.connection, place.dtls)
    place.send(DTLS, DTLS)
    place.protocol.transport.close()
    place.protocol.datagram_received(DTLS, ("127.0.0.1", 1))
    assert len(place.dtls.records) == 1


async def test_buffer_of_the_socket_grows(place: Place) -> None:
    sock = place.protocol.transport.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    before = sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
    hasten_datagrams(place.connection, place.dtls)
    assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) > before


async def test_it_is_done_once_and_only_for_our_dtls(place: Place) -> None:
    stock = RTCDtlsTransport.__new__(RTCDtlsTransport)
    hasten_datagrams(place.connection, stock)
    assert not isinstance(place.protocol.datagram_received, Drain)
    hasten_datagrams(place.connection, place.dtls)
    first = place.protocol.datagram_received
    hasten_datagrams(place.connection, place.dtls)
    assert place.protocol.datagram_received is first


async def test_other_loops_sockets_are_left_alone(place: Place) -> None:
    """uvloop drains them itself, a relayed path has none."""
    place.protocol.transport.close()
    place.protocol.transport = SimpleNamespace()
    hasten_datagrams(place.connection, place.dtls)
    assert not isinstance(place.protocol.datagram_received, Drain)
