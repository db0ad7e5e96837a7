"""Byte streams between two members of one room (docs/protocol.md, Streams).

Composes the lanes of all links: opens, reads, ends, and shares out what may be held unread. Who a stream comes from
was proven by its link; whether that is still a member is decided before anything comes here. A stream lives and dies
with its link: a later one begins anew, at `acknowledged_bytes` if it likes.

What may be held unread is a number of windows. No member gets more than half of what the others leave, so that whoever
comes next finds some; and where somebody waits, a stream that brings nothing loses its own.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from ..config import Config
from ..errors import Flooded, RemoteError
from ..ids import MemberId
from ..wire.frames import StreamFrame
from .incoming import Incoming
from .lane import Lane, lane_of
from .machine import LinkId, earliest
from .outgoing import Outgoing

__all__ = ["Carry", "Offered", "Overdone", "StreamOrder", "Streams", "Violated"]


@dataclass(frozen=True, slots=True)
class Carry:
    """Send this."""

    link: LinkId
    frame: StreamFrame = field(repr=False)


@dataclass(frozen=True, slots=True)
class Offered:
    """A member begins a stream."""

    stream: Incoming


@dataclass(frozen=True, slots=True)
class Violated:
    """End the link, without a word."""

    link: LinkId
    reason: str


@dataclass(frozen=True, slots=True)
class Overdone:
    """Its other end flooded us."""

    link: LinkId


StreamOrder: TypeAlias = Carry | Offered | Violated | Overdone


class Streams:
    """Of one room. Take `orders` after each call; `now` is monotonic seconds."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._lanes: dict[LinkId, Lane] = {}
        self._orders: list[StreamOrder] = []
        self._funded: list[Incoming] = []
        self._unfunded: deque[Incoming] = deque()
        self._review_at: float | None = None
        """When to see which streams bring nothing; only while others wait for a window."""
        self._max_funded = max(1, config.max_unread_bytes // config.stream_window_bytes)

    def orders(self) -> list[StreamOrder]:
        taken, self._orders = self._orders, []
        return taken

    # ---- links

    def retain(self, is_live: Callable[[LinkId], bool]) -> None:
        """Links may have ended."""
        for link in [link for link in self._lanes if not is_live(link)]:
            self.part(link, "lost")

    def part(self, link: LinkId, reason: str) -> None:
        """A link has ended, and all its streams with it."""
        if lane := self._lanes.pop(link, None):
            theirs = list(lane.incoming.values())
            lane.break_off(reason)
            for stream in theirs:
                self._release(stream)

    def part_with(self, member: MemberId, reason: str) -> None:
        """The last link to a member has ended."""
        for lane in [lane for lane in self._lanes.values() if lane.member == member]:
            self.part(lane.link, reason)

    def part_with_all(self, reason: str) -> None:
        for link in list(self._lanes):
            self.part(link, reason)

    @property
    def is_finishing(self) -> bool:
        """A stream of ours is complete, and the other side has yet to read the rest."""
        return any(stream.is_finishing for lane in self._lanes.values() for stream in lane.outgoing)

    # ---- writing

    def open(self, link: LinkId, member: MemberId, *, label: str, size: int | None, now: float) -> Outgoing:
        """A new stream to whoever is at the end of a link."""
        lane = self._lane(link, member, now=now)
        return lane.open(label, size)

    def abort(self, stream: Outgoing, reason: str) -> None:
        """Give it up, unless it is over."""
        if lane := self._lanes.get(stream.link):
            lane.reset(stream, reason)
            self._flush(lane)

    def hungry(self) -> list[LinkId]:
        """Links with streams that have something to send."""
        return [lane.link for lane in self._lanes.values() if lane.has_more]

    def pull(self, link: LinkId, *, budget_bytes: int, now: float) -> None:
        """The link has room for so much; a frame more than that is no harm."""
        lane = self._lanes.get(link)
        while lane is not None and budget_bytes > 0 and (frame := lane.maybe_next(now=now)):
            self._orders.append(Carry(link, frame))
            budget_bytes -= len(getattr(frame, "data", b"")) + 1

    # ---- reading

    def receive(self, link: LinkId, member: MemberId, frame: StreamFrame, *, now: float) -> None:
        """What came over a link; one that breaks the rules ends."""
        lane = self._lane(link, member, now=now)
        try:
            stream = lane.receive(frame, now=now)
        except Flooded:
            self._orders.append(Overdone(link))
            return
        except RemoteError as error:
            self._orders.append(Violated(link, type(error).__name__))
            return
        self._flush(lane)
        if stream is not None:
            self._note(stream)

    def _note(self, stream: Incoming) -> None:
        if stream.broken is not None or stream.is_stopped:
            self._release(stream)
        elif not stream.is_ended:
            self._orders.append(Offered(stream))
        else:
            self._maybe_finish(stream)

    def read(self, stream: Incoming, *, now: float) -> bytes | None:
        """The next chunk, or None: nothing is there, which is the end of it where `is_read`, or it is `broken`."""
        self._want(stream, now=now)
        chunk = stream.maybe_take()
        self._maybe_credit(stream)
        self._maybe_finish(stream)
        return chunk

    def refuse(self, stream: Incoming, reason: str) -> None:
        """Want no more of it."""
        if lane := self._lanes.get(stream.link):
            lane.stop(stream, reason)
            self._release(stream)
            self._flush(lane)

    def _want(self, stream: Incoming, *, now: float) -> None:
        """From the first read on there is credit, as soon as there is room for one more window."""
        if not stream.is_wanted:
            stream.is_wanted = True
            if self._is_live(stream):
                self._unfunded.append(stream)
                self._fund()
                self._maybe_watch(now=now)

    def _fund(self) -> None:
        held = Counter(stream.member for stream in self._funded)
        for stream in list(self._unfunded):
            if held[stream.member] < self._share(held.total() - held[stream.member]):
                held[stream.member] += 1
                self._unfunded.remove(stream)
                self._funded.append(stream)
                self._maybe_credit(stream)

    def _share(self, others: int) -> int:
        """How many windows one member may hold, where others hold so many: half of what is left, rounded up."""
        return (self._max_funded - others + 1) // 2

    def _maybe_watch(self, *, now: float) -> None:
        """From now on, if somebody waits, a window is to be used."""
        if self._unfunded and self._review_at is None:
            self._review_at = now + self._config.stream_idle_s
            for stream in self._funded:
                stream.watch()

    def _review(self, *, now: float) -> None:
        """Idle streams give way: to others of their own member, or to a member that has no window at all."""
        self._review_at = None
        idle = [stream for stream in self._funded if stream.is_idle]
        for waiting in [stream for stream in self._unfunded if idle]:
            is_first = all(stream.member != waiting.member for stream in self._funded)
            victims = [stream for stream in idle if is_first or stream.member == waiting.member]
            if waiting in self._unfunded and victims:
                idle.remove(victims[0])
                self.refuse(victims[0], "idle")
        self._maybe_watch(now=now)

    def _release(self, stream: Incoming) -> None:
        for held in (self._funded, self._unfunded):
            if stream in held:
                held.remove(stream)
        self._fund()

    def _maybe_credit(self, stream: Incoming) -> None:
        if stream not in self._funded or not self._is_live(stream):
            return
        if credit := stream.maybe_credit(self._config.stream_window_bytes):
            self._orders.append(Carry(stream.link, credit))

    def _maybe_finish(self, stream: Incoming) -> None:
        if stream.is_read and stream.is_wanted and self._is_live(stream):
            lane = self._lanes[stream.link]
            lane.finish(stream)
            self._release(stream)
            self._flush(lane)

    def _is_live(self, stream: Incoming) -> bool:
        lane = self._lanes.get(stream.link)
        return lane is not None and lane.incoming.get(stream.number) is stream

    # ---- time

    def next_deadline(self) -> float | None:
        """Of streams that nobody reads, and of what waits for the allowance."""
        lanes = self._lanes.values()
        unread = (stream.give_up_at for lane in lanes for stream in lane.incoming.values() if _is_ignored(stream))
        return earliest(self._review_at, *unread, *(lane.retry_at for lane in lanes))

    def handle_timeout(self, *, now: float) -> None:
        if self._review_at is not None and self._review_at <= now:
            self._review(now=now)
        for lane in self._lanes.values():
            if lane.retry_at is not None and lane.retry_at <= now:
                lane.retry_at = None
            for stream in [each for each in lane.incoming.values() if _is_ignored(each) and each.give_up_at <= now]:
                lane.stop(stream, "timeout")
            self._flush(lane)

    # ---- inside

    def _lane(self, link: LinkId, member: MemberId, *, now: float) -> Lane:
        if link not in self._lanes:
            self._lanes[link] = lane_of(link, member, config=self._config, now=now)
        return self._lanes[link]

    def _flush(self, lane: Lane) -> None:
        self._orders += [Carry(lane.link, frame) for frame in lane.said]
        lane.said.clear()


def _is_ignored(stream: Incoming) -> bool:
    return not stream.is_wanted and not stream.is_stopped
