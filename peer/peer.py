"""`Peer`: one identity on one signaling server, in many rooms. Where the parts are put together."""

from __future__ import annotations

import asyncio
import os
import random
import re
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType

from .attester import Attester
from .config import Config
from .conversation_list import Conversation
from .conversations import Conversations
from .core.claims import Standing
from .core.names import clean_name
from .core.safety import check_code, encode_code
from .core.suites import Suites
from .crossing import Crossing
from .crypto.identity import Identity
from .entering.direct_rooms import DirectRooms
from .entering.entrance import Entrance, Transport
from .errors import BadSetting, Closed, UsageError
from .events import Member
from .ids import MemberId, RoomId
from .invite import PublicInvite, looks_like_invite, parse_invite
from .log.genesis import HistoryPolicy
from .peer_events import PeerEventStream
from .ports import RoomInfo, TokenSource
from .room import Room
from .runtime import Runtime, wall_ms
from .store.protection import PassphraseSource
from .store.safe import Safe
from .surroundings import Surroundings, elapsed_s, local_addresses

__all__ = ["Peer", "Transport", "server_of"]

_INVITE_TAIL = re.compile(r"/j/?#.*|#.*", re.DOTALL)


def server_of(server_or_invite: str) -> str:
    """The signaling server's address, also out of an invite link; nothing secret is left in it."""
    return _INVITE_TAIL.sub("", server_or_invite.strip().strip("<>"))


class Peer(Conversations):
    """One identity on one server. `async with peer.Peer(...) as me:`; leaving the block leaves every room."""

    entrance_type = Entrance
    """For tests of what dishonest peers can do."""

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
        self._crossing = self._new_crossing()
        self._entrance = self._new_entrance()
        self._directs = self._crossing.directs = self._new_directs()
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
        return tuple(self._entrance.rooms)

    async def __aenter__(self) -> Peer:
        """Raises BadIdentity, WrongPassphrase, StoreBusy, StoreDamaged, StoreError: what is kept cannot be used."""
        vault = await self._safe.open()
        self._stack.callback(self._safe.close)
        self._attester = self._new_attester(vault.identity)
        self._directs.load()
        self._stack.push_async_callback(self._transport.signaling.close)
        await self._stack.enter_async_context(self._runtime)
        self._is_open = True
        self._watching = self._runtime.spawn(self._new_watch().run(), name="surroundings")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_open = False
        self._crossing.close()
        for task in (self._attesting, self._watching):
            if task is not None:
                task.cancel()
        try:
            await asyncio.gather(*(room.leave() for room in self._entrance.rooms))
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
            return await self._entrance.create_private(title, approve=approve, history=history, retention=retention)
        if approve:
            raise BadSetting("nobody is asked who may enter a public room: leave out approve=, or public=")
        if (history, retention) != ("all", 1000):
            raise BadSetting("nobody decides what a public room keeps: leave out history= and retention=, or public=")
        return await self._entrance.create_public(title)

    async def join_room(self, where: str) -> Room:
        """Enter by invite link, or a public room by its name, its id, or its broadcaster's name.

        Where members of a private room are present it waits for their word. The room's state is `LOBBY` where nobody
        is, and where an admin has to make up their mind. Raises BadInvite, JoinRefused or InviteRefused (`code` says
        why), SignalingUnreachable, TokenUnavailable, BadSetting.
        """
        self._check_open()
        if not looks_like_invite(where):
            return await self._entrance.join_public(where)
        invite = parse_invite(where)
        self._entrance.check_server(invite.server)
        if isinstance(invite, PublicInvite):
            return await self._entrance.join_public(invite.name)
        return await self._entrance.join_private(invite)

    async def direct(self, member: Member | MemberId) -> Room:
        """The room of ourselves and one other whom we met in some room: always the same one, whoever asks first.

        The other may be away: what is said waits, also for our next start, until both are in some room together.
        Raises UsageError, StoreError.
        """
        self._check_open()
        return await self._directs.open(member.id if isinstance(member, Member) else member)

    def events(self) -> PeerEventStream:
        """What happens in any room from now on: messages, invitations, direct rooms that others open."""
        self._check_open()
        return self._crossing.events()

    async def list_rooms(self) -> tuple[RoomInfo, ...]:
        """The public rooms of the server. Raises JoinRefused, SignalingUnreachable, TokenUnavailable."""
        self._check_open()
        return await self._transport.signaling.list_rooms()

    async def forget_room(self, room: Room | Conversation | RoomId) -> None:
        """Leave for good: its keys and all that was kept of it are deleted here. Raises Closed, StoreError."""
        self._check_open()
        room_id = room.room_id if isinstance(room, Room | Conversation) else room
        if (entered := self._entrance.maybe_room(room_id)) is not None:
            await entered.leave()
        if (other := self._other_in(room_id)) is not None:
            self._directs.forget(other)
        await self._safe.vault.messages.forget(room_id)
        self._safe.vault.forget_notes(room_id)
        self._safe.vault.rooms.delete(room_id)

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
        for room in self._entrance.rooms:
            room.review_people()
        self._safe.save()

    def _on_return(self) -> None:
        """The server is there: see how we stand with it, now that the room does not wait for that."""
        if self._attesting is None and self._is_open:
            self._attesting = self._runtime.spawn(self._attester.run(), name="attester")
        self._attester.wake()

    def _on_surroundings(self) -> None:
        for room in self._entrance.rooms:
            room.probe()
        self._attester.wake()

    def _new_entrance(self) -> Entrance:
        return self.entrance_type(
            self._transport,
            name=self._name,
            safe=self._safe,
            runtime=self._runtime,
            config=self._config,
            random_bytes=self._random_bytes,
            check_open=self._check_open,
            beside=self._crossing,
            on_entered=self._on_entered,
            on_return=self._on_return,
        )

    def _new_crossing(self) -> Crossing:
        return Crossing(
            server=self._transport.signaling.server,
            rooms=lambda: self._entrance.rooms,
            join=self.join_room,
            runtime=self._runtime,
            config=self._config,
        )

    def _new_directs(self) -> DirectRooms:
        return DirectRooms(
            self._entrance,
            safe=self._safe,
            runtime=self._runtime,
            config=self._config,
            random_bytes=self._random_bytes,
            tell=self._crossing.tell,
            on_opened=self._crossing.opened,
        )

    def _on_entered(self, room: Room) -> None:
        room.receive_standing(self._attester.standing)

    def _new_watch(self) -> Surroundings:
        return Surroundings(
            on_change=self._on_surroundings,
            look_every_s=self._config.look_around_s,
            clock=elapsed_s,
            addresses=local_addresses,
        )

    def _on_standing(self, standing: Standing) -> None:
        for room in self._entrance.rooms:
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
