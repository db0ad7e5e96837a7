"""One signaling server, for one user: the port `Signaling`."""

from __future__ import annotations

import asyncio
import random as chance
from collections.abc import Callable

from ..config import Config
from ..errors import BadSetting
from ..ids import Topic
from ..ports import Attestation, Prove, RoomInfo, TokenSource
from .address import normalise_server
from .calls import Calls
from .frames import Admission
from .http import Http
from .path import Pause
from .seat import SignalingSeat
from .tokens import UserToken

__all__ = ["SignalingClient"]

_MAX_ROOM_PAGES = 10
"""A list of rooms is for people to choose from: a thousand will do."""


class SignalingClient:
    """Connects on first use; `close()` it after its seats have ended."""

    def __init__(
        self,
        server: str,
        *,
        display_name: str,
        token: TokenSource,
        config: Config,
        random: Callable[[], float] = chance.random,
        pause: Pause = asyncio.sleep,
    ) -> None:
        """`token` is or supplies the user's JWT; `pause` waits, so that tests need not. Raises `BadSetting`."""
        user_token = UserToken(token, timeout_s=config.signaling_timeout_s)
        self._http = Http(normalise_server(server), timeout_s=config.signaling_timeout_s)
        self._calls = Calls(self._http, display_name=display_name, user_token=user_token)
        self._config = config
        self._random = random
        self._pause = pause

    @property
    def server(self) -> str:
        return self._http.server

    async def create_room(self, *, topic: Topic | None, custom_name: str | None, is_public: bool) -> SignalingSeat:
        """Raises `JoinRefused`, `SignalingUnreachable`, `TokenUnavailable`."""
        return self._seat(await self._calls.create_room(topic=topic, custom_name=custom_name, is_public=is_public))

    async def join_room(self, *, topic: Topic | None = None, broadcaster_name: str | None = None) -> SignalingSeat:
        """By exactly one of both. Raises `JoinRefused`, `SignalingUnreachable`, `TokenUnavailable`."""
        if (topic is None) == (broadcaster_name is None):
            raise BadSetting("a room is joined by its topic or by its broadcaster's name: give one of them")
        return self._seat(await self._calls.join_room(topic=topic, broadcaster_name=broadcaster_name))

    async def list_rooms(self) -> tuple[RoomInfo, ...]:
        """All public rooms, a thousand at most. Raises `JoinRefused`, `SignalingUnreachable`, `TokenUnavailable`."""
        rooms: list[RoomInfo] = []
        cursor: str | None = None
        for _ in range(_MAX_ROOM_PAGES):
            page = await self._calls.list_rooms(cursor=cursor)
            rooms += page.rooms
            cursor = page.cursor
            if cursor is None:
                break
        return tuple(rooms)

    async def fetch_keys(self) -> bytes:
        """What its attestations are checked with. Raises `JoinRefused`, `SignalingUnreachable`."""
        return await self._calls.fetch_keys()

    async def attest(self, prove: Prove) -> Attestation | None:
        """Have our identity key attested; None for a guest.

        Raises `JoinRefused`, `SignalingUnreachable`, `TokenUnavailable`, `BadAttestation`.
        """
        return await self._calls.attest(prove)

    async def close(self) -> None:
        """Leave no socket; may be called twice."""
        await self._http.close()

    def _seat(self, admission: Admission) -> SignalingSeat:
        return SignalingSeat(self._calls, admission, config=self._config, random=self._random, pause=self._pause)
