"""Rates that count across servers: the buckets of limits.py as keys in Redis, decided in one script.

A bucket is the same single number as in one process, in microseconds of the time of Redis, and runs out by itself when
it is full again. All of them share one slot, since one demand by user and one by address have to be taken together or
not at all. Whom a bucket holds is hashed: an address shall not lie about in a store, and a name may be long.
"""

from collections.abc import Callable, Sequence
from hashlib import blake2b

from ...bounds.limits import Demand, Excess
from .keys import PREFIX
from .lanes import Argument, Lanes

__all__ = ["RedisLimiter"]

_DECIDE = """
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2] + ARGV[#ARGV] * 1000
local full_at, longest, which = {}, 0, 0
for i, key in ipairs(KEYS) do
  local interval, slack = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local at = math.max(tonumber(redis.call('GET', key) or 0), now)
  at = math.min(at, now + slack + interval) -- one that is fuller stems from a clock that was set back
  local wait = at - slack - now
  if wait > longest then longest, which = wait, i end
  full_at[i] = at + interval
end
if which > 0 then return {which, math.ceil(longest)} end
for i, key in ipairs(KEYS) do
  redis.call('SET', key, string.format('%.0f', full_at[i]), 'PX', math.max(1, math.ceil((full_at[i] - now) / 1000)))
end
return {0, 0}
"""


class RedisLimiter:
    """The limiter of many servers."""

    def __init__(self, lanes: Lanes, *, offset_ms: Callable[[], int]) -> None:
        self._lanes = lanes
        self._offset_ms = offset_ms

    async def decide(self, demands: Sequence[Demand], *, now: float) -> Excess | None:  # noqa: ARG002 - Redis has its own
        """See Limiter.decide; raise StoreUnavailable."""
        limited = [demand for demand in demands if demand.rate.burst]
        if not limited:
            return None
        pace: list[Argument] = []
        for demand in limited:
            pace += (_us(demand.rate.interval_s), _us(demand.rate.slack_s))
        keys = [_key(demand) for demand in limited]
        which, wait_us = await self._lanes.script(_DECIDE, keys, (*pace, self._offset_ms()))
        return Excess(limited[which - 1], wait_us / 1e6) if which else None


def _key(demand: Demand) -> str:
    whom = blake2b(demand.subject.encode(), digest_size=16).hexdigest()
    return f"{PREFIX}{{rates}}:{demand.bound}:{whom}"


def _us(seconds: float) -> int:
    return round(seconds * 1e6)
