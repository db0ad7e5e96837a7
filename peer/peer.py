"""`Peer`: one identity on one signaling server, in many rooms. Where the parts are put together."""

from __future__ import annotations

import asyncio
import os
import random
import re
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from .attester import Attester
from .config import Config
from .core.channel import Credentials
from .core.claims import Standing
from .core.membership import Founding, InviteSeed, Membership
from .core.mesh import Mesh
from .core.names import clean_name
from .core.safety import check_code, encode_code
from .core.suites import Suites
from .crypto.identity import Identity
from .doors import Door, PrivateDoor, PublicDoor
from .errors import BadSetting, Closed, InviteRefused, UsageError
from .events import Member, RoomState
from .ids import MemberId, RoomId
from .invite import Invite, PublicInvite, looks_like_invite, parse_invite
from .keeper import Keeper
from .keys.room_keys import derive_public_room
from .log.genesis import HistoryPolicy, found_room
from .ports import LinkFactory, RoomInfo, Seat, Signaling, TokenSource
from .room import Room
from .runtime import Runtime, wall_ms
from .seats import PublicSeat, seat_in_private, seat_in_public
from .store.protection import PassphraseSource
from .store.safe import Safe
from .surroundings import Surroundings, elapsed_s, local_addresses

__all__ = ["Peer", "Transport", "server_of"]

_INVITE_TAIL = re.compile(r"/j/?#.*|#.*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Transport:
    """How a peer reaches others: a signaling server and a way to open links. Tests bring their own."""

    signaling: Signaling
    open_link: LinkFactory


def server_of(server_or_invite: str) -> str:
    """The signaling server's address, also out of an invite link; nothing secret is left in it."""
    return _INVITE_TAIL.sub("", server_or_invite.strip().strip("<>"))


class Peer:
    """One identity on one server. `async with peer.Peer(...) as me:`; leaving the block leaves every room."""

    def __init__(
        self,
        server: str,
        *,
        name: str,
        token: TokenSource = None,
        data_dir: str | Path | None = None,
        passphrase: PassphraseSource = None,
        keyring: bool = False,
        config: Config | None = None,
        transport: Transport | None = None,
    ) -> None:
        """`server` is its address or an invite link; `token` the user's JWT, where the server wants one.

        A `token` that may expire is better passed as a function, async or not, that supplies a fresh one at each join.
        Identity, rooms and known people are kept in `data_dir`; without one they last as long as this object. They are
        sealed, and the key lies in a file that only its owner reads, or is guarded by a `passphrase` (or a function
        that asks for it) or by the system's `keyring`. Raises BadSetting.
        """
        self._config = config or Config()
        self._name = clean_name(name, max_chars=self._config.max_name_chars)
        if not self._name:
            raise BadSetting("a peer needs a name that can be read: pass name=")
        self._random_bytes: Callable[[int], bytes] = os.urandom
        self._safe = Safe(
            data_dir,
            passphrase=passphrase,
            keyring=keyring,
            max_people=self._config.max_known_people,
            suites=Suites(minimum=self._config.min_suite, limit=self._config.max_known_suites),
            random_bytes=self._random_bytes,
        )
        self._transport = transport or _real_transport(server_of(server), self._name, token, self._config)
        self._runtime = Runtime()
        self._stack = AsyncExitStack()
        self._attester: Attester  # made when this peer is opened, for whom it is then
        self._attesting: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._rooms: list[Room] = []
        self._is_open = False

    def __repr__(self) -> str:
        return f"<Peer {self._name!r} on {self._transport.signaling.server}>"

    @property
    def name(self) -> str:
        return self._name

    @property
    def id(self) -> MemberId:
        """Our identity, as the others see it in `Member.id`. Raises Closed before the peer was first opened."""
        return self._safe.vault.identity.member_id

    @property
    def rooms(self) -> tuple[Room, ...]:
        """The rooms entered, in order, those that were left included."""
        return tuple(self._rooms)

    async def __aenter__(self) -> Peer:
        """Raises BadIdentity, WrongPassphrase, StoreBusy, StoreDamaged, StoreError: what is kept cannot be used."""
        vault = await self._safe.open()
        self._stack.callback(self._safe.close)
        self._attester = self._new_attester(vault.identity)
        self._stack.push_async_callback(self._transport.signaling.close)
        await self._stack.enter_async_context(self._runtime)
        self._is_open = True
        self._watching = self._runtime.spawn(self._new_watch().run(), name="surroundings")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_open = False
        for task in (self._attesting, self._watching):
            if task is not None:
                task.cancel()
        try:
            await asyncio.gather(*(room.leave() for room in self._rooms))
        finally:
            await self._stack.__aexit__(kind, error, trace)

    async def create_room(
        self,
        title: str,
        *,
        public: bool = False,
        approve: bool = False,
        history: HistoryPolicy = "all",
        retention: int = 1000,
    ) -> Room:
        """Open a room. Private: only those with an invite can enter or read. Public: by name, for everybody.

        `approve`: whoever comes to the private room waits until an admin calls `Room.admit`. `history`: what of it
        newcomers are told: `all`, `since_join`, or `none`, what is said while they are here. `retention`: so many
        messages its members keep. All three are for good.
        Raises JoinRefused (a public room of that name exists), SignalingUnreachable, TokenUnavailable, BadSetting.
        """
        self._check_open()
        title = clean_name(title, max_chars=self._config.max_name_chars)
        if not title:
            raise BadSetting("a room needs a title that can be read")
        if not public:
            return await self._create_private(title, approve=approve, history=history, retention=retention)
        if approve:
            raise BadSetting("nobody is asked who may enter a public room: leave out approve=, or public=")
        if (history, retention) != ("all", 1000):
            raise BadSetting("nobody decides what a public room keeps: leave out history= and retention=, or public=")
        return await self._create_public(title)

    async def join_room(self, where: str) -> Room:
        """Enter by invite link, or a public room by its name, its id, or its broadcaster's name.

        Where members of a private room are present it waits for their word. The room's state is `LOBBY` where nobody
        is, and where an admin has to make up their mind. Raises BadInvite, JoinRefused or InviteRefused (`code` says
        why), SignalingUnreachable, TokenUnavailable, BadSetting.
        """
        self._check_open()
        if not looks_like_invite(where):
            return await self._join_public(where)
        invite = parse_invite(where)
        self._check_server(invite.server)
        if isinstance(invite, PublicInvite):
            return await self._join_public(invite.name)
        return await self._join_private(invite)

    async def list_rooms(self) -> tuple[RoomInfo, ...]:
        """The public rooms of the server. Raises JoinRefused, SignalingUnreachable, TokenUnavailable."""
        self._check_open()
        return await self._transport.signaling.list_rooms()

    async def forget_room(self, room: Room) -> None:
        """Leave for good: its keys and all that was kept of it are deleted here. Raises Closed, StoreError."""
        self._check_open()
        await room.leave()
        await self._safe.vault.messages.forget(room.room_id)
        self._safe.vault.rooms.delete(room.room_id)

    async def protect(self, *, passphrase: PassphraseSource = None, keyring: bool = False) -> None:
        """Guard what is kept in another way from now on: by another passphrase, the keyring, or the file's mode alone.

        Raises Closed, BadSetting, BadIdentity, StoreError; then it is guarded as before.
        """
        self._check_open()
        await self._safe.protect(passphrase=passphrase, keyring=keyring)

    # ---- whom we know

    def verification_code(self, member: Member) -> str:
        """What this member's device is to scan: both our keys. `peer.qr_svg` and `peer.qr_terminal` draw it."""
        return encode_code(ours=self.id, theirs=member.id)

    def verify(self, member: Member, *, code: str | None = None) -> None:
        """Remember for good that this key is that person's: you compared safety numbers, or scanned their `code`.

        Every room shows it, and tells by `VerificationChanged`. Raises VerificationFailed: the code says otherwise;
        Closed, UsageError, StoreError.
        """
        self._check_open()
        if member.id == self.id:
            raise UsageError("there is no need to verify yourself: name somebody else")
        if code is not None:
            check_code(code, ours=self.id, member=member)
        self._safe.people.verify(member.id, member.name)
        self._tell_of_people()

    def unverify(self, member: Member) -> None:
        """Take it back. Raises Closed, StoreError."""
        self._check_open()
        self._safe.people.unverify(member.id)
        self._tell_of_people()

    def _tell_of_people(self) -> None:
        for room in self._rooms:
            room.review_people()
        self._safe.save()

    # ---- private rooms

    async def _create_private(self, title: str, *, approve: bool, history: HistoryPolicy, retention: int) -> Room:
        room_id, genesis = found_room(
            owner=self._safe.vault.identity.public_key,
            random_bytes=self._random_bytes,
            approve=approve,
            history=history,
            retention=retention,
        )
        door = PrivateDoor(self._transport.signaling.server, room_id, self._random_bytes(16))
        seat = await self._transport.signaling.create_room(topic=door.keys.topic, custom_name=None, is_public=False)
        room = await self._enter(seat, door, self._membership(room_id, None, Founding(genesis)), title=title)
        room.found()
        return room

    async def _join_private(self, invite: Invite) -> Room:
        door = PrivateDoor(invite.server, invite.room_id, invite.secret)
        if (entered := self._maybe_room(door.room_id)) is not None:
            return entered
        keeper = self._keeper(door)
        membership = self._membership(door.room_id, InviteSeed(invite.seed, invite.is_open), keeper.founding)
        if membership.are_we_in and keeper.open_invite and not invite.is_open:
            membership.invite = keeper.open_invite  # we can still let others in by it
        seat = await seat_in_private(self._transport.signaling, door.keys.topic, was_member=membership.are_we_in)
        room = await self._enter(seat, door, membership, title=keeper.title)
        try:
            await room.wait_entered()
        except InviteRefused:
            self._rooms.remove(room)
            await room.leave()
            raise
        except asyncio.CancelledError:
            self._runtime.spawn(room.leave(), name="leave")
            raise
        return room

    def _keeper(self, door: PrivateDoor) -> Keeper:
        return Keeper(self._safe.vault.rooms, room_id=door.room_id, secret=door.secret)

    def _check_server(self, invited_to: str) -> None:
        ours = self._transport.signaling.server
        if invited_to.rstrip("/") != ours.rstrip("/"):
            raise BadSetting(f"this invite belongs to {invited_to}, this peer to {ours}: make a Peer for that server")

    # ---- public rooms

    async def _create_public(self, name: str) -> Room:
        room_id, keys = derive_public_room(name)
        seat = await self._transport.signaling.create_room(topic=keys.topic, custom_name=name, is_public=True)
        return await self._enter_public((seat, name, room_id, keys))

    async def _join_public(self, where: str) -> Room:
        return await self._enter_public(await seat_in_public(self._transport.signaling, where))

    async def _enter_public(self, found: PublicSeat) -> Room:
        seat, name, room_id, keys = found
        if (room := self._maybe_room(room_id)) is not None:
            await seat.leave()
            return room
        door = PublicDoor(self._transport.signaling.server, name, room_id, keys)
        return await self._enter(seat, door, self._membership(room_id, is_public=True), title=name)

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

    def _maybe_room(self, room_id: RoomId) -> Room | None:
        """Where we are in it already: two of us would number what we say twice."""
        entered = (room for room in self._rooms if room.room_id == room_id and room.state is not RoomState.LEFT)
        return next(entered, None)

    async def _enter(self, seat: Seat, door: Door, membership: Membership, *, title: str) -> Room:
        messages = self._safe.vault.messages
        record = await messages.load(membership.room_id)
        self._check_open()  # the peer may have been closed while the server was asked; the seat then lapses
        mesh = Mesh(
            membership=membership,
            title=title,
            name=self._name,
            our_id=seat.peer_id,
            credentials=Credentials(self._safe.vault.identity, door.keys, self._random_bytes, self._safe.suites),
            config=self._config,
            wall_ms=wall_ms,
            people=self._safe.people,
            record=record,
        )
        keeper = self._keeper(door) if isinstance(door, PrivateDoor) else None
        room = Room(
            mesh,
            topic=door.keys.topic,
            links=door,
            seat=seat,
            open_link=self._transport.open_link,
            runtime=self._runtime,
            config=self._config,
            store=messages,
            on_return=self._on_return,
            keep=lambda: keeper.keep(membership, title=mesh.title) if keeper else None,
        )
        self._rooms.append(room)
        room.receive_standing(self._attester.standing)
        return room

    def _on_return(self) -> None:
        """The server is there: see how we stand with it, now that the room does not wait for that."""
        if self._attesting is None and self._is_open:
            self._attesting = self._runtime.spawn(self._attester.run(), name="attester")
        self._attester.wake()

    def _on_surroundings(self) -> None:
        for room in self._rooms:
            room.probe()
        self._attester.wake()

    def _new_watch(self) -> Surroundings:
        return Surroundings(
            on_change=self._on_surroundings,
            look_every_s=self._config.look_around_s,
            clock=elapsed_s,
            addresses=local_addresses,
        )

    def _on_standing(self, standing: Standing) -> None:
        for room in self._rooms:
            room.receive_standing(standing)

    def _new_attester(self, identity: Identity) -> Attester:
        return Attester(
            self._transport.signaling,
            identity,
            on_news=self._on_standing,
            wall_ms=wall_ms,
            chance=random.random,
            retry_s=self._config.attestation_retry_s,
        )

    def _check_open(self) -> None:
        if not self._is_open:
            raise Closed


def _real_transport(server: str, name: str, token: TokenSource, config: Config) -> Transport:
    """aiohttp and aiortc; imported late, since aiortc costs 0.3 s and nobody should pay for it at `--help`."""
    from functools import partial

    from .rtc.link import open_link
    from .signaling.client import SignalingClient

    signaling = SignalingClient(server, display_name=name, token=token, config=config)
    return Transport(signaling, partial(open_link, config=config))
