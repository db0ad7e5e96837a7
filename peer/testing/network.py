"""A whole network in memory, for tests of bots and rooms: the same `Peer`, the same encryption, no socket.

    async with Network() as network:
        alice, bob = await network.peer("alice"), await network.peer("bob")
        deck = await alice.create_room("Deck")
        guest = await bob.join_room(deck.invite)

Signals and frames travel in order and at once, on the event loop's next turn. A server can be stopped and started, and
links cut, to see what a bot does then.
"""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Callable
from contextlib import AsyncExitStack
from types import TracebackType

from ..config import Config
from ..errors import JoinRefused, LinkFailed, SignalingUnreachable
from ..ids import PeerId, Topic
from ..peer import Peer, Transport
from ..ports import (
    Attestation,
    Channel,
    Fingerprints,
    IceServer,
    LinkListener,
    PeerInfo,
    PeerJoinedRoom,
    PeerLeftRoom,
    Prove,
    RoomInfo,
    Roster,
    Route,
    Signal,
    SignalingEvent,
    SignalingLost,
)

__all__ = ["Network"]

_SERVER = "http://memory.invalid"


class Network:
    """One signaling server and all the paths between its peers, in memory."""

    def __init__(self) -> None:
        self._stack = AsyncExitStack()
        self._rooms: dict[Topic, _Room] = {}
        self._links: dict[str, _Link] = {}
        self._numbers = itertools.count(1)
        self.is_serving = True

    async def __aenter__(self) -> Network:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.__aexit__(kind, error, trace)

    async def peer(self, name: str, *, config: Config | None = None) -> Peer:
        """A peer that is open until the network ends."""
        opened = Peer(_SERVER, name=name, config=config, transport=self.transport(name))
        return await self._stack.enter_async_context(opened)

    def transport(self, name: str) -> Transport:
        """For a `Peer` that a test opens and closes by itself."""
        return Transport(_Signaling(self, name), self._open_link)

    def stop_server(self) -> None:
        """The signaling server dies; links live on."""
        self.is_serving = False
        self._tell_all(SignalingLost("the server was stopped"))

    def start_server(self) -> None:
        """It is back, with everybody who kept a seat."""
        self.is_serving = True
        for room in self._rooms.values():
            for seat in room.seats.values():
                seat.deliver(Roster(room.others(seat.peer_id)))

    def cut_links(self) -> None:
        """Every open link breaks, and both ends notice."""
        for link in list(self._links.values()):
            link.break_off("cut")

    @property
    def rooms(self) -> tuple[Topic, ...]:
        """What the server knows: rooms that somebody is in."""
        return tuple(self._rooms)

    def _tell_all(self, event: SignalingEvent) -> None:
        for room in self._rooms.values():
            for seat in room.seats.values():
                seat.deliver(event)

    def _open_link(self, _ice_servers: tuple[IceServer, ...], listener: LinkListener) -> _Link:
        link = _Link(self, f"memory:{next(self._numbers)}", listener)
        self._links[link.name] = link
        return link

    def find_link(self, sdp: str) -> _Link:
        if sdp not in self._links:
            raise LinkFailed("no such link")
        return self._links[sdp]

    def forget_link(self, link: _Link) -> None:
        self._links.pop(link.name, None)

    def take_seat(self, room: _Room, name: str) -> _Seat:
        peer_id = PeerId(f"peer{next(self._numbers):018d}")
        seat = _Seat(self, room, PeerInfo(peer_id, f"guest-{name}", name))
        for other in room.seats.values():
            other.deliver(PeerJoinedRoom(seat.info))
        room.seats[peer_id] = seat
        return seat

    def give_up_seat(self, seat: _Seat) -> None:
        if seat.in_room.seats.pop(seat.peer_id, None) is None:
            return
        if self.is_serving:
            for other in seat.in_room.seats.values():
                other.deliver(PeerLeftRoom(seat.peer_id, "left"))
        if not seat.in_room.seats:
            self._rooms.pop(seat.in_room.topic, None)

    def create_room(self, topic: Topic, custom_name: str | None, *, is_public: bool, broadcaster: str) -> _Room:
        if topic in self._rooms:
            raise JoinRefused("room_exists", "a room of this id exists", hint="join it")
        self._rooms[topic] = _Room(topic, custom_name, is_public, broadcaster)
        return self._rooms[topic]

    def find_room(self, topic: Topic | None, broadcaster: str | None) -> _Room:
        for room in self._rooms.values():
            if room.topic == topic or (room.is_public and room.broadcaster == broadcaster):
                return room
        raise JoinRefused("no_such_room", "there is no such room")

    def public_rooms(self) -> tuple[RoomInfo, ...]:
        """What `Peer.list_rooms` answers."""
        return tuple(room.info for room in self._rooms.values() if room.is_public)


class _Room:
    def __init__(self, topic: Topic, custom_name: str | None, is_public: bool, broadcaster: str) -> None:
        self.topic = topic
        self.custom_name = custom_name
        self.is_public = is_public
        self.broadcaster = broadcaster
        self.seats: dict[PeerId, _Seat] = {}

    def others(self, peer_id: PeerId) -> tuple[PeerInfo, ...]:
        return tuple(seat.info for key, seat in self.seats.items() if key != peer_id)

    @property
    def info(self) -> RoomInfo:
        return RoomInfo(
            topic=self.topic,
            broadcaster_name=self.broadcaster,
            created_at="1970-01-01T00:00:00Z",
            participant_count=len(self.seats),
            is_public=self.is_public,
            custom_name=self.custom_name,
        )


class _Signaling:
    """The port `Signaling` of one user."""

    def __init__(self, network: Network, name: str) -> None:
        self._network = network
        self._name = name
        self.server = _SERVER

    async def create_room(self, *, topic: Topic | None, custom_name: str | None, is_public: bool) -> _Seat:
        self._check_serving()
        topic = topic or Topic(os.urandom(11).hex())
        room = self._network.create_room(topic, custom_name, is_public=is_public, broadcaster=self._name)
        return self._network.take_seat(room, self._name)

    async def join_room(self, *, topic: Topic | None = None, broadcaster_name: str | None = None) -> _Seat:
        self._check_serving()
        return self._network.take_seat(self._network.find_room(topic, broadcaster_name), self._name)

    async def list_rooms(self) -> tuple[RoomInfo, ...]:
        self._check_serving()
        return self._network.public_rooms()

    async def fetch_keys(self) -> bytes:
        self._check_serving()
        raise JoinRefused("not_found", "this server attests nothing")

    async def attest(self, prove: Prove) -> Attestation | None:  # noqa: ARG002 - the port's signature
        """Everybody is a guest here."""
        return None

    async def close(self) -> None:
        """Nothing is held open."""

    def _check_serving(self) -> None:
        if not self._network.is_serving:
            raise SignalingUnreachable(_SERVER, "the server was stopped")


class _Seat:
    """The port `Seat`."""

    def __init__(self, network: Network, room: _Room, info: PeerInfo) -> None:
        self._network = network
        self.in_room = room
        self.info = info
        self.peer_id = info.peer_id
        self.room = room.info
        self.peers = room.others(info.peer_id)
        self.ice_servers: tuple[IceServer, ...] = ()
        self._events: asyncio.Queue[SignalingEvent | None] = asyncio.Queue()

    def deliver(self, event: SignalingEvent | None) -> None:
        self._events.put_nowait(event)

    def send(self, signal: Signal) -> None:
        recipient = self.in_room.seats.get(signal.remote)
        if recipient is not None and self._network.is_serving:
            recipient.deliver(Signal(signal.kind, self.peer_id, signal.body))

    async def run(self, on_event: Callable[[SignalingEvent], None]) -> None:
        while (event := await self._events.get()) is not None:
            on_event(event)

    def renew(self) -> None:
        """Always as new: whoever is there is told again."""
        if self._network.is_serving and self.peer_id in self.in_room.seats:
            self.deliver(Roster(self.in_room.others(self.peer_id)))

    def probe(self) -> None:
        """A connection in memory lives."""

    async def leave(self) -> None:
        self._network.give_up_seat(self)
        self.deliver(None)


class _Link:
    """The port `Link`: two of these hold each other; a description is the link's name."""

    def __init__(self, network: Network, name: str, listener: LinkListener) -> None:
        self.name = name
        self.fingerprint = os.urandom(32)
        self._network = network
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        self._other: _Link | None = None
        self._is_closed = False

    async def create_offer(self) -> str:
        return self.name

    async def accept_offer(self, sdp: str) -> tuple[str, Fingerprints]:
        return self.name, self._join(self._network.find_link(sdp))

    async def accept_answer(self, sdp: str) -> Fingerprints:
        other = self._network.find_link(sdp)
        fingerprints = self._join(other)
        self._loop.call_soon(self._report_open)
        self._loop.call_soon(other._report_open)
        return fingerprints

    async def add_candidate(self, candidate: str) -> None:
        """There are none."""

    def send(self, channel: Channel, data: bytes) -> None:
        if self._other is not None and not self._is_closed:
            self._loop.call_soon(self._other._report_frame, channel, data)

    @property
    def route(self) -> Route | None:
        """There are no candidates here."""
        return None

    @property
    def buffered_bytes(self) -> int:
        return 0

    @property
    def bulk_buffered_bytes(self) -> int:
        return 0

    async def wait_drained(self) -> None:
        """Nothing is ever buffered."""

    async def close(self) -> None:
        self.break_off("closed")

    def break_off(self, reason: str) -> None:
        """End it here, and at the other end behind what is on its way."""
        if self._is_closed:
            return
        self._is_closed = True
        self._network.forget_link(self)
        self._loop.call_soon(self._listener.on_closed, reason)
        if self._other is not None:
            self._loop.call_soon(self._other.break_off, reason)

    def _join(self, other: _Link) -> Fingerprints:
        self._other = other
        return Fingerprints(self.fingerprint, other.fingerprint)

    def _report_open(self) -> None:
        if not self._is_closed:
            self._listener.on_open()

    def _report_frame(self, channel: Channel, data: bytes) -> None:
        if not self._is_closed:
            self._listener.on_frame(channel, data)
