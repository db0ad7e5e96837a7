"""The owner of all tasks of one `Peer`: nothing else starts any, and all have ended when it does, its threads too."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from types import TracebackType
from typing import Any

from .signatures import Signatures

__all__ = ["Runtime"]

_log = logging.getLogger("peer")


class Runtime:
    """The owner of all tasks of one `Peer`."""

    def __init__(self) -> None:
        self.signatures = Signatures()
        self._tasks = asyncio.TaskGroup()
        self._running: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Runtime:
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait for all tasks; end them first if the block failed, whose error then goes on as it is, in no group."""
        if error is not None:
            for task in self._running:
                task.cancel()
        try:
            await self._tasks.__aexit__(None, None, None)
        finally:
            self.signatures.close()

    async def wind_up(self, *, grace_s: float) -> None:
        """Give the tasks so long to end by themselves, then end them."""
        if self._running:
            await asyncio.wait(self._running, timeout=grace_s)
        for task in self._running:
            _log.warning("! task %s took too long and was ended", task.get_name())
            task.cancel()

    def spawn(self, work: Coroutine[Any, Any, None], *, name: str) -> asyncio.Task[None]:
        """A task that ends with the peer. What it raises is a defect of ours: logged, and not passed on to others."""
        task = self._tasks.create_task(_guard(work, name), name=name)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        task.add_done_callback(lambda _: work.close())  # one that was cancelled before it began was never awaited
        return task


async def _guard(work: Coroutine[Any, Any, None], name: str) -> None:
    try:
        await work
    except Exception:
        _log.exception("! task %s failed", name)
