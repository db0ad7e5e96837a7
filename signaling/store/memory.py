"""The store of tests and of servers that may forget: everything ends with the process."""

from collections.abc import Callable
from typing import TypeVar

from .local import LocalStore
from .port import Limits
from .tables import Tables

__all__ = ["MemoryStore"]

R = TypeVar("R")


class MemoryStore(LocalStore):
    """Tables on the event loop; atomic because no step awaits."""

    def __init__(self, limits: Limits, *, clock: Callable[[], float], signing_key: bytes) -> None:
        self._tables = Tables(limits)
        self._clock = clock
        self._signing_key = signing_key

    async def open(self) -> None:
        """Nothing to do."""

    async def close(self) -> None:
        """Nothing to do."""

    async def ping(self) -> None:
        """Memory is always there."""

    async def signing_key(self) -> bytes:
        return self._signing_key

    async def _run(self, step: Callable[[Tables, float], R]) -> R:
        result = step(self._tables, self._clock())
        self._tables.journal.clear()
        return result
