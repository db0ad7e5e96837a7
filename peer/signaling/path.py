"""What a seat asks of a path to the server, be it a WebSocket or long polling."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import NoReturn, Protocol

from ..ids import PeerId, Topic
from ..ports import Signal
from .frames import Frame

__all__ = ["Credentials", "OnFrame", "Path", "Pause"]

OnFrame = Callable[[Frame], None]

Pause = Callable[[float], Awaitable[None]]
"""Waits so many seconds: `asyncio.sleep`, or what a test puts in its place."""


@dataclass(slots=True, kw_only=True)
class Credentials:
    """Who we are to the server; the token changes while a path is open."""

    peer_id: PeerId
    topic: Topic
    token: str = field(repr=False)
    resume: str = field(repr=False)


class Path(Protocol):
    """Opened once, read until it ends, closed once. What goes wrong is raised: `Ended` or a `ConnectivityError`."""

    async def open(self, on_frame: OnFrame) -> None:
        """Return when the server has let us in; a `Welcome` has been passed on then."""

    async def read(self, on_frame: OnFrame) -> NoReturn:
        """Pass on every frame in order of arrival, until the path ends, which is raised."""

    async def send(self, signal: Signal) -> None:
        """Return when the next one may follow."""

    async def probe(self, *, patience_s: float) -> None:
        """Return when the server has shown that it is there; where it does not, what follows is raised."""

    async def leave(self) -> None:
        """Give the seat up; return when the server knows."""

    async def close(self) -> None:
        """Close what was opened; never raises."""
