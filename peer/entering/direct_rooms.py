"""The direct rooms of one `Peer`, lived: what `core.directs` decides is kept, told and entered here.

A direct room is there as soon as one of both wants it, without a seat at the server at first; it takes one, or moves to
another one, when both know by which secret they meet. A server that is away is tried again for as long as we are in.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from ..config import Config
from ..conversation_list import other_in
from ..core.directs import Direct, Directs, Enter, Keep, Tell
from ..crypto.identity import check_identity_key, public_key_of
from ..errors import BadIdentity, ConnectivityError, StoreError, UsageError
from ..events import RoomState
from ..ids import MemberId, RoomId
from ..log.genesis import found_direct
from ..ports import RoomRecord
from ..room import Room
from ..runtime import Runtime
from ..store.safe import Safe
from ..wire.aside_frames import AsideFrame, DirectGate
from .entrance import Entrance

__all__ = ["DirectRooms"]

_log = logging.getLogger("peer")


class DirectRooms:
    """To be used while the peer is open."""

    def __init__(
        self,
        entrance: Entrance,
        *,
        safe: Safe,
        runtime: Runtime,
        config: Config,
        random_bytes: Callable[[int], bytes],
        tell: Callable[[MemberId, AsideFrame], bool],
        on_opened: Callable[[Room, MemberId], None],
    ) -> None:
        """`tell` says something to a member wherever it is linked; `on_opened`: somebody opened a room with us."""
        self._entrance = entrance
        self._safe = safe
        self._runtime = runtime
        self._config = config
        self._tell = tell
        self._on_opened = on_opened
        self._directs = Directs(config, random_bytes=random_bytes, now=0.0)
        self._locks: dict[MemberId, asyncio.Lock] = {}
        self._works: set[asyncio.Task[None]] = set()
        self._seating: set[Room] = set()
        """Those whose seat somebody is at."""
        self._looked: set[MemberId] = set()
        """Those whose kept room was searched for what they never got."""

    def load(self) -> None:
        """What was kept. Raises StoreError."""
        rooms = self._safe.vault.rooms
        for line in rooms.rooms():
            other = other_in(line.genesis, self._me) if line.genesis else None
            record = rooms.load(line.room_id) if other is not None else None
            if other is not None and record is not None:
                self._directs.restore([(other, Direct(record.secret, record.is_agreed, record.is_unanswered))])

    def close(self) -> None:
        """Nothing is tried any more."""
        for work in self._works:
            work.cancel()

    # ---- what we want

    async def open(self, member: MemberId) -> Room:
        """The direct room with somebody, be it here or away. Raises UsageError, StoreError."""
        self._check(member)
        self._directs.start(member)
        orders = self._directs.orders()
        self._keep(member)
        async with self._lock(member):
            room = await self._room(member)
        self._carry_out(orders)
        return room

    def answer(self, room: Room) -> None:
        """We said something there."""
        other = room.other
        if other is not None:
            self._directs.answer(other)
            self._flush()

    def forget(self, member: MemberId) -> None:
        """What was kept of it is deleted."""
        self._directs.forget(member)

    def _check(self, member: MemberId) -> None:
        if member == self._me:
            raise UsageError("a direct room is one with somebody else: name another member")
        try:
            check_identity_key(public_key_of(member))
        except (BadIdentity, ValueError) as error:
            raise UsageError("this is no member's id: take it from `Member.id`") from error

    # ---- what comes

    def meet(self, member: MemberId) -> None:
        """A link to somebody was made in some room."""
        is_open, direct = self._maybe_room(member) is not None, self._directs.get(member)
        self._directs.meet(member, is_open=is_open)
        self._flush()
        if direct is not None and direct.is_agreed and not is_open and member not in self._looked:
            self._looked.add(member)
            self._spawn(self._look(member))

    async def _look(self, member: MemberId) -> None:
        """In an earlier run we may have said something that it never got."""
        try:
            room = await self._entrance.look_into(self._founding(member)[0])
        except (UsageError, StoreError) as error:
            _log.error("! a direct room cannot be read: %s", error)
            return
        if room.owes(member):
            self._directs.start(member)
            self._flush()

    def hear(self, member: MemberId, frame: DirectGate, *, is_public: bool) -> None:
        """Somebody says what opens our room."""
        now, is_open = asyncio.get_running_loop().time(), self._maybe_room(member) is not None
        self._directs.hear(member, frame, is_open=is_open, is_public=is_public, now=now)
        self._flush()

    # ---- what follows

    def _flush(self) -> None:
        try:
            self._carry_out(self._directs.orders())
        except StoreError as error:
            _log.error("! a direct room cannot be kept: %s", error)

    def _carry_out(self, orders: list[Tell | Keep | Enter]) -> None:
        """What is told was kept before."""
        for order in orders:
            if isinstance(order, Keep):
                self._keep(order.member)
            elif isinstance(order, Tell):
                self._tell(order.member, order.frame)
            else:
                self._spawn(self._enter(order.member, is_theirs=order.is_theirs))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._runtime.spawn(work, name="direct room")
        self._works.add(task)
        task.add_done_callback(self._works.discard)

    def _keep(self, member: MemberId) -> None:
        direct = self._directs.get(member)
        if direct is None:
            return
        room_id, genesis = self._founding(member)
        rooms = self._safe.vault.rooms
        record = rooms.load(room_id) or RoomRecord(secret=direct.secret, genesis=genesis)
        rooms.save(
            room_id,
            replace(record, secret=direct.secret, is_agreed=direct.is_agreed, is_unanswered=direct.is_unanswered),
        )

    async def _enter(self, member: MemberId, *, is_theirs: bool) -> None:
        """Be in the room, and where the other is, once that is agreed."""
        try:
            async with self._lock(member):
                direct = self._directs.get(member)
                if direct is None:
                    return
                room = await self._room(member)
            if is_theirs:
                self._on_opened(room, member)
            await self._take_seat(room, direct)
        except (UsageError, StoreError) as error:
            _log.error("! a direct room cannot be entered: %s", error)

    async def _take_seat(self, room: Room, direct: Direct) -> None:
        """Not under the lock: it may take as long as the server is away, and the room can be used meanwhile."""
        if room in self._seating:
            return  # whoever is at it goes by the latest secret
        self._seating.add(room)
        try:
            await self._try_seats(room, direct)
        finally:
            self._seating.discard(room)

    async def _try_seats(self, room: Room, direct: Direct) -> None:
        pause_s = self._config.signaling_backoff_base_s
        while direct.is_agreed and room.state is not RoomState.LEFT:
            secret = direct.secret
            try:
                await self._entrance.seat_direct(room, secret)
            except ConnectivityError as error:
                _log.info("! a direct room has no seat yet: %s", error)
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, self._config.signaling_backoff_max_s)
            else:
                if secret == direct.secret:
                    return

    async def _room(self, member: MemberId) -> Room:
        entered = self._maybe_room(member)
        direct = self._directs.get(member)
        assert direct is not None, "a direct room of which nothing is known"
        self._looked.discard(member)
        return entered if entered is not None else await self._entrance.open_direct(member, direct.secret)

    def _maybe_room(self, member: MemberId) -> Room | None:
        return self._entrance.maybe_room(self._founding(member)[0])

    def _founding(self, member: MemberId) -> tuple[RoomId, bytes]:
        return found_direct(public_key_of(self._me), public_key_of(member))

    def _lock(self, member: MemberId) -> asyncio.Lock:
        """Of two who enter at once the second finds what the first made."""
        return self._locks.setdefault(member, asyncio.Lock())

    @property
    def _me(self) -> MemberId:
        return self._safe.vault.identity.member_id
