"""The peer behind the screen: opened once it is known who we are and where, closed when all is over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from types import TracebackType

from ..peer import Peer

__all__ = ["OpenPeer", "Session"]

OpenPeer = Callable[[str, str], Peer]
"""Makes a peer, not opened yet, for a server ("": the usual one) and a name."""


class Session:
    """At most one open peer. `async with Session(...)`: leaving the block leaves all its rooms."""

    def __init__(self, open_peer: OpenPeer) -> None:
        self._open_peer = open_peer
        self._stack = AsyncExitStack()
        self._opened_for: tuple[str, str] | None = None
        self._me: Peer | None = None
        self._turn = asyncio.Lock()

    async def __aenter__(self) -> Session:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.__aexit__(kind, error, trace)

    async def peer(self, server: str, name: str) -> Peer:
        """The peer for these two; another one that was open is closed first. Raises PeerError."""
        async with self._turn:
            if self._me is not None and self._opened_for == (server, name):
                return self._me
            self._me = None
            await self._stack.aclose()
            self._me = await self._stack.enter_async_context(self._open_peer(server, name))
            self._opened_for = (server, name)
            return self._me
