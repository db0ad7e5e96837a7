"""An engine whose truth is the tables of this process; memory and diskcache differ in `_run` alone."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import TypeVar

from ..ids import PeerId, PeerKey, RoomId
from ..wire import Kind
from .port import (
    Attached,
    CreateRefusal,
    Cursor,
    Departure,
    Entered,
    JoinRefusal,
    Mail,
    Page,
    PeerRecord,
    PostRefusal,
    RoomRecord,
    Store,
)
from .tables import Tables

__all__ = ["LocalStore"]

R = TypeVar("R")


class LocalStore(Store):
    """Each operation of the port as one uninterrupted step on the tables."""

    @abstractmethod
    async def _run(self, step: Callable[[Tables, float], R]) -> R:
        """Do one step with the tables and the time; keep what it changed before answering."""

    async def create(self, room: RoomRecord, peer: PeerRecord) -> Entered | CreateRefusal:
        return await self._run(lambda tables, now: tables.create(room, peer, now=now))

    async def join(self, room_id: RoomId, peer: PeerRecord) -> Entered | JoinRefusal:
        return await self._run(lambda tables, now: tables.join(room_id, peer, now=now))

    async def renew(self, keys: Sequence[PeerKey]) -> tuple[PeerKey, ...]:
        return await self._run(lambda tables, now: tables.renew(keys, now=now))

    async def others(self, key: PeerKey) -> tuple[PeerRecord, ...] | None:
        return await self._run(lambda tables, now: tables.others(key, now=now))

    async def attach(self, key: PeerKey) -> Attached | None:
        return await self._run(lambda tables, now: tables.attach(key, now=now))

    async def shorten(self, key: PeerKey, serial: int | None = None) -> None:  # noqa: ARG002 - one server, one attach
        return await self._run(lambda tables, now: tables.shorten(key, now=now))

    async def leave(self, key: PeerKey) -> tuple[PeerId, ...] | None:
        return await self._run(lambda tables, now: tables.leave(key, now=now))

    async def find_public(self, broadcaster_name: str) -> RoomId | None:
        return await self._run(lambda tables, _now: tables.find_public(broadcaster_name))

    async def page(self, after: Cursor | None, limit: int) -> Page:
        return await self._run(lambda tables, _now: tables.page(after, limit))

    async def count_rooms(self) -> int:
        return await self._run(lambda tables, _now: tables.count_rooms())

    async def post(self, sender: PeerKey, to: PeerId, mail: Mail) -> PostRefusal | None:
        return await self._run(lambda tables, now: tables.post(sender, to, mail, now=now))

    async def tell(self, room_id: RoomId, recipients: Sequence[PeerId], frame: bytes) -> int:
        return await self._run(lambda tables, now: tables.tell(room_id, recipients, frame, now=now))

    async def take(self, key: PeerKey, kind: Kind | None = None) -> tuple[bytes, ...] | None:
        return await self._run(lambda tables, now: tables.take(key, kind, now=now))

    async def expire(self) -> tuple[Departure, ...]:
        return await self._run(lambda tables, now: tables.expire(now=now))
