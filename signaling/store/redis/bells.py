"""One subscription for one server: the messages of other servers' scripts, as bells.

Redis keeps nothing for a subscriber who is away, so after each new subscription `hear` says so, by None. A connection
that is silent is asked for a sign of life, for a Redis that has vanished closes none.
"""

import logging
from typing import Any

from redis.exceptions import RedisError

from ...errors import StoreUnavailable
from ..shared import Bell
from .keys import decode_bell
from .lanes import Client

__all__ = ["Bells"]

log = logging.getLogger("signaling")

SILENCE_S = 5.0
"""After which the connection is asked for a sign of life."""

MAX_BELLS = 256
"""Taken together: who hears them then makes fewer, larger steps."""


class Bells:
    """Subscribes when it is first heard, and anew after each failure."""

    def __init__(self, client: Client, channel: str, *, timeout_s: float, silence_s: float = SILENCE_S) -> None:
        self._client = client
        self._channel = channel
        self._timeout_s = timeout_s
        self._silence_s = silence_s
        self._subscription: Any = None

    async def hear(self) -> tuple[Bell, ...] | None:
        """The bells that have rung, at least one; None after a new subscription. Raise StoreUnavailable."""
        try:
            if self._subscription is None:
                await self._subscribe()
                return None
            return await self._receive()
        except (RedisError, OSError, TimeoutError) as error:
            await self.close()
            raise StoreUnavailable from error

    async def close(self) -> None:
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            await subscription.aclose()

    async def _subscribe(self) -> None:
        self._subscription = self._client.pubsub()
        await self._subscription.subscribe(self._channel)
        await self._next(self._timeout_s)

    async def _receive(self) -> tuple[Bell, ...]:
        bells: list[Bell] = []
        message = await self._next_or_pong()
        while message is not None:
            if message["type"] == "message":
                bells += _read(message["data"])
            more = len(bells) < MAX_BELLS
            message = await self._subscription.get_message(timeout=0) if more else None
        return tuple(bells)

    async def _next_or_pong(self) -> Any:
        message = await self._subscription.get_message(timeout=self._silence_s)
        if message is None:
            await self._subscription.ping()
            message = await self._next(self._timeout_s)
        return message

    async def _next(self, timeout_s: float) -> Any:
        message = await self._subscription.get_message(timeout=timeout_s)
        if message is None:
            raise TimeoutError
        return message


def _read(data: bytes) -> tuple[Bell, ...]:
    """A newer server's bell, or another user's of that Redis, is no reason to hear no more."""
    try:
        return (decode_bell(data.decode()),)
    except (ValueError, IndexError):
        log.warning("! a message on this server's channel that is no bell")
        return ()
