"""All streams of one link, both ways: numbers, turns, and what the other side may cost us.

Streams that have something to send take turns, a chunk each. Data is bounded by the credit that we gave, so it is free
as long as a frame carries a fair amount; everything else is paid for from one allowance, and our own side keeps to half
of it. A violation raises, and ends the link.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from ..config import Config
from ..errors import Flooded, UnexpectedFrame
from ..ids import MemberId
from ..wire.frames import (
    MAX_CHUNK_BYTES,
    StreamCredit,
    StreamData,
    StreamDone,
    StreamEnd,
    StreamFrame,
    StreamOpen,
    StreamReset,
    StreamStop,
)
from .incoming import Incoming
from .machine import LinkId
from .outgoing import Outgoing
from .pace import Pace

__all__ = ["Lane", "lane_of"]

_FAIR_BYTES = 1024
"""A chunk of less is paid for as a frame, and waits for company where there is no allowance left."""

_STREAM_COST = 4
"""What its opener pays for a stream: its beginning and its end, and what is answered to that."""

_TOO_MUCH = _STREAM_COST + 1

_GIVEN_UP = "given up"
"""What the sender answers to a stop; nobody reads it."""


def lane_of(link: LinkId, member: MemberId, *, config: Config, now: float) -> Lane:
    burst, per_s = config.stream_frames_burst, config.stream_frames_per_s
    return Lane(
        link,
        member,
        config,
        theirs=Pace(burst=burst, per_s=per_s, now=now),
        ours=Pace(burst=max(1, burst // 2), per_s=per_s / 2, now=now),
    )


@dataclass(slots=True, eq=False)
class Lane:
    """Of one link to a member. Frames to send are in `said`; new streams in `opened`."""

    link: LinkId
    member: MemberId
    config: Config
    theirs: Pace
    ours: Pace
    said: list[StreamFrame] = field(default_factory=list)
    incoming: dict[int, Incoming] = field(default_factory=dict)
    retry_at: float | None = None
    """When a small chunk, or a stream, that waits for the allowance may leave."""
    _outgoing: dict[int, Outgoing] = field(default_factory=dict)
    _turns: deque[Outgoing] = field(default_factory=deque)
    _our_next: int = 0
    _their_next: int = 0

    @property
    def outgoing(self) -> tuple[Outgoing, ...]:
        return tuple(self._turns)

    # ---- ours

    def open(self, label: str, size: int | None) -> Outgoing:
        stream = Outgoing(self.link, label=label, size=size)
        self._turns.append(stream)
        return stream

    @property
    def has_more(self) -> bool:
        """Whether something could leave if the link had room."""
        dearest = _STREAM_COST if self.retry_at is None else 0
        return any(_cost_of(stream) <= dearest for stream in self._turns)

    def maybe_next(self, *, now: float) -> StreamOpen | StreamData | StreamEnd | None:
        """From the stream whose turn it is."""
        for _ in range(len(self._turns)):
            self._turns.rotate(-1)
            stream = self._turns[-1]
            cost = _cost_of(stream)
            if cost <= _STREAM_COST and self._may_spend(cost, now=now):
                return self._next_of(stream)
        return None

    def _next_of(self, stream: Outgoing) -> StreamOpen | StreamData | StreamEnd:
        if not stream.is_open_sent:
            self._outgoing[self._our_next] = stream
            self._our_next += 1
            return stream.take_open(self._our_next - 1)
        return stream.take_end() if stream.is_end_due else stream.take_chunk()

    def _may_spend(self, cost: int, *, now: float) -> bool:
        """Whether there is allowance; if not, nothing that costs is tried again for a while."""
        if cost == 0:
            return True
        if self.retry_at is None and not self.ours.spend(cost, now=now):
            self.retry_at = now + 2 * cost / self.config.stream_frames_per_s
        return self.retry_at is None

    def reset(self, stream: Outgoing, reason: str) -> None:
        """We give up a stream of ours."""
        if not stream.is_over:
            if stream.is_open_sent:
                self.said.append(StreamReset(stream.number, reason))
            self._drop(stream, reason)

    def _drop(self, stream: Outgoing, reason: str) -> None:
        stream.break_off(reason)
        self._forget(stream)

    def _forget(self, stream: Outgoing) -> None:
        self._outgoing.pop(stream.number, None)
        self._turns.remove(stream)

    # ---- theirs

    def receive(self, frame: StreamFrame, *, now: float) -> Incoming | None:
        """A stream that is new or has ended, if it is one; raise UnexpectedFrame for what ends the link."""
        self._charge(frame, now=now)
        match frame:
            case StreamOpen():
                return self._open(frame, now=now)
            case StreamData() | StreamEnd() | StreamReset():
                return self._receive_theirs(frame)
            case _:
                self._receive_ours(frame)
        return None

    def _charge(self, frame: StreamFrame, *, now: float) -> None:
        """Nothing is free but what our own credit or our own data bounds."""
        if isinstance(frame, StreamData) and len(frame.data) >= _FAIR_BYTES:
            return
        if isinstance(frame, StreamCredit) and self._is_earned(frame):
            return
        if not self.theirs.spend(now=now):
            raise Flooded("frames of streams")

    def _is_earned(self, credit: StreamCredit) -> bool:
        stream = self._outgoing.get(credit.number)
        return stream is not None and credit.taken - stream.acknowledged_bytes >= MAX_CHUNK_BYTES

    def _open(self, frame: StreamOpen, *, now: float) -> Incoming | None:
        if frame.number != self._their_next:
            raise UnexpectedFrame("a stream out of turn")
        self._their_next += 1
        if len(self.incoming) >= self.config.max_incoming_streams:
            self.said.append(StreamStop(frame.number, "full"))
            return None
        stream = Incoming(self.link, self.member, frame, give_up_at=now + self.config.stream_accept_s)
        self.incoming[frame.number] = stream
        return stream

    def _receive_theirs(self, frame: StreamData | StreamEnd | StreamReset) -> Incoming | None:
        stream = self.incoming.get(frame.number)
        if stream is None:
            self._check_known(frame)
            return None
        if isinstance(frame, StreamData):
            stream.receive(frame.data)
            return None
        if isinstance(frame, StreamEnd):
            stream.end()
        else:
            stream.break_off(frame.reason)
        if stream.is_stopped or isinstance(frame, StreamReset):
            del self.incoming[frame.number]
        return stream

    def _check_known(self, frame: StreamData | StreamEnd | StreamReset) -> None:
        """A refused stream may still end, but it was allowed no data."""
        if isinstance(frame, StreamData) or frame.number >= self._their_next:
            raise UnexpectedFrame("data of no stream")

    def _receive_ours(self, frame: StreamCredit | StreamDone | StreamStop) -> None:
        """What concerns a stream that has ended here crossed with its end."""
        if frame.number >= self._our_next:
            raise UnexpectedFrame("an answer to no stream")
        stream = self._outgoing.get(frame.number)
        if stream is None:
            return
        match frame:
            case StreamCredit():
                stream.receive_credit(frame)
            case StreamDone():
                stream.receive_done()
                self._forget(stream)
            case _:
                if not stream.is_end_sent:
                    self.said.append(StreamReset(frame.number, _GIVEN_UP))
                self._drop(stream, frame.reason)

    def stop(self, stream: Incoming, reason: str) -> None:
        """We want no more of a stream of theirs."""
        if self.incoming.get(stream.number) is not stream or stream.is_stopped:
            return
        self.said.append(StreamStop(stream.number, reason))
        if stream.is_ended:
            del self.incoming[stream.number]
        stream.stop(reason)

    def finish(self, stream: Incoming) -> None:
        """It was read to its end."""
        del self.incoming[stream.number]
        self.said.append(StreamDone(stream.number))

    def break_off(self, reason: str) -> None:
        """The link is gone."""
        for outgoing in self._turns:
            outgoing.break_off(reason)
        for incoming in self.incoming.values():
            incoming.break_off(reason)
        self._outgoing.clear()
        self._turns.clear()
        self.incoming.clear()


def _cost_of(stream: Outgoing) -> int:
    """Of the next frame; too much where there is none."""
    if not stream.is_open_sent:
        return _STREAM_COST
    if stream.is_end_due or stream.sendable_bytes >= _FAIR_BYTES:
        return 0
    return 1 if stream.sendable_bytes else _TOO_MUCH
