"""Whether the store answers, found out in bounded time.

A store may hang: a disk that is gone, a host that drops packets. One question is under way at most, whoever asks
meanwhile waits for the same answer, and nobody longer than the time-out; so a hanging store holds one task, however
often it is asked about.
"""

import asyncio
from collections.abc import Awaitable, Callable

from .errors import StoreUnavailable

__all__ = ["Readiness"]


class Readiness:
    """Asks the store; `close()` it before the store."""

    def __init__(self, ping: Callable[[], Awaitable[None]], *, timeout_s: float) -> None:
        self._ping = ping
        self._timeout_s = timeout_s
        self._asking: asyncio.Task[Exception | None] | None = None

    async def check(self) -> None:
        """Raise StoreUnavailable unless the store has answered in time."""
        asking = self._asking
        if asking is None:
            asking = self._asking = asyncio.create_task(self._ask())
        done, _ = await asyncio.wait([asking], timeout=self._timeout_s)
        if not done or asking.cancelled():
            raise StoreUnavailable
        if error := asking.result():
            raise error

    async def _ask(self) -> Exception | None:
        """An error is handed on as a value: nobody may be waiting for it any more."""
        try:
            await self._ping()
        except Exception as error:
            return error
        finally:
            self._asking = None
        return None

    async def is_well(self) -> bool:
        """The same as an answer."""
        try:
            await self.check()
        except StoreUnavailable:
            return False
        return True

    async def close(self) -> None:
        """Ask no longer; may be called twice."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait([self._asking])
