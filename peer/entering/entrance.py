"""How a `Peer` comes into rooms: founds them, joins them, and enters again those that it has kept.

Puts together what a room is made of: its seat at the server, its keys and members, what was kept of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from ..config import Config
from ..conversation_list import other_in
from ..core.channel import Credentials
from ..core.membership import Founding, InviteSeed, Membership
from ..core.mesh import Mesh
from ..errors import BadSetting, InviteRefused
from ..events import RoomState
from ..ids import MemberId, PeerId, RoomId
from ..invite import Invite
from ..keys.room_keys import RoomKeys, derive_public_room
from ..log.genesis import HistoryPolicy, found_room
from ..log.record import LogRecord
from ..ports import LinkFactory, RoomRecord, Seat, Signaling
from ..reading import KeptRoom, Reading
from ..room import Room
from ..runtime import Runtime, wall_ms
from ..store.safe import Safe
from .doors import Door, PrivateDoor, PublicDoor
from .idle_seat import NOWHERE, IdleSeat
from .keeper import Keeper, keep_public
from .seats import PublicSeat, seat_in_private, seat_in_public, seat_in_public_again
from .site import Beside, Site

__all__ = ["Entrance", "Transport"]


@dataclass(frozen=True, slots=True)
class Transport:
    """How a peer reaches others: a signaling server and a way to open links. Tests bring their own."""

    signaling: Signaling
    open_link: LinkFactory


class Entrance:
    """Of one `Peer`, to be used while it is open."""

    def __init__(  # noqa: PLR0913 - all that rooms are put together from, by name
        self,
        transport: Transport,
        *,
        name: str,
        safe: Safe,
        runtime: Runtime,
        config: Config,
        random_bytes: Callable[[int], bytes],
        check_open: Callable[[], None],
        beside: Beside[Room],
        on_entered: Callable[[Room], None],
        on_return: Callable[[], None],
    ) -> None:
        """`on_entered` is called with each new room, `on_return` when the server is there; `check_open` may raise."""
        self.rooms: list[Room] = []
        """In the order in which they were entered, those that were left included."""
        self._signaling = transport.signaling
        self._open_link = transport.open_link
        self._name = name
        self._safe = safe
        self._runtime = runtime
        self._config = config
        self._random_bytes = random_bytes
        self._check_open = check_open
        self._beside = beside
        self._on_entered = on_entered
        self._on_return = on_return

    # ---- private rooms

    async def create_private(self, title: str, *, approve: bool, history: HistoryPolicy, retention: int) -> Room:
        room_id, genesis = found_room(
            owner=self._safe.vault.identity.public_key,
            random_bytes=self._random_bytes,
            approve=approve,
            history=history,
            retention=retention,
        )
        door = PrivateDoor(self._signaling.server, room_id, self._random_bytes(16))
        seat = await self._signaling.create_room(topic=door.keys.topic, custom_name=None, is_public=False)
        room = await self._enter(seat, door, self._membership(room_id, None, Founding(genesis)), title=title)
        room.found()
        return room

    async def join_private(self, invite: Invite) -> Room:
        door = PrivateDoor(invite.server, invite.room_id, invite.secret)
        if (entered := self.maybe_room(door.room_id)) is not None:
            return entered
        keeper = self._keeper(door)
        if self._is_direct(door.room_id):
            raise BadSetting("nobody comes into a direct room by a link: Peer.direct enters it")
        membership = self._membership(door.room_id, InviteSeed(invite.seed, invite.is_open), keeper.founding)
        if membership.are_we_in and keeper.open_invite and not invite.is_open:
            membership.invite = keeper.open_invite  # we can still let others in by it
        return await self._come_in(door, membership, title=keeper.title)

    async def _come_in(self, door: PrivateDoor, membership: Membership, *, title: str) -> Room:
        """Wait for the word of whoever is there."""
        seat = await seat_in_private(self._signaling, door.keys.topic, was_member=membership.are_we_in)
        room = await self._enter(seat, door, membership, title=title)
        try:
            await room.wait_entered()
        except InviteRefused:
            self.rooms.remove(room)
            await room.leave()
            raise
        except asyncio.CancelledError:
            self._runtime.spawn(room.leave(), name="leave")
            raise
        return room

    def _keeper(self, door: PrivateDoor) -> Keeper:
        return Keeper(self._safe.vault.rooms, room_id=door.room_id, secret=door.secret)

    def check_server(self, invited_to: str) -> None:
        ours = self._signaling.server
        if invited_to.rstrip("/") != ours.rstrip("/"):
            raise BadSetting(f"this invite belongs to {invited_to}, this peer to {ours}: make a Peer for that server")

    # ---- public rooms

    async def create_public(self, name: str) -> Room:
        room_id, keys = derive_public_room(name)
        seat = await self._signaling.create_room(topic=keys.topic, custom_name=name, is_public=True)
        return await self._enter_public((seat, name, room_id, keys))

    async def join_public(self, where: str) -> Room:
        return await self._enter_public(await seat_in_public(self._signaling, where))

    async def _enter_public(self, found: PublicSeat) -> Room:
        seat, name, room_id, keys = found
        door = PublicDoor(self._signaling.server, name, room_id, keys)
        room = await self._enter(seat, door, self._membership(room_id, is_public=True), title=name)
        keep_public(self._safe.vault.rooms, room_id, name)
        return room

    # ---- rooms that are kept

    async def enter(self, room_id: RoomId) -> Room:
        """Without its link, and though everybody may have left it meanwhile."""
        if (entered := self.maybe_room(room_id)) is not None:
            return entered
        kept = self._kept(room_id)
        if kept.public_name:
            return await self._enter_public(await seat_in_public_again(self._signaling, kept.public_name))
        return await self._come_in(*self._private(room_id, kept), title=kept.title)

    async def look_into(self, room_id: RoomId) -> Reading:
        """The room itself where we are in it, else what was kept of it."""
        if (entered := self.maybe_room(room_id)) is not None:
            return entered
        kept = self._kept(room_id)
        if kept.public_name:
            mesh = await self._load(derive_public_room(kept.public_name)[1], self._membership(room_id, is_public=True))
        else:
            door, membership = self._private(room_id, kept)
            mesh = await self._load(door.keys, membership, title=kept.title)
        return KeptRoom(mesh, store=self._safe.vault.messages, config=self._config)

    # ---- direct rooms

    async def open_direct(self, other: MemberId, secret: bytes) -> Room:
        """The room of ourselves and somebody else, at no server yet."""
        membership = self._pair_with(other)
        door = PrivateDoor(self._signaling.server, membership.room_id, secret)
        return await self._enter(IdleSeat(door.keys.topic), door, membership, title="")

    async def seat_direct(self, room: Room, secret: bytes) -> None:
        """Be where this secret leads to, if we are elsewhere. Raises JoinRefused, SignalingUnreachable, ..."""
        door = PrivateDoor(self._signaling.server, room.room_id, secret)
        if room.other is None or room.has_seat_at(door.keys.topic):
            return
        membership = self._pair_with(room.other)
        seat = await seat_in_private(self._signaling, door.keys.topic, was_member=True)

        def make(record: LogRecord) -> Site:
            mesh = self._mesh(door.keys, membership, record, title="", our_id=seat.peer_id)
            return self._site(mesh, door, seat)

        if await room.move(make):
            self._on_entered(room)
        else:
            await seat.leave()

    def _is_direct(self, room_id: RoomId) -> bool:
        kept, me = self._safe.vault.rooms.load(room_id), self._safe.vault.identity.member_id
        return kept is not None and bool(kept.genesis) and other_in(kept.genesis, me) is not None

    def _pair_with(self, other: MemberId) -> Membership:
        return Membership.of_pair(other, identity=self._safe.vault.identity, random_bytes=self._random_bytes)

    # ---- what is kept

    def _kept(self, room_id: RoomId) -> RoomRecord:
        if (kept := self._safe.vault.rooms.load(room_id)) is None:
            raise BadSetting("no such room is kept here: enter it by its link or its name")
        return kept

    def _private(self, room_id: RoomId, kept: RoomRecord) -> tuple[PrivateDoor, Membership]:
        door = PrivateDoor(self._signaling.server, room_id, kept.secret)
        invite = InviteSeed(kept.seed, kept.is_open) if kept.seed else None
        return door, self._membership(room_id, invite, self._keeper(door).founding)

    # ---- both

    def _membership(
        self,
        room_id: RoomId,
        invite: InviteSeed | None = None,
        founding: Founding | None = None,
        *,
        is_public: bool = False,
    ) -> Membership:
        return Membership(
            room_id,
            is_public=is_public,
            identity=self._safe.vault.identity,
            random_bytes=self._random_bytes,
            invite=invite,
            founding=founding,
            max_events=self._config.max_control_events,
        )

    def maybe_room(self, room_id: RoomId) -> Room | None:
        """Where we are in it already: two of us would number what we say twice."""
        entered = (room for room in self.rooms if room.room_id == room_id and room.state is not RoomState.LEFT)
        return next(entered, None)

    async def _enter(self, seat: Seat, door: Door, membership: Membership, *, title: str) -> Room:
        mesh = await self._load(door.keys, membership, title=title, our_id=seat.peer_id)
        self._check_open()  # the peer may have been closed while the server was asked; the seat then lapses
        if (entered := self.maybe_room(membership.room_id)) is not None:
            await seat.leave()
            return entered
        room = Room(
            self._site(mesh, door, seat),
            open_link=self._open_link,
            runtime=self._runtime,
            config=self._config,
            store=self._safe.vault.messages,
            beside=self._beside,
            on_return=self._on_return,
        )
        room.notes = self._safe.vault.notes(room.room_id)
        self.rooms.append(room)
        self._on_entered(room)
        return room

    def _site(self, mesh: Mesh, door: Door, seat: Seat) -> Site:
        keeper = self._keeper(door) if isinstance(door, PrivateDoor) else None

        def keep() -> None:
            if keeper is not None:
                keeper.keep(mesh.membership, title=mesh.title)

        return Site(mesh, door.keys.topic, door, seat, keep)

    async def _load(self, keys: RoomKeys, membership: Membership, *, title: str = "", our_id: PeerId = NOWHERE) -> Mesh:
        """What was kept of a room, ready to go on."""
        record = await self._safe.vault.messages.load(membership.room_id)
        return self._mesh(keys, membership, record, title=title, our_id=our_id)

    def _mesh(self, keys: RoomKeys, membership: Membership, record: LogRecord, *, title: str, our_id: PeerId) -> Mesh:
        return Mesh(
            membership=membership,
            title=title,
            name=self._name,
            our_id=our_id,
            credentials=Credentials(
                self._safe.vault.identity,
                keys,
                self._random_bytes,
                self._safe.suites,
                self._runtime.signatures.verify_all,
            ),
            config=self._config,
            wall_ms=wall_ms,
            people=self._safe.people,
            record=record,
        )
