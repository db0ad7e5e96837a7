"""What the server asks of a store, in the words of the domain.

Each operation is atomic: between any two of them the state is one that a single thread could have produced, so an
engine for many servers can run each as one script. Outcomes that a client may cause are values, not exceptions; only
StoreUnavailable is raised. Times are wall-clock seconds of the engine's clock. Frames are opaque bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Literal, NamedTuple, Protocol

from ..ids import PeerId, PeerKey, RoomId, UserId
from ..wire import Kind

__all__ = [
    "Attached",
    "CreateRefusal",
    "Cursor",
    "Departure",
    "Entered",
    "JoinRefusal",
    "Limits",
    "Mail",
    "Page",
    "PeerRecord",
    "PostRefusal",
    "Refusal",
    "RoomRecord",
    "RoomView",
    "Store",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds and times that an engine holds to; each is a setting of the server."""

    max_rooms: int = 100_000
    user_rooms: int = 100
    room_peers: int = 256
    user_seats: int = 16
    address_seats: int = 128
    mailbox_entries: int = 256
    mailbox_bytes: int = 1 << 20
    sender_entries: int = 64
    sender_bytes: int = 1 << 17
    mail_bytes: int = 1 << 28
    """In all mailboxes of an embedded engine; Redis has its own `maxmemory`."""
    peer_ttl_s: float = 75.0
    grace_s: float = 10.0
    envelope_ttl_s: float = 30.0
    room_idle_s: float = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomRecord:
    """A room as it was created; it never changes."""

    room_id: RoomId
    broadcaster_id: UserId
    broadcaster_name: str
    created_at: float
    is_public: bool
    custom_name: str | None = None
    is_by_guest: bool = False
    """Guests name themselves as they like, so their rooms are found behind those of users."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerRecord:
    """A peer as it first came."""

    peer_id: PeerId
    user_id: UserId
    display_name: str
    is_guest: bool = False
    origin: str = ""
    """Of a guest: where it came from, as a keyed hash that means nothing outside this room; see bounds/seats.py."""

    @property
    def holder(self) -> str:
        """Who has the seat, a user or guests of one origin; empty where nobody can tell, and nothing is counted."""
        if self.is_guest:
            return self.origin and "guests " + self.origin
        return "user " + self.user_id


class Mail(NamedTuple):
    """One entry of a mailbox: the frame that goes out, and what GETs choose by."""

    kind: Kind | Literal["notice"]
    frame: bytes


class Cursor(NamedTuple):
    """Position in the list of public rooms, which is ordered by these two."""

    created_at: float
    room_id: RoomId


@dataclass(frozen=True, slots=True)
class RoomView:
    """A room and how many peers are in it."""

    record: RoomRecord
    peers: int


@dataclass(frozen=True, slots=True)
class Entered:
    """A create or join that went well."""

    room: RoomView
    peer: PeerRecord
    """As the store holds it: a returning peer keeps its first record."""
    others: tuple[PeerRecord, ...]
    is_new: bool
    """False for a peer that was present already: nobody is told."""


@dataclass(frozen=True, slots=True)
class Attached:
    """What a peer's new WebSocket starts with."""

    others: tuple[PeerRecord, ...]
    frames: tuple[bytes, ...]
    serial: int = 0
    """Counts the attaches of a room, where several servers share a store: the newest of a peer wins."""
    is_held: bool = False
    """Such a store keeps the frames until it is told that they were written."""


@dataclass(frozen=True, slots=True)
class Departure:
    """A peer whose lease has ended, and who is to be told."""

    key: PeerKey
    remaining: tuple[PeerId, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Public rooms from a position on, oldest first."""

    rooms: tuple[RoomView, ...]
    has_more: bool


class Refusal(Enum):
    """Why an operation changed nothing."""

    NO_SUCH_ROOM = auto()
    ROOM_EXISTS = auto()
    ROOM_FULL = auto()
    USER_SEATS_TAKEN = auto()
    ADDRESS_SEATS_TAKEN = auto()
    """By guests; a user is known by name, wherever from."""
    TOO_MANY_ROOMS = auto()
    TOO_MANY_OWN_ROOMS = auto()
    """This user's rooms; guests have none to count, since each call gives a guest a new id."""
    NOT_THEIRS = auto()
    """The resume secret belongs to another user."""
    SENDER_GONE = auto()
    NO_SUCH_PEER = auto()
    MAILBOX_FULL = auto()
    SHARE_FULL = auto()
    """This sender's share of the mailbox."""


CreateRefusal = Literal[Refusal.ROOM_EXISTS, Refusal.TOO_MANY_OWN_ROOMS, Refusal.TOO_MANY_ROOMS, Refusal.NOT_THEIRS]
JoinRefusal = Literal[
    Refusal.NO_SUCH_ROOM,
    Refusal.ROOM_FULL,
    Refusal.USER_SEATS_TAKEN,
    Refusal.ADDRESS_SEATS_TAKEN,
    Refusal.NOT_THEIRS,
]
PostRefusal = Literal[Refusal.SENDER_GONE, Refusal.NO_SUCH_PEER, Refusal.MAILBOX_FULL, Refusal.SHARE_FULL]


class Store(Protocol):
    """Rooms, leases and mailboxes. Every call of a peer renews its lease; None means that the lease has ended."""

    async def open(self) -> None:
        """Make ready; raise StoreUnusable, and never reset what cannot be read."""

    async def close(self) -> None:
        """Give everything back; may be called twice."""

    async def ping(self) -> None:
        """Raise StoreUnavailable unless the store can be used now."""

    async def signing_key(self) -> bytes:
        """The 32 bytes that sign room tokens: made once, the same for every server of this store."""

    async def create(self, room: RoomRecord, peer: PeerRecord) -> Entered | CreateRefusal:
        """Add a room together with its first peer; a peer present in that very room is renewed.

        Held to `max_rooms`, and to `user_rooms` for the rooms that the same `broadcaster_id` has made and that are
        still there; rooms by guests do not count. Of several refusals it answers the first in CreateRefusal's order.
        """

    async def join(self, room_id: RoomId, peer: PeerRecord) -> Entered | JoinRefusal:
        """Add a peer within the room's capacity; a present one is renewed and takes no second place.

        Held to `user_seats` for peers of the same user, and to `address_seats` for guests of the same origin.
        """

    async def renew(self, keys: Sequence[PeerKey]) -> tuple[PeerKey, ...]:
        """Renew many leases, answer those that are gone.

        A lease that has ended but was not yet told by `expire` counts: a server that was suspended must find those
        alive who are still connected to it.
        """

    async def others(self, key: PeerKey) -> tuple[PeerRecord, ...] | None:
        """Renew, and answer who else is in the room."""

    async def attach(self, key: PeerKey) -> Attached | None:
        """Renew, answer who else is there and take all mail, for a WebSocket that has opened."""

    async def shorten(self, key: PeerKey, serial: int | None = None) -> None:
        """A WebSocket ended without a leave: cut the lease to the grace time, unless a newer attach has the peer."""

    async def leave(self, key: PeerKey) -> tuple[PeerId, ...] | None:
        """Remove a peer and answer who remains; with the last one the room is gone."""

    async def find_public(self, broadcaster_name: str) -> RoomId | None:
        """A broadcaster's public room: users' before guests', then the oldest, so that no name is taken over."""

    async def page(self, after: Cursor | None, limit: int) -> Page:
        """Public rooms behind a position."""

    async def count_rooms(self) -> int:
        """How many rooms there are, private ones too; an engine may answer a number that is a sweep old."""

    async def post(self, sender: PeerKey, to: PeerId, mail: Mail) -> PostRefusal | None:
        """Renew the sender and add to a mailbox of its room, within its share of it; None is success."""

    async def tell(self, room_id: RoomId, recipients: Sequence[PeerId], frame: bytes) -> int:
        """Add a notice to mailboxes; those that are full or gone are passed over. Answers how many were full."""

    async def take(self, key: PeerKey, kind: Kind | None = None) -> tuple[bytes, ...] | None:
        """Renew, and hand out what waits (of one kind), in order and once."""

    async def expire(self) -> tuple[Departure, ...]:
        """Remove what has run out: leases, idle rooms, old mail.

        A bounded step, so that thousands who end at once hold up nobody: ask again until nobody has departed.
        """
