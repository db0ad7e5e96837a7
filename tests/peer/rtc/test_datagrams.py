"""How a socket is read; `tests/rtc` has the rest, on real links."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from aiortc import RTCDtlsTransport
from OpenSSL import SSL

from peer.rtc.datagrams import MAX_DATAGRAMS, RECORD_BYTES, Drain, FastDtls, hasten_datagrams
from peer.rtc.sctp_receiver import FastReceiver

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


class OpenSsl:
    """In its place: records without encryption, as they wait to be read."""

    def __init__(self) -> None:
        self.waiting = b""
        self.reads = 0

    def bio_write(self, datagram: bytes) -> None:
        self.waiting += datagram

    def recv(self, size: int) -> bytes:
        self.reads += 1
        if not self.waiting:
            raise SSL.WantReadError
        end = 13 + int.from_bytes(self.waiting[11:13])
        data, rest = self.waiting[13:end], self.waiting[end:]
        self.waiting = record(data[size:]) + rest if len(data) > size else rest
        return data[:size]


class Packets(FastReceiver):
    def __init__(self) -> None:
        self.packets: list[bytes] = []

    def receive_packet(self, data: bytes) -> None:
        self.packets.append(data)


def record(data: bytes) -> bytes:
    return b"\x17" + bytes(10) + len(data).to_bytes(2) + data


@pytest.fixture
def reader() -> Any:
    """A DTLS whose handshake is over, with its parts in the open."""
    dtls: Any = FastDtls.__new__(FastDtls)
    dtls._RTCDtlsTransport__rx_bytes = dtls._RTCDtlsTransport__rx_packets = 0
    dtls._ssl, dtls._data_receiver = OpenSsl(), Packets()
    return dtls


@pytest.mark.parametrize("count", [1, 2, 35])
def test_records_that_share_a_datagram_are_read_with_it(reader: Any, count: int) -> None:
    """They would else pile up in OpenSSL, each read with one of the datagrams to come."""
    for _ in range(3):
        reader.receive_record(b"".join(record(b"%d" % number) for number in range(count)))
    assert reader._data_receiver.packets == [b"%d" % number for number in range(count)] * 3
    assert reader._ssl.waiting == b""


def test_what_the_handshake_left_unread_is_read_with_the_first_datagram(reader: Any) -> None:
    reader._ssl.waiting = record(b"early") * 5
    reader.receive_record(record(b"late"))
    assert reader._data_receiver.packets == [b"early"] * 5 + [b"late"]


def test_record_longer_than_any_packet_leaves_nothing_behind(reader: Any) -> None:
    reader.receive_record(record(b"first"))
    reader.receive_record(record(bytes(2 * RECORD_BYTES + 1)))
    assert reader._ssl.waiting == b""


def test_single_record_is_read_at_once_and_no_other_is_asked_for(reader: Any) -> None:
    """Asking OpenSSL for nothing costs an exception for each datagram."""
    reader.receive_record(record(b"first"))
    before = reader._ssl.reads
    for _ in range(10):
        reader.receive_record(record(b"next"))
    assert reader._ssl.reads - before == 10
