"""What arrives on an association, at the cost of what arrived: packets of data and acknowledgements, without detours.

Stock aiortc sorts all numbers behind a gap for each chunk, walks over a whole unfinished message for each fragment of
it, and answers each packet. Here the usual case, the very next chunk, costs the same however much waits; a fragment is
only looked at in its turn; and every second packet is answered, every third while a socket is emptied, or what came in
this turn of the loop (RFC 9260, section 6.2). Whatever is rare (other chunks, chunks cut short, an association not yet
set up) is left to aiortc.

The state is aiortc's own, so both ways of reading it may alternate.
"""

from __future__ import annotations

from struct import Struct, error, pack, unpack_from

from aiortc.rtcsctptransport import (
    SCTP_DATA_FIRST_FRAG,
    SCTP_DATA_LAST_FRAG,
    SCTP_DATA_UNORDERED,
    SCTP_MAX_PACKET_LENGTH,
    WEBRTC_BINARY,
    InboundStream,
    SackChunk,
)
from aiortc.utils import uint32_gt
from google_crc32c import value as crc32c

from .sctp import CHUNK_COST_BYTES, MAX_SACKS, STREAMS, WINDOW_BYTES, BoundedSctp, drive
from .sctp_chunks import CHUNK_HEADER, COMMON_HEADER_BYTES, DATA, DATA_FIELDS, DATA_HEADER_BYTES, InboundChunk

__all__ = ["FastReceiver"]

SACK = SackChunk.type
USUAL = (DATA, SACK)
SACK_HEADER_BYTES = 16
SACK_HEADER = Struct("!BBHLLHH")
PACKET_HEAD = Struct("!4xLLB")
"""Verification tag, checksum, and the type of the first chunk."""
WHOLE = SCTP_DATA_FIRST_FRAG | SCTP_DATA_LAST_FRAG

PACKETS_PER_SACK = 2
"""RFC 9260, section 6.2: at least every second packet; other senders pace themselves by it."""

PACKETS_PER_SACK_READING = 3
"""While a socket is emptied. Not four: senders send four chunks for each (6.1, D), and would never have more out."""

MAX_SACK_BLOCKS = (SCTP_MAX_PACKET_LENGTH - COMMON_HEADER_BYTES - SACK_HEADER_BYTES) // 4
"""Gaps and duplicates that fit one packet; OpenSSL's buffer would be cut in the middle of a longer one."""

MAX_DUPLICATES = 16
"""Reported in one acknowledgement; they tell the sender nothing that we or aiortc would read."""

HARMLESS_CHUNKS = WINDOW_BYTES // CHUNK_COST_BYTES // len(STREAMS)
"""Waiting on each stream, these are no flood."""


class FastReceiver(BoundedSctp):
    """The receiving half. `_take_sack`, `_send_packet` and `_flush` are the sending half's."""

    packets_unanswered = 0
    wants_flush = is_reading = False
    is_usual = False
    """Whether the last packet was not left to aiortc, which answers by itself."""

    async def _handle_data(self, data: bytes) -> None:
        self.receive_packet(data)

    def receive_packet(self, data: bytes) -> None:
        """One packet, to its end: aiortc's handlers wait for nothing. Raises what hostile ones make aiortc raise."""
        if self.is_over:
            return
        try:
            self._read_packet(data)
        except error:
            self._end("malformed")
        if self._sack_needed and self.is_usual and not self.is_over:
            self._acknowledge()
        if self.wants_flush and not self.is_reading:
            self._flush()

    def begin_reading(self) -> None:
        """Several packets follow: what they set free is sent when all are read."""
        self.is_reading = True

    def end_reading(self) -> None:
        self.is_reading = False
        if self.wants_flush:
            self._flush()

    def _read_packet(self, data: bytes) -> None:
        self.is_usual = self._is_usual(data)
        if not self.is_usual:
            drive(super()._handle_data(data))
        elif _is_intact(data):
            self.is_busy = True
            try:
                self._take_chunks(data)
            finally:
                self.is_busy = False

    def _is_usual(self, data: bytes) -> bool:
        """Whether it is of this association and begins with data or an acknowledgement."""
        if len(data) < COMMON_HEADER_BYTES + DATA_HEADER_BYTES or self._association_state is not self.State.ESTABLISHED:
            return False
        tag, _, kind = PACKET_HEAD.unpack_from(data)
        return bool(tag == self._local_verification_tag) and kind in USUAL

    def _take_chunks(self, data: bytes) -> None:
        position, size, sacks = COMMON_HEADER_BYTES, len(data), 0
        while position + 4 <= size:
            kind, flags, length = CHUNK_HEADER.unpack_from(data, position)
            end = position + length
            if kind == DATA and length >= DATA_HEADER_BYTES and end <= size:
                tsn, stream_id, stream_seq, protocol = DATA_FIELDS.unpack_from(data, position + 4)
                chunk = InboundChunk(flags, tsn, stream_id, stream_seq, protocol, data[position + 16 : end])
                self._take_data(chunk)
            elif kind == SACK and length >= SACK_HEADER_BYTES and end <= size:
                sacks += 1
                if sacks > MAX_SACKS:
                    self._end("malformed")
                else:
                    self._check_sack(SackChunk(flags, data[position + 4 : end]))
            else:
                self._leave_to_aiortc(data, position)
                return
            if self.is_over:
                return
            position = end + (-length & 3)

    def _leave_to_aiortc(self, data: bytes, position: int) -> None:
        """The rest of a packet, as one of its own."""
        head, rest = data[:8], data[position:]
        checksum = crc32c(head + b"\0\0\0\0" + rest)
        drive(super()._handle_data(head + pack("<L", checksum) + rest))
        self.is_busy = True

    def _check_sack(self, sack: SackChunk) -> None:
        if self._is_false(sack):
            self._end("malformed")
        else:
            self._take_sack(sack)
            self.wants_flush = True

    def _take_data(self, chunk: InboundChunk) -> None:
        self._sack_needed = True
        if not self._is_new(chunk.tsn):
            return
        stream = self._inbound_streams.get(chunk.stream_id)
        if stream is None:
            if chunk.stream_id not in STREAMS:
                self._end("channel")
                return
            stream = self._get_inbound_stream(chunk.stream_id)
        if _is_next_message(chunk, stream):
            if not chunk.flags & SCTP_DATA_UNORDERED:
                stream.sequence_number = (chunk.stream_seq + 1) & 0xFFFF
            self._deliver(chunk.stream_id, chunk.protocol, chunk.user_data)
        else:
            self._take_fragment(chunk, stream)
            if len(stream.reassembly) > HARMLESS_CHUNKS or self._advertised_rwnd < 0:
                self._check_flood()
        if self._reconfig_deferred is not None:
            drive(self._reset_deferred_streams())

    def _is_new(self, tsn: int) -> bool:
        """Whether it is taken: neither had before, nor too far ahead of a gap."""
        assert self._last_received_tsn is not None
        ahead = (tsn - self._last_received_tsn) & 0xFFFFFFFF
        if ahead != 1:
            return not self._has_no_room(ahead) and not self._mark_received(tsn)
        self._last_received_tsn = tsn
        if self._sack_misordered:
            self._advance(tsn)
        return True

    def _check_flood(self) -> None:
        if self._is_flooded():
            self._end("flood")

    def _take_fragment(self, chunk: InboundChunk, stream: InboundStream) -> None:
        """A message is complete with the last of its fragments to come, so not with one behind which none waits."""
        waiting = stream.reassembly
        if not waiting or uint32_gt(chunk.tsn, waiting[-1].tsn):
            waiting.append(chunk)
            may_complete = chunk.flags & SCTP_DATA_LAST_FRAG
        else:
            stream.add_chunk(chunk)
            may_complete = True
        self._advertised_rwnd -= len(chunk.user_data)
        if may_complete:
            for stream_id, protocol, data in stream.pop_messages():
                self._advertised_rwnd += len(data)
                self._deliver(stream_id, protocol, data)

    def _deliver(self, stream_id: int, protocol: int, data: bytes) -> None:
        channel = self._data_channels.get(stream_id)
        if protocol == WEBRTC_BINARY and channel is not None:
            channel.emit("message", data)
        else:
            drive(self._receive(stream_id, protocol, data))

    def _mark_received(self, tsn: int) -> bool:
        """Whether it came before."""
        assert self._last_received_tsn is not None
        ahead = (tsn - self._last_received_tsn) & 0xFFFFFFFF
        if ahead == 1:
            self._advance(tsn)
            return False
        if ahead == 0 or ahead >= 2**31 or tsn in self._sack_misordered:
            if len(self._sack_duplicates) < MAX_DUPLICATES:
                self._sack_duplicates.append(tsn)
            return True
        self._sack_misordered.add(tsn)
        return False

    # ---- acknowledgements

    def _acknowledge(self) -> None:
        """A gap is reported at once (RFC 9260, section 6.7)."""
        self.packets_unanswered += 1
        limit = PACKETS_PER_SACK_READING if self.is_reading else PACKETS_PER_SACK
        if self.packets_unanswered >= limit or self._sack_misordered:
            self._send_packet(self._encode_sack())
        else:
            self._plan_sack()

    def _send_planned_sack(self) -> None:
        self.is_sack_planned = False
        if self._sack_needed and self._association_state is self.State.ESTABLISHED:
            self._send_packet(self._encode_sack())

    def _encode_sack(self) -> bytes:
        """Laid out as in RFC 9260, section 3.3.4; nothing needs an acknowledgement after it."""
        gaps = self._gaps() if self._sack_misordered else []
        duplicates = self._sack_duplicates[: MAX_SACK_BLOCKS - len(gaps)]
        length = SACK_HEADER_BYTES + 4 * (len(gaps) + len(duplicates))
        window = max(0, self._advertised_rwnd)
        head = SACK_HEADER.pack(SACK, 0, length, self._last_received_tsn, window, len(gaps), len(duplicates))
        self._sack_duplicates.clear()
        self._sack_needed = False
        self.packets_unanswered = 0
        blocks = [pack("!HH", start, end) for start, end in gaps] + [pack("!L", tsn) for tsn in duplicates]
        return head + b"".join(blocks)

    def _gaps(self) -> list[tuple[int, int]]:
        """What came behind a gap, as first and last of each run, counted from the last one before."""
        base, gaps = self._last_received_tsn or 0, list[tuple[int, int]]()
        for ahead in sorted([(tsn - base) & 0xFFFFFFFF for tsn in self._sack_misordered]):
            if gaps and gaps[-1][1] == ahead - 1:
                gaps[-1] = gaps[-1][0], ahead
            elif len(gaps) == MAX_SACK_BLOCKS:
                break
            else:
                gaps.append((ahead, ahead))
        return gaps

    def _take_sack(self, sack: SackChunk) -> None:
        raise NotImplementedError

    def _send_packet(self, chunks: bytes) -> None:
        raise NotImplementedError

    def _flush(self) -> None:
        raise NotImplementedError


def _is_intact(data: bytes) -> bool:
    checksum: int = crc32c(data[:8] + b"\0\0\0\0" + data[12:])
    return bool(unpack_from("<L", data, 8)[0] == checksum)


def _is_next_message(chunk: InboundChunk, stream: InboundStream) -> bool:
    """A whole one, for which nothing has to be looked at: not in order, or with nothing that could follow it."""
    if chunk.flags & WHOLE != WHOLE:
        return False
    if chunk.flags & SCTP_DATA_UNORDERED:
        return True
    return not stream.reassembly and chunk.stream_seq == stream.sequence_number
