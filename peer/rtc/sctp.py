"""What the other side may make aiortc's SCTP hold and compute; the one place where we reach into it.

A link is open to anybody who can signal to us, before any handshake. aiortc 1.16 keeps every fragment it is sent,
however far beyond its own window, walks all of them for each new one, counts what a SACK claims one by one, and
never gets past a parameter of length zero: one such packet would hang the process. Here

- data beyond the window is not taken, as on a path that loses it (RFC 9260, section 6.2), unless it is the very
  next, which can only shrink what waits. So a sender that passes over the window, as aiortc's own does, loses speed
  and not its link;
- a link ends as a "flood" when more waits than the window and one unfinished message a channel;
- a link ends as "channel" by data that none of our channels would hear;
- a link ends as "malformed" by a SACK for what we never sent, by a parameter shorter than its own header, and by a
  packet that asks for more answers, or makes us look more often at what is under way, than an honest one does.

An association that is set up cannot be set up again, and numbers behind a gap are counted on where they wrap.

And what we send leaves at once, not in a task of its own for each message, which costs a turn of the loop, and before
the acknowledgement of what it answers.

Each check costs the same however much waits. The change is a subclass that one association is moved to: nothing
global is patched. With an aiortc whose insides we have not read, everything stays as it is, and the log says so.
"""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable, Coroutine
from struct import unpack_from
from typing import Any

import aiortc
from aiortc import RTCSctpTransport
from aiortc.rtcsctptransport import (
    Chunk,
    CookieAckChunk,
    CookieEchoChunk,
    DataChunk,
    ForwardTsnChunk,
    InitChunk,
    ReconfigChunk,
    SackChunk,
    serialize_packet,
    tsn_minus_one,
)
from aiortc.utils import uint32_gt

from ..ports import Channel
from .sdp import MAX_MESSAGE_BYTES

__all__ = ["BoundedSctp", "bound_sctp", "drive", "is_malformed"]

logger = logging.getLogger("peer")

KNOWN_VERSIONS = ("1.16.",)
"""Versions of aiortc whose `RTCSctpTransport` we have read."""

WINDOW_BYTES = 512 * 1024
"""What we announce to have room for: enough for 50 Mbit/s over 80 ms, while one lost packet is sent again."""

UNFINISHED_BYTES = len(Channel) * MAX_MESSAGE_BYTES
"""Beyond the window: the honest rest that comes in order."""

CHUNK_COST_BYTES = 1024
"""A chunk counts as this at least: it takes half of it empty, and walking over it is what takes time."""

STREAMS = frozenset(channel.value for channel in Channel)
"""Both directions of each channel; few enough to look at all of them each time."""

HEARD_PROTOCOLS = frozenset({51, 53, 56, 57})
"""Text and binary, and empty ones (RFC 8831, section 8): each of them reaches a channel, and what is limited there."""

MAX_SACKS = 2
"""In one packet. An honest one has one; each may make us look at all that is under way."""

MAX_DEMANDS = 4
"""Chunks in one packet that are neither data nor acknowledgement: most are answered, each in a packet of its own."""

MAX_REQUESTS = 2
"""In one RE-CONFIG (RFC 6525, section 3.1)."""

MAX_CLAIMED = 0xFFFF
"""As far as a SACK can look ahead (RFC 9260, section 3.3.4): an honest one is never further behind."""

PACKET_HEADER_BYTES, CHUNK_HEADER_BYTES, PARAMETER_HEADER_BYTES = 12, 4, 4

PARAMETERS_AT = {1: 20, 2: 20, 4: 4, 5: 4, 6: 4, 9: 4, 130: 4}
"""Types of chunks that carry parameters, and where these start: INIT and INIT ACK have 16 bytes before them."""


class BoundedSctp(RTCSctpTransport):
    """aiortc's association, which reports abuse once and takes nothing more from then on."""

    _loop: asyncio.AbstractEventLoop
    on_abuse: Callable[[str], None]
    is_over = False
    is_busy = False
    """Receiving, or sending already: what is sent meanwhile leaves on the next turn, as in stock aiortc."""
    is_sack_planned = False

    async def _handle_data(self, data: bytes) -> None:
        if self.is_over:
            return
        if is_malformed(data):
            self._end("malformed")
            return
        self.is_busy = True
        try:
            await super()._handle_data(data)
        finally:
            self.is_busy = False

    def _data_channel_flush(self) -> Awaitable[None]:  # type: ignore[override]
        """Whoever awaits it, or makes a task of it, finds it done."""
        flush = super()._data_channel_flush()
        if self.is_busy:
            return flush
        self._carry_out(flush)
        return _done()

    async def _send_sack(self) -> None:
        """On the next turn, behind the answer to what it acknowledges, for which somebody waits."""
        self._plan_sack()

    def _plan_sack(self) -> None:
        if not self.is_sack_planned:
            self.is_sack_planned = True
            self._loop.call_soon(self._send_planned_sack)

    def _send_planned_sack(self) -> None:
        self.is_sack_planned = False
        if self._association_state is not self.State.CLOSED:
            self._carry_out(super()._send_sack())

    def _carry_out(self, sending: Coroutine[Any, Any, None]) -> None:
        self.is_busy = True
        try:
            drive(sending)
        except ConnectionError:
            logger.debug("! nothing is sent over a path that has ended")
        finally:
            self.is_busy = False

    async def _send_chunk(self, chunk: Chunk) -> None:
        """An INIT has the tag 0, also one that is said again (RFC 9260, section 8.5.1); aiortc knows a tag by then.

        Nobody asks how aiortc's tasks end that repeat a chunk: a path that has ended is no news.
        """
        tag = 0 if isinstance(chunk, InitChunk) else self._remote_verification_tag
        assert self._remote_port is not None, "nothing is sent before the start"
        try:
            await self.transport._send_data(serialize_packet(self._local_port, self._remote_port, tag, chunk))
        except ConnectionError:
            logger.debug("! nothing is sent over a path that has ended")

    async def _receive_chunk(self, chunk: Chunk) -> None:
        if self.is_over:
            return
        if isinstance(chunk, DataChunk) and self._is_beyond_window(chunk):
            # It may be that our last SACK was lost; before the handshake there is none.
            self._sack_needed = self._last_received_tsn is not None
            return
        if isinstance(chunk, SackChunk) and self._is_false(chunk):
            self._end("malformed")
            return
        if self._is_foreign(chunk):
            self._end("channel")
            return
        if self._is_late_setup(chunk):
            if isinstance(chunk, CookieEchoChunk):
                await self._send_chunk(CookieAckChunk())
            return
        await super()._receive_chunk(chunk)
        if self._last_received_tsn is not None:
            self._advance(self._last_received_tsn)  # aiortc stops where numbers wrap
        if self._is_flooded():
            self._end("flood")

    async def _receive(self, stream_id: int, pp_id: int, data: bytes) -> None:
        """One whole message."""
        if self.is_over:
            return
        if pp_id in HEARD_PROTOCOLS:
            await super()._receive(stream_id, pp_id, data)
        else:
            self._end("channel")

    def _is_foreign(self, chunk: Chunk) -> bool:
        """Whether it speaks of a stream that is none of our channels."""
        if isinstance(chunk, ForwardTsnChunk):
            chunk.streams = list(dict(chunk.streams).items())  # each costs a walk; the last one of a stream counts
            return not STREAMS.issuperset(dict(chunk.streams))
        return isinstance(chunk, DataChunk) and chunk.stream_id not in STREAMS

    def _is_late_setup(self, chunk: Chunk) -> bool:
        """Overtaken by what followed it: it must not turn our count back (RFC 9260, section 5.2.2)."""
        if self._association_state is self.State.ESTABLISHED:
            return isinstance(chunk, InitChunk | CookieEchoChunk)
        last = self._last_received_tsn
        return isinstance(chunk, InitChunk) and last is not None and last != tsn_minus_one(chunk.initial_tsn)

    def _advance(self, tsn: int) -> None:
        """All up to this one is received, and what follows it without a gap."""
        waiting = self._sack_misordered
        while waiting and (following := (tsn + 1) & 0xFFFFFFFF) in waiting:
            waiting.remove(following)
            tsn = following
        self._last_received_tsn = tsn

    def _is_beyond_window(self, chunk: DataChunk) -> bool:
        if self._last_received_tsn is None:
            return True
        ahead = (chunk.tsn - self._last_received_tsn) % 2**32
        return ahead != 1 and self._has_no_room(ahead)

    def _has_no_room(self, ahead: int) -> bool:
        """Also when nothing waits, but aiortc notes more arrivals behind a gap than the window holds chunks."""
        if MAX_CLAIMED < ahead < 2**31:
            return True  # no acknowledgement could name it
        noted_bytes = len(self._sack_misordered) * CHUNK_COST_BYTES
        return noted_bytes >= WINDOW_BYTES or self._waiting_bytes() >= WINDOW_BYTES

    def _is_flooded(self) -> bool:
        return self._waiting_bytes() > WINDOW_BYTES + UNFINISHED_BYTES

    def _waiting_bytes(self) -> int:
        chunks = sum([len(stream.reassembly) for stream in self._inbound_streams.values()])
        return max(WINDOW_BYTES - self._advertised_rwnd, chunks * CHUNK_COST_BYTES)

    def _is_false(self, sack: SackChunk) -> bool:
        """Whether it speaks of what we never sent; one that came late is aiortc's to ignore."""
        if uint32_gt(self._last_sacked_tsn, sack.cumulative_tsn):
            return False
        unconfirmed: int = (tsn_minus_one(self._local_tsn) - sack.cumulative_tsn) % 2**32
        claimed: int = sum([max(0, end - start + 1) for start, end in sack.gaps])
        return unconfirmed > MAX_CLAIMED or claimed > unconfirmed

    def _end(self, reason: str) -> None:
        self.is_over = True
        self._inbound_streams.clear()
        self.on_abuse(reason)


def bound_sctp(
    transport: RTCSctpTransport, *, on_abuse: Callable[[str], None], version: str = aiortc.__version__
) -> None:
    """Hold this association, before it starts, to what the module's opening says."""
    if not version.startswith(KNOWN_VERSIONS):
        _warn_once(version)
        return
    if not isinstance(transport, BoundedSctp):
        transport.__class__ = BoundedSctp
    assert isinstance(transport, BoundedSctp)
    transport.on_abuse = on_abuse
    transport._advertised_rwnd = WINDOW_BYTES


@functools.cache
def _warn_once(version: str) -> None:
    logger.warning("! aiortc %s is unknown: what a link holds before its handshake has no bound", version)


def drive(work: Coroutine[Any, Any, None]) -> None:
    """Carry it out now: it waits for nothing on its way to the socket, so its first step is its last."""
    try:
        work.send(None)
    except StopIteration:
        return


def _done() -> asyncio.Future[None]:
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    future.set_result(None)
    return future


def is_malformed(packet: bytes) -> bool:
    """Whether a chunk in it is, or the packet asks for more than an honest one does."""
    position, sacks, demands = PACKET_HEADER_BYTES, 0, 0
    while position + CHUNK_HEADER_BYTES <= len(packet):
        kind, _, length = unpack_from("!BBH", packet, position)
        if length < CHUNK_HEADER_BYTES:
            return False  # aiortc stops here, and drops the packet
        sacks += kind == SackChunk.type
        demands += kind not in (DataChunk.type, SackChunk.type)
        if sacks > MAX_SACKS or demands > MAX_DEMANDS:
            return True
        if kind in PARAMETERS_AT and _has_bad_parameters(kind, packet[position : position + length]):
            return True
        position += _padded(length)
    return False


def _has_bad_parameters(kind: int, chunk: bytes) -> bool:
    """Shorter than its own header (RFC 9260, section 3.2.1): of length 0, it never ends; or too many requests."""
    position, count = PARAMETERS_AT[kind], 0
    while position + PARAMETER_HEADER_BYTES <= len(chunk):
        (length,) = unpack_from("!H", chunk, position + 2)
        count += 1
        if length < PARAMETER_HEADER_BYTES or (kind == ReconfigChunk.type and count > MAX_REQUESTS):
            return True
        position += _padded(length)
    return False


def _padded(length: int) -> int:
    return length + -length % 4
