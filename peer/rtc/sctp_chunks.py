"""Chunks of data as they travel (RFC 9260, section 3.3.1), made cheaply: each is encoded and decoded once."""

from __future__ import annotations

from struct import Struct

from aiortc.rtcsctptransport import DataChunk

__all__ = [
    "CHUNK_HEADER",
    "COMMON_HEADER_BYTES",
    "DATA",
    "DATA_FIELDS",
    "DATA_HEADER_BYTES",
    "InboundChunk",
    "OutboundChunk",
]

COMMON_HEADER_BYTES = 12
CHUNK_HEADER = Struct("!BBH")
DATA = DataChunk.type
DATA_FIELDS = Struct("!LHHL")
"""TSN, stream, sequence number in the stream, payload protocol identifier."""
DATA_HEADER_BYTES = 16
_DATA_HEADER = Struct("!BBHLHHL")


class InboundChunk(DataChunk):
    """One that waits for the rest of its message."""

    def __init__(self, flags: int, tsn: int, stream_id: int, stream_seq: int, protocol: int, data: bytes) -> None:
        self.flags = flags
        self.tsn = tsn
        self.stream_id = stream_id
        self.stream_seq = stream_seq
        self.protocol = protocol
        self.user_data = data


class OutboundChunk(DataChunk):
    """One on its way; the attributes that aiortc sets on each are those of the class until they change."""

    _abandoned = _acked = _in_flight = _retransmit = False
    _expiry: float | None = None
    _max_retransmits: int | None = None
    _misses = _sent_count = 0
    strikes_after: int | None = None
    """The last TSN sent before this was sent again: what arrives up to there says nothing about it."""

    def __init__(self, flags: int, tsn: int, stream_id: int, stream_seq: int, protocol: int, data: bytes) -> None:
        self.flags = flags
        self.tsn = tsn
        self.stream_id = stream_id
        self.stream_seq = stream_seq
        self.user_data = data
        size = len(data)
        self._book_size = size
        head = _DATA_HEADER.pack(DATA, flags, DATA_HEADER_BYTES + size, tsn, stream_id, stream_seq, protocol)
        self.encoded = head + data + bytes(-size & 3)

    def __bytes__(self) -> bytes:
        return self.encoded
