"""What of an association's data has arrived, what is lost, and how much more may be under way.

Stock aiortc scans all that is under way at each acknowledgement, lets its window outgrow the other side's socket, never
reads how much the other side has room for, and waits at least a second for an acknowledgement. Here

- the window stays near 128 KiB, or what the path holds at 25 MiB/s, and within what the other side has room for;
- what is under way is looked at only where an acknowledgement names gaps, and at most 512 chunks are under way;
- a chunk that was sent again is given up for lost again as soon as later ones arrive. RFC 9260, section 7.2.4, would
  leave that to the timer; like usrsctp we count only what was sent after it, so nothing is sent a third time in vain;
- the retransmission timer starts at 300 ms, and doubles up to a second.
"""

from __future__ import annotations

from collections import deque
from itertools import islice

from aiortc.rtcsctptransport import USERDATA_MAX_LENGTH, SackChunk
from aiortc.utils import uint32_gt, uint32_gte

from .sctp_chunks import OutboundChunk
from .sctp_receiver import FastReceiver

__all__ = ["PACE_BYTES_PER_S", "FastRecovery"]

MIN_WINDOW_CAP_BYTES = 128 * 1024
"""More overflows a socket of the usual size on a fast path."""

MAX_WINDOW_CAP_BYTES = 512 * 1024
"""As much as we announce to have room for ourselves."""

PACE_BYTES_PER_S = 25 * 2**20
"""The window may grow to what a path of this rate holds: 512 KiB from 20 ms on."""

MISSES = 3
"""Later arrivals that make a chunk lost (RFC 9260, section 7.2.4)."""

MIN_RTO_S = 0.3
"""The other side may take 200 ms for an acknowledgement (RFC 9260, section 6.2)."""

MAX_RTO_S = 1.0
"""Longer only where the path takes longer: after an outage we go on at once."""


class FastRecovery(FastReceiver):
    """The part that hears of what was sent; `_flush` sends."""

    _sent_queue: deque[OutboundChunk]  # type: ignore[assignment]
    _fast_recovery_exit: int | None  # type: ignore[assignment]
    remote_window_bytes = MIN_WINDOW_CAP_BYTES
    base_rtt_s: float | None = None
    """The shortest round trip so far: unlike a smoothed one it does not grow with our own queue."""
    timed_tsn: int | None = None
    """One round trip is measured at a time (RFC 9260, section 6.3.1, C4)."""
    timed_since = 0.0
    has_lost = False
    """Whether a chunk under way may be marked to be sent again."""
    has_gaps = False
    """Whether a chunk under way is known to have arrived behind a gap."""
    t3_due = 0.0
    sacks_unused = 0
    """Acknowledgements since we last sent: each sets a burst free."""

    # ---- acknowledgements in

    def _take_sack(self, sack: SackChunk) -> None:
        self.sacks_unused += 1
        if uint32_gt(self._last_sacked_tsn, sack.cumulative_tsn):
            return
        was_full = self._flight_size >= min(self._cwnd, self.remote_window_bytes)
        self._last_sacked_tsn = sack.cumulative_tsn
        is_progress, acked_bytes = self._drop_acknowledged(sack.cumulative_tsn)
        is_loss = False
        if sack.gaps or self.has_gaps:
            gap_bytes, is_loss = self._note_gaps(sack)
            acked_bytes += gap_bytes
        self._adjust_window(sack, acked_bytes=acked_bytes, is_growing=is_progress and was_full, is_loss=is_loss)
        if not self._sent_queue:
            self._t3_cancel()
        elif is_progress:
            self._t3_restart()
        self.remote_window_bytes = sack.advertised_rwnd
        if self._forward_tsn_streams or self._has_abandoned():
            self._update_advanced_peer_ack_point()
        else:
            self._advanced_peer_ack_tsn = sack.cumulative_tsn

    def _has_abandoned(self) -> bool:
        """Whether aiortc has something to skip (RFC 3758), or has skipped what is not confirmed."""
        if uint32_gt(self._advanced_peer_ack_tsn, self._last_sacked_tsn):
            return True
        return any(queue and queue[0]._abandoned for queue in (self._sent_queue, self._outbound_queue))

    def _drop_acknowledged(self, cumulative_tsn: int) -> tuple[bool, int]:
        """Whether any was, and how many bytes that we did not know of."""
        sent, acked_bytes, flight_bytes = self._sent_queue, 0, 0
        if not sent or not uint32_gte(cumulative_tsn, sent[0].tsn):
            return False, 0
        count = ((cumulative_tsn - sent[0].tsn) & 0xFFFFFFFF) + 1
        for _ in range(min(count, len(sent))):
            chunk = sent.popleft()
            if not chunk._acked:
                acked_bytes += chunk._book_size
            if chunk._in_flight:
                flight_bytes += chunk._book_size
                chunk._in_flight = False
        self._flight_size -= flight_bytes
        if self.timed_tsn is not None and uint32_gte(cumulative_tsn, self.timed_tsn):
            self._update_rto(self._loop.time() - self.timed_since)
            self.timed_tsn = None
        return True, acked_bytes

    def _note_gaps(self, sack: SackChunk) -> tuple[int, bool]:
        """Bytes newly known to have arrived, and whether others are lost."""
        marks, highest_new, acked_bytes = self._marks(sack), -1, 0
        self.has_gaps = False
        for index, (chunk, is_there) in enumerate(zip(self._sent_queue, marks, strict=True)):
            if is_there:
                if not chunk._acked:
                    acked_bytes += chunk._book_size
                    highest_new = index
                    chunk._acked = True
                    chunk._retransmit = False
                    self._flight_size_decrease(chunk)
                self.has_gaps = True
            else:
                chunk._acked = False  # the other side may take it back (RFC 9260, section 6.2.1)
        return acked_bytes, self._strike(marks, highest_new)

    def _marks(self, sack: SackChunk) -> bytearray:
        """One byte for each chunk under way: whether it is reported to have arrived. Their numbers have no gaps."""
        marks = bytearray(len(self._sent_queue))
        if self._sent_queue:
            offset = (self._sent_queue[0].tsn - sack.cumulative_tsn) & 0xFFFFFFFF
            for start, end in sack.gaps:
                first, last = max(0, start - offset), min(len(marks) - 1, end - offset)
                if first <= last:
                    marks[first : last + 1] = b"\1" * (last + 1 - first)
        return marks

    def _strike(self, marks: bytearray, highest_new: int) -> bool:
        """Three later arrivals make a chunk lost (RFC 9260, section 7.2.4); whether one is."""
        is_loss = False
        if highest_new < 0:
            return False
        highest_tsn = self._sent_queue[highest_new].tsn
        for chunk, is_there in islice(zip(self._sent_queue, marks, strict=True), highest_new):
            if is_there or chunk._retransmit or chunk._abandoned:
                continue
            if chunk.strikes_after is not None and not uint32_gt(highest_tsn, chunk.strikes_after):
                continue
            chunk._misses += 1
            if chunk._misses == MISSES:
                chunk._misses = 0
                is_loss = True
                if not self._maybe_abandon(chunk):
                    chunk._retransmit = self.has_lost = True
                self._flight_size_decrease(chunk)
        return is_loss

    def _adjust_window(self, sack: SackChunk, *, acked_bytes: int, is_growing: bool, is_loss: bool) -> None:
        """RFC 9260, sections 7.2.1 to 7.2.4, within our cap."""
        if self._fast_recovery_exit is not None:
            if uint32_gte(sack.cumulative_tsn, self._fast_recovery_exit):
                self._fast_recovery_exit = None
            return
        if is_growing and self._cwnd <= self._ssthresh:
            self._cwnd += min(acked_bytes, USERDATA_MAX_LENGTH)
        elif is_growing:
            self._partial_bytes_acked += acked_bytes
            if self._partial_bytes_acked >= self._cwnd:
                self._partial_bytes_acked -= self._cwnd
                self._cwnd += USERDATA_MAX_LENGTH
        self._cwnd = min(self._cwnd, self._window_cap())
        if is_loss:
            self._ssthresh = max(self._cwnd // 2, 4 * USERDATA_MAX_LENGTH)
            self._cwnd = self._ssthresh
            self._partial_bytes_acked = 0
            if self._sent_queue:
                self._fast_recovery_exit = self._sent_queue[-1].tsn
            self._fast_recovery_transmit = True

    def _window_cap(self) -> int:
        path_bytes = int((self.base_rtt_s or 0.0) * PACE_BYTES_PER_S)
        return min(max(path_bytes, MIN_WINDOW_CAP_BYTES), MAX_WINDOW_CAP_BYTES)

    # ---- time

    def _measure(self, tsn: int) -> None:
        if self.timed_tsn is None:
            self.timed_tsn, self.timed_since = tsn, self._loop.time()

    def _update_rto(self, R: float) -> None:  # noqa: N803 - aiortc's name
        super()._update_rto(R)
        self.base_rtt_s = R if self.base_rtt_s is None else min(R, self.base_rtt_s)
        assert self._srtt is not None
        assert self._rttvar is not None
        self._rto = max(MIN_RTO_S, self._srtt + 4 * self._rttvar)

    def _t3_ensure(self) -> None:
        if self._t3_handle is None:
            self._t3_start()

    def _t3_start(self) -> None:
        self.t3_due = self._loop.time() + self._rto
        self._t3_handle = self._loop.call_at(self.t3_due, self._t3_expired)

    def _t3_restart(self) -> None:
        """A timer that fires early is only armed again, which is cheaper than a new one for each acknowledgement."""
        due = self._loop.time() + self._rto
        if self._t3_handle is None or self._t3_handle.when() > due:
            self._t3_cancel()
            self._t3_start()
        else:
            self.t3_due = due

    def _t3_expired(self) -> None:
        if self._loop.time() < self.t3_due:
            self._t3_handle = self._loop.call_at(self.t3_due, self._t3_expired)
            return
        self._t3_handle = None
        for chunk in self._sent_queue:
            if not chunk._acked and not self._maybe_abandon(chunk):
                chunk._retransmit = self.has_lost = True
                chunk.strikes_after = None
            self._flight_size_decrease(chunk)
        self._update_advanced_peer_ack_point()
        self._fast_recovery_exit = None
        self._fast_recovery_transmit = False
        self._partial_bytes_acked = 0
        self._ssthresh = max(self._cwnd // 2, 4 * USERDATA_MAX_LENGTH)
        self._cwnd = USERDATA_MAX_LENGTH
        self._rto = max(self._rto, min(2 * self._rto, MAX_RTO_S))
        self.timed_tsn = None
        self._flush()
