"""What leaves on an association: messages in the order of their urgency, as packets.

Stock aiortc sends each chunk in a packet and each message in a task of its own. Here

- the first message of a turn of the loop leaves at once, the others of that turn together, as many as fit a packet;
- a message gets its numbers when there is room to send it, and what is not bulk goes before what is. A message once
  begun is finished: only RFC 8260 would let others in between.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from struct import pack

from aiortc import RTCDataChannel, RTCSctpTransport
from aiortc.rtcsctptransport import (
    SCTP_DATA_FIRST_FRAG,
    SCTP_DATA_LAST_FRAG,
    SCTP_DATA_UNORDERED,
    SCTP_MAX_PACKET_LENGTH,
    USERDATA_MAX_LENGTH,
    WEBRTC_BINARY,
    WEBRTC_DCEP,
)
from google_crc32c import extend, value

from ..ports import Channel
from .datagrams import FastDtls
from .sctp import BoundedSctp
from .sctp_chunks import COMMON_HEADER_BYTES, OutboundChunk
from .sctp_recovery import PACE_BYTES_PER_S, FastRecovery

__all__ = ["FastSctp", "hasten_sctp"]

logger = logging.getLogger("peer")

MAX_CHUNKS_UNDER_WAY = 512
"""Small ones would else be thousands, and all are looked at where an acknowledgement names gaps."""

MAX_BURST, MAX_RECOVERY_BURST = 4 * USERDATA_MAX_LENGTH, 2 * USERDATA_MAX_LENGTH
"""Bytes that one acknowledgement sets free at most (RFC 9260, section 6.1, D)."""

BULK_WINDOW_BYTES = 64 * 1024
"""Of streams under way, or what the path holds: half of the window, for a tenth of the pace, halves what chat waits."""

INITIAL_RTO_S = 1.0
"""RFC 9260, section 16; aiortc has the 3 s of the RFC before it, for a handshake of which a packet was lost."""

PACKET_BYTES = SCTP_MAX_PACKET_LENGTH - COMMON_HEADER_BYTES


class FastSctp(FastRecovery):
    """The whole association."""

    _outbound_queue: deque[OutboundChunk]  # type: ignore[assignment]
    head = b""
    """The first 8 bytes of each packet."""
    head_checksum = 0
    is_flush_planned = False
    urgent_count = 0
    """Messages at the front of the queue, before the first of bulk."""

    # ---- what the channels hand over

    def _data_channel_send(self, channel: RTCDataChannel, data: bytes | str) -> None:
        if isinstance(data, str) or not 0 < len(data) <= self._remote_max_message_size:
            super()._data_channel_send(channel, data)
            return
        channel._addBufferedAmount(len(data))
        self._enqueue(channel, data)
        if self.is_busy:
            self.wants_flush = True
        elif not self.is_flush_planned:
            self.is_flush_planned = True
            self._loop.call_soon(self._flush_planned)
            self._flush()

    def _enqueue(self, channel: RTCDataChannel, data: bytes) -> None:
        message = (channel, WEBRTC_BINARY, data)
        if channel.id == Channel.BULK.value:
            self._data_channel_queue.append(message)
        else:
            self._data_channel_queue.insert(self.urgent_count, message)
            self.urgent_count += 1

    def _flush_planned(self) -> None:
        self.is_flush_planned = False
        self._flush()

    async def _data_channel_flush(self) -> None:
        self._flush()

    async def _transmit(self) -> None:
        self._flush()

    def _flush(self) -> None:
        """Send what may be sent now; whoever is busy with this association does it afterwards."""
        if self.is_busy:
            self.wants_flush = True
            return
        if self._association_state is not self.State.ESTABLISHED:
            return
        self.is_busy = True
        try:
            self._send_outstanding()
        finally:
            self.is_busy = False
        if self._reconfig_queue:
            self._carry_out(self._transmit_reconfig())

    # ---- packets out

    def _send_packet(self, chunks: bytes) -> None:
        if not self.head:
            self.head = pack("!HHL", self._local_port, self._remote_port, self._remote_verification_tag)
            self.head_checksum = value(self.head + b"\0\0\0\0")
        packet = self.head + pack("<L", extend(self.head_checksum, chunks)) + chunks
        assert isinstance(self.transport, FastDtls)
        try:
            self.transport.send_record(packet)
        except ConnectionError:
            logger.debug("! nothing is sent over a path that has ended")

    def _send_outstanding(self) -> None:
        if self._forward_tsn_chunk is not None:
            self._send_packet(bytes(self._forward_tsn_chunk))
            self._forward_tsn_chunk = None
            self._t3_ensure()
        burst = MAX_BURST if self._fast_recovery_exit is None else MAX_RECOVERY_BURST
        limit = min(self._flight_size + burst * max(1, self.sacks_unused), self._cwnd)
        self.wants_flush, self.sacks_unused = False, 0
        if self.has_lost:
            self._send_lost(limit)
        if not self.has_lost:
            self._send_new(limit)

    def _send_new(self, limit: int) -> None:
        """While the windows have room; with nothing under way one chunk asks for it (RFC 9260, section 6.1, A)."""
        outbound, sent, packet, size = self._outbound_queue, self._sent_queue, list[bytes](), 0
        while self._flight_size < limit and len(sent) < MAX_CHUNKS_UNDER_WAY:
            if not outbound and not self._cut_next_message():
                break
            chunk = outbound[0]
            if self._flight_size and self._flight_size + chunk._book_size > self.remote_window_bytes:
                break
            sent.append(outbound.popleft())
            chunk._in_flight = True
            chunk._sent_count = 1
            self._flight_size += chunk._book_size
            size += len(chunk.encoded)
            if size > PACKET_BYTES:
                self._send_packet(b"".join(packet))
                packet, size = [], len(chunk.encoded)
            packet.append(chunk.encoded)
        if packet:
            self._send_packet(b"".join(packet))
            self._t3_ensure()
            self._measure(sent[-1].tsn)

    def _send_lost(self, limit: int) -> None:
        is_earliest, packet, size = True, list[bytes](), 0
        self.has_lost = False
        for chunk in self._sent_queue:
            if chunk._retransmit:
                if self._flight_size >= limit and not self._fast_recovery_transmit:
                    self.has_lost = True
                    break
                self._fast_recovery_transmit = False
                self._flight_size_increase(chunk)
                chunk._misses, chunk._retransmit = 0, False
                chunk._sent_count += 1
                chunk.strikes_after = self._sent_queue[-1].tsn
                if is_earliest:
                    self._t3_restart()
                size += len(chunk.encoded)
                if size > PACKET_BYTES:
                    self._send_packet(b"".join(packet))
                    packet, size = [], len(chunk.encoded)
                packet.append(chunk.encoded)
            is_earliest = False
        if packet:
            self._send_packet(b"".join(packet))
            self.timed_tsn = None  # what is sent twice cannot be timed (Karn)

    def _must_wait(self) -> bool:
        """Bulk is next, and enough is under way: the next message of another channel comes in behind that."""
        if self._data_channel_queue[0][0].id != Channel.BULK.value:
            return False
        path_bytes = int((self.base_rtt_s or 0.0) * PACE_BYTES_PER_S)
        return self._flight_size >= max(BULK_WINDOW_BYTES, path_bytes)

    def _cut_next_message(self) -> bool:
        """Give the next message its numbers; False when none waits."""
        if not self._data_channel_queue or self._must_wait():
            return False
        channel, protocol, data = self._data_channel_queue.popleft()
        self.urgent_count = max(0, self.urgent_count - 1)
        stream_id, ordered, size = channel.id, channel.ordered, len(data)
        assert stream_id is not None
        stream_seq = self._outbound_stream_seq.get(stream_id, 0) if ordered else 0
        expiry = time.time() + channel.maxPacketLifeTime / 1000 if channel.maxPacketLifeTime else None
        flags = SCTP_DATA_FIRST_FRAG | (0 if ordered else SCTP_DATA_UNORDERED)
        for position in range(0, size, USERDATA_MAX_LENGTH):
            end = position + USERDATA_MAX_LENGTH
            if end >= size:
                flags |= SCTP_DATA_LAST_FRAG
            chunk = OutboundChunk(flags, self._local_tsn, stream_id, stream_seq, protocol, data[position:end])
            chunk._max_retransmits, chunk._expiry = channel.maxRetransmits, expiry
            self._local_tsn = (self._local_tsn + 1) & 0xFFFFFFFF
            self._outbound_queue.append(chunk)
            flags &= ~SCTP_DATA_FIRST_FRAG
        if ordered:
            self._outbound_stream_seq[stream_id] = (stream_seq + 1) & 0xFFFF
        if protocol != WEBRTC_DCEP:
            channel._addBufferedAmount(-size)
        return True


def hasten_sctp(transport: RTCSctpTransport, *, is_wanted: bool) -> None:
    """Move a bounded association, before it starts, and the DTLS under it to our faster ones.

    Doing it twice does nothing; so does one that `bound_sctp` left alone, since we do not know its version.
    """
    if is_wanted and isinstance(transport, BoundedSctp) and not isinstance(transport, FastSctp):
        transport.__class__ = FastSctp
        transport.transport.__class__ = FastDtls
        transport._rto = INITIAL_RTO_S
