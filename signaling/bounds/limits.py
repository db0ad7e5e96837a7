"""How fast somebody may go on: rates, and buckets that know when there is room again.

The algorithm is GCRA, the generic cell rate algorithm (ITU-T I.371, virtual scheduling). A bucket is one number: the
moment at which it is full again if nobody takes from it. So nothing has to be refilled, and a bucket whose moment has
passed says the same as no bucket. It does what a token bucket does.

Pure: time is an argument, in seconds of any clock. One that is set back costs nobody more than an empty bucket.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush, heapreplace
from math import inf
from typing import NamedTuple, Protocol

__all__ = ["Bucket", "Buckets", "Demand", "Excess", "Key", "Limiter", "LocalLimiter", "Rate"]

ROUNDING_S = 1e-6
"""Wall-clock seconds as floats are exact to a quarter of this; who waits as long as told must not wait again."""

Key = tuple[str, str]
"""A bound, and whom it holds."""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many at once, and as many again, evenly, over so many seconds. A burst of 0 stands for no limit."""

    burst: int
    over_s: float
    interval_s: float = field(init=False, repr=False, compare=False)
    """From one to the next for who takes all it can."""
    slack_s: float = field(init=False, repr=False, compare=False)
    """How far ahead of that pace one may be."""

    def __post_init__(self) -> None:
        interval_s = self.over_s / self.burst if self.burst else 0.0
        object.__setattr__(self, "interval_s", interval_s)
        object.__setattr__(self, "slack_s", self.over_s - interval_s + ROUNDING_S if self.burst else inf)

    def times(self, factor: int) -> "Rate":
        """So many times as much in the same time."""
        return Rate(self.burst * factor, self.over_s)

    def __str__(self) -> str:
        return f"{self.burst}/{self.over_s:g}" if self.burst else "0"


class Bucket:
    """What one has taken of a rate."""

    __slots__ = ("__weakref__", "full_at", "rate")

    def __init__(self, rate: Rate, full_at: float = 0.0) -> None:
        self.rate = rate
        self.full_at = full_at

    def take(self, now: float) -> float:
        """Take one and answer 0; where there is none, the seconds until there is, and nothing is taken."""
        full_at = self.full_at if self.full_at > now else now  # `max` would double the time
        wait_s = full_at - self.rate.slack_s - now
        if wait_s > 0:
            return self._wait(wait_s, now)
        self.full_at = full_at + self.rate.interval_s
        return 0.0

    def _wait(self, wait_s: float, now: float) -> float:
        """The wait, which is longer than an interval only where the clock was set back since."""
        if wait_s > self.rate.interval_s:
            self.full_at = now + self.rate.over_s
        return min(wait_s, self.rate.interval_s)


class Buckets:
    """The buckets of many, `most` of them at a time.

    Where there is no place for another, the one nearest to full is forgotten, which gives the least away. So a crowd
    of names that are used once forgets its own members, and never the bucket of somebody who has taken more than they:
    to be forgotten, one needs `most` others that are all emptier, and pays for each.

    `_order` is a heap with one entry for each key, made when its bucket was fuller or as full as now; an entry that
    has been overtaken is put right when it comes up. No step scans the table.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._full_at: dict[Key, float] = {}
        self._order: list[tuple[float, Key]] = []

    def __len__(self) -> int:
        return len(self._full_at)

    def bucket(self, key: Key, rate: Rate) -> Bucket:
        """A copy, for somebody who takes from it often and gives it back with `keep`."""
        return Bucket(rate, self._full_at.get(key, 0.0))

    def keep(self, key: Key, bucket: Bucket, now: float) -> None:
        """Remember a bucket; one that is full needs no place."""
        if bucket.full_at <= now:
            return
        if key not in self._full_at:
            self._make_place(now)
            heappush(self._order, (bucket.full_at, key))
        self._full_at[key] = bucket.full_at

    def take(self, key: Key, rate: Rate, now: float) -> float:
        """See Bucket.take."""
        bucket = self.bucket(key, rate)
        wait_s = bucket.take(now)
        self.keep(key, bucket, now)
        return wait_s

    def _make_place(self, now: float) -> None:
        """Two of the full ones go with each that comes, so that they do not pile up either."""
        for _ in range(2):
            if self._order and self._order[0][0] <= now:
                self._forget_first(unless_after=now)
        while len(self._full_at) >= self._most:
            self._forget_first(unless_after=self._order[0][0])

    def _forget_first(self, *, unless_after: float) -> None:
        """Forget whose entry comes first, or put its entry right where it has been overtaken."""
        _, key = self._order[0]
        full_at = self._full_at[key]
        if full_at > unless_after:
            heapreplace(self._order, (full_at, key))
        else:
            heappop(self._order)
            del self._full_at[key]


class Demand(NamedTuple):
    """Somebody wants to do something that is limited."""

    bound: str
    """The setting that holds the rate."""
    subject: str
    """Whom it holds; may be an address, so it is never shown."""
    rate: Rate


class Excess(NamedTuple):
    """A demand that has to wait."""

    demand: Demand
    wait_s: float


class Limiter(Protocol):
    """Where it is remembered who did what how often; one that many servers share may stand in for ours."""

    async def decide(self, demands: Sequence[Demand], *, now: float) -> Excess | None:
        """Take one for each demand if all have one; else take nothing, and answer the one that waits longest."""


class LocalLimiter:
    """The limiter of one process."""

    def __init__(self, most: int) -> None:
        self.buckets = Buckets(most)

    async def decide(self, demands: Sequence[Demand], *, now: float) -> Excess | None:
        return self.decide_now(demands, now=now)

    def decide_now(self, demands: Sequence[Demand], *, now: float) -> Excess | None:
        """The same for what is too frequent to be asked of anybody else."""
        excess = None
        for demand in demands:
            wait_s = self.buckets.bucket(demand[:2], demand.rate).take(now)  # from a copy
            if wait_s > (excess.wait_s if excess else 0):
                excess = Excess(demand, wait_s)
        if excess is None:
            for demand in demands:
                self.buckets.take(demand[:2], demand.rate, now)
        return excess
