"""Two members bring their messages level over one link (docs/protocol.md, part 3); the rest of it is `Exchange`'s way.

Each side says its digest; where they differ, what it holds; and is sent the rest, the newest first. Any frame may be
lost: a question that got no answer in time is asked again, and a new question takes the place of the one before. An
answer waits as ids, each once, and goes out as fast as it is taken in: no question fills memory or buffers. While
people talk two digests differ by what is on its way: who has just asked waits before it compares again, and longer each
time that asking brought nothing.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from ..log.event import EventId
from ..messages.compare import decode_part, digest_of, encode_parts, missing
from ..messages.holdings import Holdings
from ..wire.message_frames import (
    MAX_EVENTS,
    MAX_PART_BYTES,
    MessageDigest,
    MessageEvents,
    MessageFrame,
    MessageMore,
    MessageSummary,
)

__all__ = ["MessageExchange", "pack_events"]


def pack_events(encoded: list[bytes]) -> list[tuple[bytes, ...]]:
    """Batches that fit into one frame each."""
    batches: list[tuple[bytes, ...]] = []
    batch: list[bytes] = []
    size = 0
    for data in encoded:
        if batch and (size + len(data) > MAX_PART_BYTES or len(batch) == MAX_EVENTS):
            batches.append(tuple(batch))
            batch, size = [], 0
        batch.append(data)
        size += len(data)
    return [*batches, tuple(batch)] if batch else batches


@dataclass(slots=True)
class MessageExchange:
    """One link's share. `now` is monotonic seconds."""

    holdings: Holdings
    since: Callable[[], int]
    """The clock value from which on both are told what was said."""
    window: int = 8
    """Frames of answers that may be on their way."""
    timeout_s: float = 10.0
    """A question without an answer for so long was lost."""
    pause_s: float = 1.0
    """Between an answer and the next question, at first; doubled by each answer that brings nothing."""
    max_pause_s: float = 16.0
    is_settled: bool = field(default=False, init=False)
    """We hold all that the other side held when it began."""
    is_equal: bool = field(default=False, init=False)
    """When it last said so, it held what we held then."""
    _asked_at: float | None = field(default=None, init=False)
    _asked_with: bytes = field(default=b"", init=False)
    _asked_for: bytes = field(default=b"", init=False)
    """Our digest and theirs, as far as we knew, when we asked."""
    _answered_at: float = field(default=-math.inf, init=False)
    _vain_answers: int = field(default=0, init=False)
    """In a row."""
    _is_curious: bool = field(default=False, init=False)
    """To be compared again after the pause."""
    _their_digest: bytes = field(default=b"", init=False)
    _told: bytes = field(default=b"", init=False)
    """The digest that we said last."""
    _their_since: int = field(default=0, init=False)
    _in_vain: tuple[bytes, bytes] | None = field(default=None, init=False)
    """Our digest and theirs, where asking has brought us nothing."""
    _rest: deque[bytes] = field(default_factory=deque, init=False)
    """Ids of our answer; of proofs of forks, which go without their words, the bytes."""
    _owed: set[bytes] = field(default_factory=set, init=False)
    _has_whole_question: bool = field(default=False, init=False)
    _credit: int = field(default=0, init=False)
    _renewed_at: float = field(default=-math.inf, init=False)

    def begin(self) -> list[MessageFrame]:
        """What to say first, and again when there may be a difference."""
        self._is_curious = False
        self._told = self._digest()
        return [MessageDigest(self._told, self._horizon())]

    def is_asking(self, *, now: float) -> bool:
        """An answer is awaited."""
        return self._asked_at is not None and now < self._asked_at + self.timeout_s

    def receive_digest(self, frame: MessageDigest, *, now: float) -> list[MessageFrame]:
        """Nothing where it is ours, or where asking was in vain before; else the question."""
        before, self._their_since = self._horizon(), frame.since
        self._their_digest, ours = frame.digest, self._digest()
        self.is_equal = ours == frame.digest
        if self.is_equal or (ours, frame.digest) == self._in_vain:
            self.is_settled = True
            self._is_curious = False
            return self.begin() if self.is_equal and self._told != ours else []
        if now < self._pause_until:
            self._is_curious = True
            return []
        answer = self.ask(now=now)
        return answer if self._horizon() == before else [*self.begin(), *answer]

    @property
    def next_at(self) -> float | None:
        """When to begin again."""
        return self._pause_until if self._is_curious else None

    def wonder(self, *, now: float) -> None:
        """What they told was too much at once: they are to be asked after a pause."""
        self._is_curious = True
        self._answered_at = now

    def is_due(self, *, now: float) -> bool:
        """To be begun again now."""
        return self._is_curious and now >= self._pause_until

    @property
    def _pause_until(self) -> float:
        return self._answered_at + min(self.pause_s * 2.0 ** min(self._vain_answers, 16), self.max_pause_s)

    def ask(self, *, now: float) -> list[MessageFrame]:
        """For what we lack; nothing where an answer is awaited already."""
        if self.is_asking(now=now):
            return []
        self._asked_at, self._asked_with, since = now, self._digest(), self._horizon()
        self._asked_for = self._their_digest
        *parts, last = encode_parts(self.holdings, since)
        asked: list[MessageFrame] = [MessageSummary(part, since, False) for part in parts]
        return [*asked, MessageSummary(last, since, True)]

    def receive_summary(self, frame: MessageSummary, *, now: float) -> list[MessageFrame]:
        """The first of what they lack of this part; raise MalformedFrame.

        Frames that were not acknowledged count as lost after a while only: no question makes us say more than that.
        """
        part = decode_part(frame.part, max_bytes=MAX_PART_BYTES)
        self._their_since = frame.since
        if not part.start:
            self._rest.clear()
            self._owed.clear()
            if now >= self._renewed_at + self.timeout_s:
                self._credit, self._renewed_at = self.window, now
        self._has_whole_question = frame.is_last
        for said in missing(part, self.holdings, self._horizon()):
            owed = said.id if self.holdings.get(said.id) is said else said.encoded
            if owed not in self._owed:
                self._owed.add(owed)
                self._rest.append(owed)
        return self._next()

    @property
    def is_answering(self) -> bool:
        """Part of an answer waits to be asked for."""
        return bool(self._rest)

    def receive_more(self) -> list[MessageFrame]:
        """They have taken in one frame of an answer that goes on."""
        self._credit = min(self._credit + 1, self.window)
        return self._next()

    def receive_events(self, *, is_last: bool, is_news: bool, has_left_over: bool, now: float) -> list[MessageFrame]:
        """Events were taken in: the end of an answer, or part of one, which we ask to go on."""
        if self._asked_at is None:
            return []
        if not is_last:
            self._asked_at = now
            return [MessageMore()]
        self._asked_at = None
        self._answered_at = -math.inf if has_left_over else now
        self._vain_answers = 0 if is_news else self._vain_answers + 1
        self.is_settled = True
        ours = self._digest()
        self.is_equal = ours == self._their_digest
        is_vain = ours == self._asked_with and not has_left_over
        self._in_vain = (self._asked_with, self._asked_for) if is_vain else None
        return self.begin()

    def _next(self) -> list[MessageFrame]:
        """As much as may be on its way; the last frame of an answer is free."""
        told: list[MessageFrame] = []
        while self._rest and self._credit:
            events = self._take()
            is_last = not self._rest and self._has_whole_question
            self._has_whole_question &= not is_last
            told.append(MessageEvents(events, is_last))
            self._credit -= not is_last
        if not self._rest and self._has_whole_question:
            self._has_whole_question = False
            told.append(MessageEvents((), True))
        return told

    def _take(self) -> tuple[bytes, ...]:
        """The next frame full; what was let go since is passed over."""
        events: list[bytes] = []
        size = 0
        while self._rest and len(events) < MAX_EVENTS:
            encoded = self._encoded(self._rest[0])
            if events and size + len(encoded) > MAX_PART_BYTES:
                break
            self._rest.popleft()
            size += len(encoded)
            events += [encoded] if encoded else []
        return tuple(events)

    def _encoded(self, owed: bytes) -> bytes:
        held = self.holdings.get(EventId(owed))
        if held is not None:
            return held.encoded if self.holdings.counts(held.id) else b""
        return owed if len(owed) > _ID_BYTES else b""

    def _digest(self) -> bytes:
        return digest_of(self.holdings, self._horizon())

    def _horizon(self) -> int:
        return max(self.since(), self._their_since)


_ID_BYTES = 32
