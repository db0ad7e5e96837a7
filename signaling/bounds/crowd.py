"""How many connections are open, and which one gives its place to a newcomer.

A place is worth nothing to who asks nothing: whoever has been idle the longest goes first, be it a browser that may
ask again on a new connection or one of ten thousand that were opened to keep others out. While a call is at work, a
poll or a WebSocket included, its connection keeps its place. And what waits in connections is bounded in all of them
together, at the cost of those where most waits. Pure.
"""

from collections.abc import Hashable, Iterable
from operator import itemgetter
from typing import Generic, Protocol, TypeVar

__all__ = ["Crowd", "Holder", "hoarders"]

T = TypeVar("T", bound=Hashable)


class Crowd(Generic[T]):
    """The open connections of one server."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._busy: set[T] = set()
        self._idle: dict[T, None] = {}
        """In the order of their last answer."""

    def __len__(self) -> int:
        return len(self._busy) + len(self._idle)

    @property
    def is_full(self) -> bool:
        """Nobody may enter unless somebody goes."""
        return len(self) >= self.most

    def enter(self, who: T) -> None:
        """A new connection, which has asked nothing yet."""
        self._idle[who] = None

    def leave(self, who: T) -> None:
        """It is closed; may be said twice."""
        self._busy.discard(who)
        self._idle.pop(who, None)

    def begin(self, who: T) -> None:
        """It asks something; unless it had to go meanwhile."""
        if who in self._idle:
            del self._idle[who]
            self._busy.add(who)

    def end(self, who: T) -> None:
        """It has its answer."""
        if who in self._busy:
            self._busy.discard(who)
            self._idle[who] = None

    def maybe_yield(self) -> T | None:
        """The one that goes: its place is free, and closing it is up to the caller. None if all are at work."""
        who = next(iter(self._idle), None)
        if who is not None:
            self.leave(who)
        return who


class Holder(Protocol):
    """A connection in which something waits, in either direction."""

    @property
    def buffered_bytes(self) -> int: ...

    def cut(self) -> None:
        """End it at once; what waits is thrown away."""


def hoarders(holders: Iterable[Holder], most_bytes: int) -> list[Holder]:
    """Who has to go so that what the others hold fits: those who hold most."""
    held = [(each.buffered_bytes, each) for each in holders]
    excess = sum(size for size, _ in held) - most_bytes
    gone: list[Holder] = []
    for size, who in sorted(held, key=itemgetter(0), reverse=True) if excess > 0 else ():
        if excess <= 0:
            break
        gone.append(who)
        excess -= size
    return gone
