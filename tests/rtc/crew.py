"""Members who come and go, each with a folder of their own, over real data channels."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import peer
from peer.messages.compare import digest_of

from .rooms import Attendee

__all__ = ["FAST", "Crew"]

FAST = peer.Config(send_burst=1000, send_per_s=1000.0, compare_every_s=0.5, receipts_after_s=0.2)


class Crew:
    """Who is on board, each with a folder of their own."""

    def __init__(self, server: str, folder: Path) -> None:
        self._server = server
        self._folder = folder
        self._stacks: dict[str, AsyncExitStack] = {}
        self.aboard: dict[str, Attendee] = {}
        self.invite = ""

    async def come(self, *names: str) -> None:
        """Wait until all who are aboard have met."""
        for name in names:
            await self.board(name)
        everybody = list(self.aboard.values())
        for number, each in enumerate(everybody):
            await each.meet(*everybody[number + 1 :])

    async def board(self, name: str) -> None:
        """Wait for nobody."""
        stack = self._stacks[name] = AsyncExitStack()
        opened = peer.Peer(self._server, name=name, data_dir=self._folder / name, config=FAST)
        me = await stack.enter_async_context(opened)
        room = await (me.join_room(self.invite) if self.invite else me.create_room("Deck"))
        self.aboard[name] = Attendee(me, room)
        self.invite = self.invite or self.aboard[name].invite

    async def go(self, *names: str) -> None:
        await asyncio.gather(*(self._stacks.pop(name).aclose() for name in names))
        for name in names:
            del self.aboard[name]

    def room(self, name: str) -> peer.Room:
        return self.aboard[name].room

    def digests(self, *, but: str = "") -> set[bytes]:
        histories = (each.room._mesh._plane.history for name, each in self.aboard.items() if name != but)
        return {digest_of(history.journal.holdings, 0) for history in histories}

    async def agree(self, *, but: str = "") -> bytes:
        """Wait until all who are aboard hold the same, but for one."""
        async with asyncio.timeout(20):
            while len(self.digests(but=but)) > 1:  # noqa: ASYNC110 - nobody tells when a digest changes
                await asyncio.sleep(0.05)
        [digest] = self.digests(but=but)
        return digest

    async def texts(self, name: str) -> list[str]:
        return [message.text async for message in self.room(name).history()]
