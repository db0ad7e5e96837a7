"""What happens around a peer that no packet tells of: the machine slept, the process was frozen, the network changed.

Looks every few seconds, which costs some microseconds, and says when something happened. What follows from that is
decided elsewhere. A false alarm does no harm: it makes links and the seat show that they live.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

import ifaddr

__all__ = ["Surroundings", "elapsed_s", "local_addresses"]

_log = logging.getLogger("peer")

_LATE_S = 5.0
"""A loop that comes back later than this was not only busy."""


class Surroundings:
    """Watches for one peer, all rooms together."""

    def __init__(
        self,
        *,
        on_change: Callable[[], None],
        look_every_s: float,
        clock: Callable[[], float],
        addresses: Callable[[], frozenset[str]],
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`clock` is a number of seconds that grows while the machine sleeps; `addresses` are those of this host."""
        self._on_change = on_change
        self._look_every_s = look_every_s
        self._clock = clock
        self._addresses = addresses
        self._pause = pause

    async def run(self) -> None:
        """For ever; ended by cancellation."""
        seen, looked_at = self._addresses(), self._clock()
        while True:
            await self._pause(self._look_every_s)
            before, seen = seen, self._addresses()
            late_s, looked_at = self._clock() - looked_at - self._look_every_s, self._clock()
            if late_s > _LATE_S:
                _log.info("= awake again after %.0f s", late_s)
            elif seen != before:
                _log.info("= the network has changed")
            else:
                continue
            self._on_change()


def elapsed_s() -> float:
    """Seconds that go on in a machine that sleeps; where no such clock is, the time of day, which may also be set."""
    boot_time = getattr(time, "CLOCK_BOOTTIME", None)
    return time.time() if boot_time is None else time.clock_gettime(boot_time)


def local_addresses() -> frozenset[str]:
    """Of all interfaces; none where they cannot be read."""
    try:
        return frozenset(str(ip.ip) for adapter in ifaddr.get_adapters() for ip in adapter.ips)
    except OSError:
        return frozenset()
