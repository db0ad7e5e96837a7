"""What the server does, whichever way it is asked: store, switchboard and tokens put together.

Handlers turn HTTP and WebSocket frames into these calls. An envelope for a peer that is connected here goes straight
to its socket; all others go through the mailbox in the store. Nothing here starts a task.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import msgspec
from aiohttp import web

from . import rooms, wire
from .bounds.gate import Gate
from .bounds.limits import Limiter
from .bounds.seats import Origins
from .config import Config
from .connection import CloseCode, Connection
from .errors import BodyTooLarge, GoingAway, GuestRefused, InvalidBody, NoSuchRoom, PeerGone, Unauthenticated
from .identity.attestation import Attestor
from .identity.auth import Membership, RoomTokens, UserTokens, bearer
from .ids import PeerId, PeerKey, RandomBytes, RoomId, User, is_peer_id, short
from .readiness import Readiness
from .returns import Returns, plan_returns
from .rooms import Newcomer
from .rounds import Rounds
from .store.port import Attached, Departure, Entered, Mail, Refusal, Store
from .switchboard import Bell, Ring, Switchboard
from .tally import Tally
from .trunk import Trunk
from .turn import ice_servers
from .wire import Kind

__all__ = ["SERVICE", "Service"]

log = logging.getLogger("signaling")


@dataclass(slots=True, kw_only=True)
class Service:
    """One running server."""

    config: Config
    store: Store
    tokens: RoomTokens
    attestor: Attestor
    origins: Origins
    users: UserTokens | None
    switchboard: Switchboard
    clock: Callable[[], float]
    random_bytes: RandomBytes
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    """Waits so many seconds."""
    tally: Tally = field(default_factory=Tally)
    limiter: Limiter | None = None
    """Shared with the other servers on the same store, where there may be some."""
    gate: Gate = field(init=False)
    is_warned: bool = False
    """The operator has been told of a proxy that is not trusted."""
    trunk: Trunk | None = None
    """To the other servers on the same store, where there may be some."""
    is_draining: bool = False
    """A load balancer is to send nobody here any more; who comes is served."""
    is_going_away: bool = False
    """Nobody is served any more."""
    returns: Returns = field(default_factory=Returns)
    readiness: Readiness = field(init=False)
    rounds: Rounds[Connection] = field(init=False)

    def __post_init__(self) -> None:
        self.gate = Gate(self.config, clock=self.clock, limiter=self.limiter)
        pause_s = min(self.config.ping_s, self.config.peer_ttl_s / 3)
        self.rounds = Rounds(self.switchboard.connections, pause_s=pause_s)
        self.readiness = Readiness(self.store.ping, timeout_s=self.config.ready_timeout_s)

    # Who asks

    async def identify(self, header: str | None) -> User:
        """The user behind create-room and join-room."""
        token = bearer(header)
        if token is None and self.config.guests:
            return rooms.guest(self.random_bytes)
        if token is None or self.users is None:
            raise Unauthenticated
        return await self.users.read(token)

    async def identify_user(self, header: str | None) -> User:
        """The same for calls that are no guest's."""
        user = await self.identify(header)
        if user.is_guest:
            raise GuestRefused
        return user

    # Coming and going

    async def create(self, user: User, request: wire.CreateRoom, address: str) -> wire.Joined:
        """Make a room and enter it, from the key of an address."""
        newcomer = rooms.plan_peer(user, request, random_bytes=self.random_bytes)
        room = rooms.plan_room(request, newcomer.peer, now=self.clock(), random_bytes=self.random_bytes)
        outcome = await self.store.create(room, self.origins.place(newcomer.peer, room.room_id, address))
        self.tally.rooms_created += isinstance(outcome, Entered) and outcome.is_new
        return await self._entered(outcome, newcomer)

    async def join(self, user: User, request: wire.JoinRoom, address: str) -> wire.Joined:
        """Enter a room, from the key of an address."""
        newcomer = rooms.plan_peer(user, request, random_bytes=self.random_bytes)
        room_id = await self._find(request)
        peer = self.origins.place(newcomer.peer, room_id, address)
        if self.trunk is None:
            return await self._entered(await self.store.join(room_id, peer), newcomer)
        notice = wire.encode_peer_joined(rooms.view_peer(peer))
        return await self._entered(await self.trunk.join(room_id, peer, notice), newcomer)

    async def _find(self, request: wire.JoinRoom) -> RoomId:
        wanted = rooms.room_to_join(request)
        found = RoomId(wanted) if request.room_id else await self.store.find_public(wanted)
        if found is None:
            raise NoSuchRoom
        return found

    async def _entered(self, outcome: Entered | Refusal, newcomer: Newcomer) -> wire.Joined:
        if isinstance(outcome, Refusal):
            rooms.refuse(outcome, self.config.limits)
        peer, room_id = outcome.peer, outcome.room.record.room_id
        self.tally.peers_joined += outcome.is_new
        self.tally.peers_resumed += not outcome.is_new
        if outcome.is_new:
            log.info("= peer %s joined room %s", short(peer.peer_id), short(room_id))
        if outcome.is_new and self.trunk is None:
            notice = wire.encode_peer_joined(rooms.view_peer(peer))
            await self.announce(room_id, [each.peer_id for each in outcome.others], notice)
        return wire.Joined(
            room=rooms.view_room(outcome.room),
            peer_id=peer.peer_id,
            token=self.tokens.mint(room_id, peer, until=newcomer.until),
            resume=newcomer.resume,
            peers=rooms.view_peers(outcome.others),
            ice_servers=self._ice_servers(peer.user_id, until=newcomer.until),
            heartbeat_s=self.config.heartbeat_s,
        )

    def _ice_servers(self, user_id: str, *, until: float | None) -> tuple[wire.IceServer, ...]:
        config = self.config
        return ice_servers(
            stun_urls=config.stun_urls,
            turn_urls=config.turn_urls,
            turn_secret=config.turn_secret,
            user_id=user_id,
            expires_at=self.tokens.expiry(until),
        )

    async def leave(self, key: PeerKey) -> None:
        """A peer says good-bye."""
        remaining = await self.store.leave(key)
        if remaining is None:
            raise PeerGone
        self.tally.peers_left["left"] += 1
        log.info("= peer %s left room %s", short(key.peer_id), short(key.room_id))
        self.switchboard.end(key, CloseCode.LEFT)
        await self.announce(key.room_id, remaining, wire.encode_peer_left(key.peer_id, "left"))

    async def heartbeat(self, membership: Membership) -> wire.Heard:
        """Renew the lease, and the token when half of it is spent."""
        others = await self.store.others(membership.key)
        if others is None:
            raise PeerGone
        token, servers = self._renew(membership) if membership.is_due(self.clock()) else (None, None)
        peers = rooms.view_peers(others)
        return wire.Heard(heartbeat_s=self.config.heartbeat_s, peers=peers, token=token, ice_servers=servers)

    def _renew(self, membership: Membership) -> tuple[str, tuple[wire.IceServer, ...] | None]:
        """A fresh token, and with TURN fresh credentials: those of the join end with the token of the join."""
        token = self.tokens.renew(membership)
        if not self.config.turn_urls:
            return token, None
        return token, self._ice_servers(membership.user_id, until=membership.until)

    # Envelopes and notices

    async def post(self, sender: PeerKey, to: str, kind: Kind, body: msgspec.Raw) -> None:
        """Pass an envelope on."""
        if len(memoryview(body)) > self.config.max_body_bytes:
            raise BodyTooLarge(self.config.max_body_bytes)
        frame = wire.encode_envelope(kind, sender.peer_id, body)
        key = PeerKey(sender.room_id, PeerId(to))
        connection = self.switchboard.connections.get(key)
        if connection and (self.trunk is None or self.trunk.is_settled(sender)):
            if not connection.has_room(len(frame)):
                await connection.make_room(sender.peer_id, len(frame))
            if not connection.is_ending:
                connection.send(frame)
                self.tally.pushed[kind] += 1
                return
        if not is_peer_id(to):
            raise InvalidBody("nobody can have such an id - at `$.to`")
        refusal = await self.store.post(sender, key.peer_id, Mail(kind, frame))
        if refusal is not None:
            rooms.refuse(refusal, self.config.limits)
        self.tally.mailed[kind] += 1
        await self._ring(key)

    async def announce(self, room_id: RoomId, recipients: Sequence[PeerId], frame: bytes) -> None:
        """Tell peers of a room: by socket, else as a notice in the mailbox.

        On a shared store by mailbox alone, for notices about one peer may come from several servers, and have an order.
        """
        away: list[PeerId] = []
        for peer_id in recipients:
            connection = self.switchboard.connections.get(PeerKey(room_id, peer_id))
            if connection and self.trunk is None:
                connection.send(frame)
            else:
                away.append(peer_id)
        if away:
            self.tally.bounds["mailbox_entries"] += await self.store.tell(room_id, away, frame)
            for peer_id in away:
                await self._ring(PeerKey(room_id, peer_id))

    async def _ring(self, key: PeerKey) -> None:
        """Mail has come; if a socket was opened meanwhile, it is the one to get it."""
        self.switchboard.ring(key)
        if self.trunk is not None:
            self.trunk.ring(key)
        elif connection := self.switchboard.connections.get(key):
            await self._fetch(key, connection)

    async def _fetch(self, key: PeerKey, connection: Connection) -> None:
        frames: tuple[bytes, ...] = ()
        connection.begin_fetch()
        try:
            frames = await self.store.take(key) or ()
        finally:
            connection.end_fetch(frames)

    async def poll(
        self, key: PeerKey, kind: Kind | None, *, wait_s: float, still_here: Callable[[], bool]
    ) -> tuple[bytes, ...]:
        """What waits for a peer; if nothing does, what comes within `wait_s`."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait_s
        while still_here():  # an envelope is handed out once: not to somebody who has hung up
            with self.switchboard.listen(key) as bell:
                frames = await self.store.take(key, kind)
                if frames is None:
                    raise PeerGone
                if frames or not await self._wait(bell, deadline - loop.time()):
                    return frames
        return ()

    async def _wait(self, bell: Bell, timeout_s: float) -> bool:
        """Whether it is worth reading again."""
        if self.is_going_away:
            raise self.going_away()
        await asyncio.wait([bell], timeout=max(timeout_s, 0))
        why = bell.result() if bell.done() else None
        if why is Ring.GOING_AWAY:
            raise self.going_away()
        self.tally.bounds["waiting_polls"] += why is Ring.DISPLACED
        return why is Ring.MAIL

    async def post_once(self, sender: PeerKey, to: str, kind: Kind, body: msgspec.Raw) -> None:
        """The same from a peer that calls: a sign of life too, which a mailbox takes for one by itself."""
        self._check_pace(sender)
        if self.trunk is None or self.trunk.is_settled(sender):
            await self.renew(sender)
        await self.post(sender, to, kind, body)

    def _check_pace(self, sender: PeerKey) -> None:
        """One pace for a peer, whichever way it sends."""
        connection = self.switchboard.connections.get(sender)
        if connection is None:
            self.gate.check_envelope(sender)
        elif wait_s := connection.pace.take(self.clock()):
            raise self.gate.limited("peer_envelopes", wait_s)

    async def renew(self, key: PeerKey) -> None:
        """A sign of life from a peer."""
        if await self.store.renew([key]):
            raise PeerGone

    # WebSockets

    async def attach(self, connection: Connection) -> None:
        """Make a connection the peer's own, welcome it, and deliver what waits."""
        key = connection.membership.key
        frames: tuple[bytes, ...] = ()
        self._enter(connection)
        connection.begin_fetch()
        self.switchboard.connect(key, connection)
        self.tally.connections_opened += 1
        try:
            attached = await self.store.attach(key)
            if attached is None:
                raise PeerGone
            frames = self._welcome(key, attached)
        finally:
            connection.end_fetch(frames)
        if self.trunk is not None:
            self.trunk.attached(connection, attached.serial, is_held=attached.is_held)
        self._push_token(connection)
        self.rounds.plan(key, connection, now=self.clock())

    def _enter(self, connection: Connection) -> None:
        """Count a peer that connects, unless it did before and only comes anew; raise TooManyConnections."""
        key, user_id = connection.membership.key, connection.membership.user_id
        older = self.switchboard.connections.get(key)
        if older is None or older.membership.user_id != user_id:
            self.gate.users.enter(user_id)
            if older is not None:
                self.gate.users.leave(older.membership.user_id)
        connection.pace = older.pace if older else self.gate.pace_of(key)

    def _welcome(self, key: PeerKey, attached: Attached) -> tuple[bytes, ...]:
        peers = rooms.view_peers(attached.others)
        welcome = wire.encode_welcome(key.peer_id, peers, heartbeat_s=self.config.heartbeat_s)
        return (welcome, *attached.frames)

    async def detach(self, connection: Connection) -> None:
        """A connection has ended; without a leave its peer has the grace time to come back."""
        key = connection.membership.key
        is_attached = True
        if self.trunk is not None:
            is_attached = self.trunk.detached(connection)
        if not self.switchboard.disconnect(key, connection):
            return
        self.gate.users.leave(connection.membership.user_id)
        self.gate.keep_pace(key, connection.pace)
        if is_attached and not self.is_going_away:
            await self.store.shorten(key, connection.serial)

    def _push_token(self, connection: Connection) -> None:
        membership = connection.membership
        if membership.is_due(self.clock()):
            token, servers = self._renew(membership)
            connection.membership = self.tokens.read(token)
            connection.send(wire.encode_token(token, servers))

    # Time

    async def sweep(self) -> None:
        """Renew the leases of open connections, then tell whose have ended."""
        holder = self.trunk or self.store
        for key in await holder.renew(self._due()):
            self.switchboard.end(key, CloseCode.GONE)
        while departures := await self.store.expire():
            for departure in departures:
                await self._tell(departure)
            await asyncio.sleep(0)  # thousands may end at once: others get their turn

    async def _tell(self, departure: Departure) -> None:
        key = departure.key
        self.tally.peers_left["timeout"] += 1
        log.info("= peer %s timed out in room %s", short(key.peer_id), short(key.room_id))
        self.switchboard.end(key, CloseCode.GONE)
        notice = wire.encode_peer_left(key.peer_id, "timeout")
        await self.announce(key.room_id, departure.remaining, notice)

    def _due(self) -> list[PeerKey]:
        """The connections whose round has come; each is pinged and looked at again later."""
        now, keys = self.clock(), []
        for key, connection in self.rounds.due(now):
            if connection.membership.has_ended(now):
                connection.end(CloseCode.UNAUTHORIZED)
            elif connection.ping():
                keys.append(key)
                self._push_token(connection)
                self.rounds.plan(key, connection, now=now)
            else:  # no renewal: it would race with the end of its grace time
                self.tally.connections_closed["silent"] += 1
        return keys

    # The end

    async def check_ready(self) -> None:
        """Raise GoingAway or StoreUnavailable where a load balancer had better ask another server."""
        if self.is_draining:
            raise self.going_away()
        await self.readiness.check()

    def going_away(self) -> GoingAway:
        """With a time to come back that is this client's own."""
        return GoingAway(self.returns.draw(self.random_bytes))

    async def close(self) -> None:
        """Nobody waits any longer."""
        self.is_draining = self.is_going_away = True
        clients = len(self.switchboard.sockets) + self.switchboard.polls
        self.returns = plan_returns(clients, per_s=self.config.returns_per_s, lease_s=self.config.peer_ttl_s)
        if self.users is not None:
            await self.users.keys.close()
        await self.switchboard.close(lambda: wire.encode_error_frame(self.going_away()))
        await self.readiness.close()


SERVICE = web.AppKey("SERVICE", Service)
"""Under which an application carries its service."""
