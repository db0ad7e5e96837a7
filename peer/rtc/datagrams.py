"""Datagrams between a socket and SCTP: several a wake-up, and no detour on their way.

asyncio reads one datagram a turn of its loop, aioice takes each for STUN first and queues it for a task of aiortc, and
OpenSSL is asked after each record whether it has something to say. Here a socket is read until it is empty, or 32
times; what begins like DTLS is DTLS (RFC 7983, section 7), and read at once when the handshake is over; and only after
other records than data is that question put. Records that share a datagram are all read with it, or they would pile up
in OpenSSL, each read with one of the datagrams to come.

The sockets' buffers grow to 4 MiB where the system allows it, for what arrives while Python is busy elsewhere.
"""

from __future__ import annotations

import logging
import socket
from asyncio import DatagramTransport
from contextlib import suppress
from typing import Any

from aioice.ice import Connection, StunProtocol
from aiortc import RTCDtlsTransport
from aiortc.rtcdtlstransport import State
from OpenSSL import SSL

from .sctp_receiver import FastReceiver

__all__ = ["FastDtls", "hasten_datagrams"]

logger = logging.getLogger("peer")

MAX_DATAGRAMS = 32
"""A wake-up: about a millisecond of work, then others have their turn."""

RECEIVE_BUFFER_BYTES = 4 * 2**20

DTLS_FIRST, DTLS_LAST = 20, 63
APPLICATION_DATA = 23
RECORD_BYTES = 1500
RECORD_HEADER_BYTES = 13
"""Of DTLS 1.2 (RFC 6347, section 4.1), the length of the rest in its last two."""

SELECTOR_TRANSPORT = "_SelectorDatagramTransport"
"""asyncio's own, outside of Windows: the one whose socket may be read besides."""


class FastDtls(RTCDtlsTransport):
    """aiortc's, for data alone: no media runs over our links."""

    _RTCDtlsTransport__handshake_done: bool
    _RTCDtlsTransport__rx_bytes: int
    _RTCDtlsTransport__rx_packets: int
    _RTCDtlsTransport__tx_bytes: int
    _RTCDtlsTransport__tx_packets: int
    _ssl: SSL.Connection
    is_pumping = False
    """Whether the handshake is over, and aiortc's task waits for what comes."""
    is_drained = False
    """Whether OpenSSL has nothing left; it may, after the handshake."""

    async def _recv_next(self) -> None:
        if self._RTCDtlsTransport__handshake_done:
            self.is_pumping = True
            self.receive_record(await self.transport._recv())
        else:
            await super()._recv_next()

    def receive_record(self, datagram: bytes) -> None:
        """One datagram, to its end. Raises ConnectionError when the other side has said goodbye."""
        self._RTCDtlsTransport__rx_bytes += len(datagram)
        self._RTCDtlsTransport__rx_packets += 1
        if not DTLS_FIRST <= datagram[0] <= DTLS_LAST:
            return
        self._ssl.bio_write(datagram)
        is_alone = self.is_drained and _is_one_record(datagram)
        self.is_drained = False
        while not self.is_drained:
            data = self._read_record()
            if datagram[0] != APPLICATION_DATA:
                self._flush_record()
            if data and isinstance(self._data_receiver, FastReceiver):
                self._data_receiver.receive_packet(data)
            # Asking for one more than there are costs an exception.
            self.is_drained = not data or (is_alone and len(data) < RECORD_BYTES)

    def _read_record(self) -> bytes:
        """What it says; empty when none is left."""
        try:
            data: bytes = self._ssl.recv(RECORD_BYTES)
        except SSL.ZeroReturnError:
            raise ConnectionError("the other side has ended DTLS") from None
        except SSL.Error:
            return b""
        return data

    def begin_reading(self) -> None:
        if isinstance(self._data_receiver, FastReceiver):
            self._data_receiver.begin_reading()

    def end_reading(self) -> None:
        if isinstance(self._data_receiver, FastReceiver):
            self._data_receiver.end_reading()

    def send_record(self, data: bytes) -> None:
        """Raises ConnectionError when there is no path."""
        if self._state is not State.CONNECTED:
            raise ConnectionError("there is no path")
        self._ssl.send(data)
        self._flush_record()

    def _flush_record(self) -> None:
        try:
            record = self._ssl.bio_read(RECORD_BYTES)
        except SSL.Error:
            return
        pair = self.transport._connection._nominated.get(1)
        if pair is None:
            raise ConnectionError("there is no path")
        pair.protocol.transport.sendto(record, pair.remote_addr)
        self._RTCDtlsTransport__tx_bytes += len(record)
        self._RTCDtlsTransport__tx_packets += 1


class Drain:
    """In place of a protocol's `datagram_received`."""

    def __init__(self, protocol: StunProtocol, transport: Any, dtls: FastDtls) -> None:
        self._protocol = protocol
        self._dtls = dtls
        self._transport = transport
        self._receive_stun = protocol.datagram_received
        self._queue = protocol.receiver._queue
        self._component = protocol.local_candidate.component

    def __call__(self, data: bytes, address: tuple[Any, ...]) -> None:
        """Called with the first one, which asyncio has read."""
        self._dtls.begin_reading()
        try:
            self._receive(data, address)
            for _ in range(MAX_DATAGRAMS - 1):
                if self._transport.is_closing():
                    return
                data, address = self._transport._sock.recvfrom(self._transport.max_size)
                self._receive(data, address)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._protocol.error_received(error)
        finally:
            self._dtls.end_reading()

    def _receive(self, data: bytes, address: tuple[Any, ...]) -> None:
        if not data or not DTLS_FIRST <= data[0] <= DTLS_LAST:
            self._receive_stun(data, address)
        elif self._dtls.is_pumping and self._queue.empty():
            self._receive_now(data)
        else:
            self._protocol.receiver.data_received(data, self._component)

    def _receive_now(self, data: bytes) -> None:
        try:
            self._dtls.receive_record(data)
        except Exception as error:  # what would have ended aiortc's task ends it now, too
            if not isinstance(error, ConnectionError):
                logger.debug("! a link ends by what it was sent: %s", type(error).__name__)
            self._dtls.is_pumping = False
            self._queue.put_nowait(None)


def hasten_datagrams(connection: Connection, dtls: RTCDtlsTransport) -> None:
    """Once the path is found; nothing for a DTLS that is not ours, and nothing when it is done again."""
    if not isinstance(dtls, FastDtls):
        return
    for protocol in connection._protocols:
        transport = protocol.transport
        if type(transport).__name__ == SELECTOR_TRANSPORT and not isinstance(protocol.datagram_received, Drain):
            _enlarge_buffer(transport)
            protocol.datagram_received = Drain(protocol, transport, dtls)  # type: ignore[method-assign, assignment]


def _is_one_record(datagram: bytes) -> bool:
    size = len(datagram) - RECORD_HEADER_BYTES
    return datagram[0] == APPLICATION_DATA and size > 0 and datagram[11] << 8 | datagram[12] == size


def _enlarge_buffer(transport: DatagramTransport) -> None:
    sock = transport.get_extra_info("socket")
    if sock is not None:
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
