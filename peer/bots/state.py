"""What a bot keeps of each room from one start to the next: a small typed value, sealed with all else in `data_dir`.

A value is changed inside `async with`, one handler after the other, and written when the block ends well; a block that
raises changes nothing. Without a `data_dir` it lasts as long as the peer.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

import msgspec

from ..errors import BadSetting
from ..message import Message
from ..room import Room

__all__ = ["State"]

T = TypeVar("T")


@dataclass(slots=True)
class _Kept:
    """Of one room, once it was read."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    encoded: bytes | None = None


class State(Generic[T]):
    """One value for each room. Made by `Bot.state`."""

    def __init__(self, kind: type[T], *, name: str, max_bytes: int) -> None:
        """Raises BadSetting for a class that has no defaults, or holds what cannot be written down."""
        self._kind = kind
        self._name = name
        self._max_bytes = max_bytes
        self._rooms: WeakKeyDictionary[Room, _Kept] = WeakKeyDictionary()
        self._check()

    @asynccontextmanager
    async def of(self, where: Room | Message) -> AsyncIterator[T]:
        """The value of a room, to be changed; kept at the end of the block, which others wait for.

        Raises BadSetting for one that grew over `Config.max_state_bytes`, StoreError.
        """
        room = _room_of(where)
        kept = self._rooms.setdefault(room, _Kept())
        async with kept.lock:
            value = await self._load(room, kept)
            yield value
            await self._save(room, kept, value)

    async def read(self, where: Room | Message) -> T:
        """A copy of the value; changing it changes nothing. Raises StoreError."""
        room = _room_of(where)
        kept = self._rooms.setdefault(room, _Kept())
        async with kept.lock:
            return await self._load(room, kept)

    async def _load(self, room: Room, kept: _Kept) -> T:
        if kept.encoded is None:
            kept.encoded = await asyncio.to_thread(room.notes.load, self._name)
        return self._decode(kept.encoded) if kept.encoded else self._kind()

    async def _save(self, room: Room, kept: _Kept, value: T) -> None:
        encoded = self._encode(value)
        if encoded != kept.encoded:
            kept.encoded = None  # if this is cut off, what is on the disk is looked up
            await asyncio.to_thread(room.notes.save, self._name, encoded)
            kept.encoded = encoded

    def _encode(self, value: T) -> bytes:
        try:
            encoded = msgspec.msgpack.encode(value)
        except (TypeError, ValueError, OverflowError) as error:
            raise BadSetting(f"state {self._name} holds what cannot be kept ({error}): use plain values") from error
        if len(encoded) > self._max_bytes:
            raise BadSetting(
                f"state {self._name} takes {len(encoded)} bytes, {self._max_bytes} are kept (Config.max_state_bytes): "
                "let go of what is old"
            )
        return encoded

    def _decode(self, encoded: bytes) -> T:
        try:
            return msgspec.msgpack.decode(encoded, type=self._kind)
        except msgspec.MsgspecError as error:
            raise BadSetting(
                f"what is kept as {self._name} does not fit {self._kind.__name__} any more ({error}): "
                "give new fields a default, or the state another name"
            ) from error

    def _check(self) -> None:
        try:
            self._decode(self._encode(self._kind()))
        except (TypeError, BadSetting) as error:
            raise BadSetting(
                f"state {self._kind.__name__} must be a dataclass, a TypedDict(total=False) or a msgspec.Struct whose "
                f"fields all have defaults and plain types ({error})"
            ) from error


def _room_of(where: Room | Message) -> Room:
    if isinstance(where, Room):
        return where
    if not isinstance(where.actions, Room):
        raise BadSetting("a message that was made by hand belongs to no room: pass the room")
    return where.actions
