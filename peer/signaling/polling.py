"""The path of last resort: long polling, for networks that let no WebSocket through.

The inbox brings what the WebSocket would have pushed; heartbeats renew the lease, and their list of peers heals what
a full inbox has lost. Once it works it stays until it fails; the WebSocket is tried again then. A call that the server
found too early has not happened and is no failure: it is made again when the server says.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import NoReturn, TypeVar

from ..errors import JoinRefused
from ..ports import Signal
from .calls import Calls
from .endings import Ended, Poll, pause_of
from .first import first_of
from .frames import Beat, Frame, Welcome
from .path import Credentials, OnFrame, Pause

__all__ = ["PollingPath"]

_PAUSE_S = 1.0
"""After an empty answer that came sooner than this: a server or proxy that does not wait is not hammered."""


T = TypeVar("T")


class PollingPath:
    """Two loops of plain calls."""

    def __init__(self, calls: Calls, credentials: Credentials, *, pause: Pause) -> None:
        self._calls = calls
        self._credentials = credentials
        self._pause = pause
        self._heartbeat_s = 0.0

    async def open(self, on_frame: OnFrame) -> None:
        """The first heartbeat stands for the welcome."""
        beat = await self._heartbeat()
        on_frame(Welcome(self._credentials.peer_id, beat.peers))
        on_frame(beat)

    async def read(self, on_frame: OnFrame) -> NoReturn:
        """Poll and beat."""
        await first_of(self._poll(on_frame), self._beat(on_frame))

    async def send(self, signal: Signal) -> None:
        """One call, again and again while it is too early."""
        await self._in_time(lambda: self._calls.pass_on(signal, token=self._credentials.token))

    async def probe(self, *, patience_s: float) -> None:
        """One heartbeat more; a refusal is an answer as well."""
        try:
            async with asyncio.timeout(patience_s):
                with contextlib.suppress(JoinRefused):
                    await self._calls.heartbeat(token=self._credentials.token)
        except TimeoutError as error:
            raise Ended(Poll("the server does not answer")) from error

    async def leave(self) -> None:
        """One call."""
        await self._calls.leave_room(token=self._credentials.token)

    async def close(self) -> None:
        """Nothing stays open between calls."""

    async def _poll(self, on_frame: OnFrame) -> NoReturn:
        clock = asyncio.get_running_loop()
        while True:
            asked_at = clock.time()
            frames = await self._in_time(self._inbox)
            for frame in frames:
                on_frame(frame)
            if not frames and clock.time() - asked_at < _PAUSE_S:
                await self._pause(_PAUSE_S)

    async def _beat(self, on_frame: OnFrame) -> NoReturn:
        while True:
            await self._pause(self._heartbeat_s)
            on_frame(await self._heartbeat())

    async def _heartbeat(self) -> Beat:
        beat = await self._in_time(lambda: self._calls.heartbeat(token=self._credentials.token))
        self._heartbeat_s = beat.heartbeat_s
        return beat

    async def _inbox(self) -> tuple[Frame, ...]:
        return await self._calls.inbox(self._credentials.topic, token=self._credentials.token)

    async def _in_time(self, call: Callable[[], Awaitable[T]]) -> T:
        while True:
            try:
                return await call()
            except JoinRefused as error:
                pause_s = pause_of(error)
                if pause_s is None:
                    raise
            await self._pause(pause_s)
