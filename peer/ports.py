"""What the library asks of the outside: a signaling server, a path to one peer, and a place to keep rooms.

The real adapters are `peer.signaling` (aiohttp), `peer.rtc` (aiortc) and `peer.store` (files); `peer.testing` answers
the same calls from memory. Rules for every adapter: callbacks are called on the event loop, synchronously and in order
of arrival; adapters start no task of their own that outlives `run()` or `close()`; foreign exceptions never leave an
adapter.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal, Protocol, TypeAlias

from .attestation import Proof
from .errors import StoreError
from .ids import PeerId, RoomId, Topic
from .log.record import Conversation, Cursor, LogChanges, LogRecord, Shown
from .records import RoomLine, RoomRecord

__all__ = [
    "Attestation",
    "CandidateKind",
    "Channel",
    "Fingerprints",
    "Found",
    "IceServer",
    "Link",
    "LinkFactory",
    "LinkListener",
    "MessageStore",
    "PeerInfo",
    "PeerJoinedRoom",
    "PeerLeftRoom",
    "Prove",
    "RoomInfo",
    "RoomLine",
    "RoomNotes",
    "RoomRecord",
    "RoomStore",
    "Roster",
    "Route",
    "Seat",
    "Signal",
    "SignalKind",
    "Signaling",
    "SignalingEvent",
    "SignalingLost",
    "TokenSource",
]

SignalKind = Literal["offer", "answer", "candidate", "bye"]

TokenSource: TypeAlias = str | Callable[[], str | Awaitable[str]] | None
"""The user's JWT, or what supplies a fresh one each time one is needed; None for a guest."""


class Prove(Protocol):
    """Signs what the server wants signed for the user of a JWT; raises BadAttestation for one that cannot be read."""

    def __call__(self, *, nonce: str, token: str) -> Proof: ...


@dataclass(frozen=True, slots=True)
class Attestation:
    """The server's word for our identity key."""

    text: str = field(repr=False)
    expires_in_s: float


@dataclass(frozen=True, slots=True)
class Signal:
    """One envelope, on its way out (`remote` is the recipient) or in (`remote` is the sender)."""

    kind: SignalKind
    remote: PeerId
    body: str


@dataclass(frozen=True, slots=True)
class PeerInfo:
    """A peer as the server names it; the display name is the server's word and nothing more."""

    peer_id: PeerId
    user_id: str
    display_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomInfo:
    """A room as the server describes it."""

    topic: Topic
    broadcaster_name: str
    created_at: str
    """ISO 8601, UTC."""
    participant_count: int
    is_public: bool
    custom_name: str | None = None


@dataclass(frozen=True, slots=True)
class IceServer:
    """A STUN or TURN server, with a time-limited credential where it wants one."""

    urls: tuple[str, ...]
    username: str | None = None
    credential: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Roster:
    """All peers now present but ourselves: after the first connection, and after each one that was made anew."""

    peers: tuple[PeerInfo, ...]


@dataclass(frozen=True, slots=True)
class PeerJoinedRoom:
    """Another peer came; it will offer to us."""

    peer: PeerInfo


@dataclass(frozen=True, slots=True)
class PeerLeftRoom:
    """Another peer is gone, says the server; `reason` is left, timeout, or what a later version has."""

    peer_id: PeerId
    reason: str


@dataclass(frozen=True, slots=True)
class SignalingLost:
    """No server answers any more; the adapter goes on trying. The next `Roster` says that it is back."""

    reason: str


SignalingEvent = Signal | Roster | PeerJoinedRoom | PeerLeftRoom | SignalingLost


class Seat(Protocol):
    """Our place in one room of a signaling server, under one peer id that survives outages of that server."""

    @property
    def peer_id(self) -> PeerId: ...

    @property
    def room(self) -> RoomInfo: ...

    @property
    def peers(self) -> tuple[PeerInfo, ...]:
        """Those who were present when we came."""

    @property
    def ice_servers(self) -> tuple[IceServer, ...]: ...

    def send(self, signal: Signal) -> None:
        """Pass an envelope on, in order; while the server is away some wait, as long as an attempt may take."""

    async def run(self, on_event: Callable[[SignalingEvent], None]) -> None:
        """Keep the seat: receive, beat, reconnect, take the room up again. Returns after `leave()`, or by cancellation.

        Raises `JoinRefused` where coming back is refused for good.
        """

    def renew(self) -> None:
        """Our network changed, or we were asleep: connect anew and at once; an outage is told if that fails."""

    def probe(self) -> None:
        """Others fell silent: connect anew if the server does not answer soon. May be called at any rate."""

    async def leave(self) -> None:
        """Tell the server, in a bounded time; never raises for a server that is away."""


class Signaling(Protocol):
    """One signaling server, for one user."""

    @property
    def server(self) -> str:
        """Its origin, such as `http://127.0.0.1:8080`."""

    async def create_room(self, *, topic: Topic | None, custom_name: str | None, is_public: bool) -> Seat:
        """Raises `JoinRefused`, `SignalingUnreachable`, `TokenUnavailable`."""

    async def join_room(self, *, topic: Topic | None = None, broadcaster_name: str | None = None) -> Seat:
        """By exactly one of both. Raises `JoinRefused`, `SignalingUnreachable`, `TokenUnavailable`."""

    async def list_rooms(self) -> tuple[RoomInfo, ...]:
        """All public rooms (a bounded number). Raises `JoinRefused`, `SignalingUnreachable`, `TokenUnavailable`."""

    async def fetch_keys(self) -> bytes:
        """What its attestations are checked with, as it came. Raises `JoinRefused`, `SignalingUnreachable`."""

    async def attest(self, prove: Prove) -> Attestation | None:
        """Have our identity key attested; None for a guest.

        Raises `JoinRefused`, `SignalingUnreachable`, `TokenUnavailable`, `BadAttestation`.
        """

    async def close(self) -> None: ...


class Channel(Enum):
    """The data channels of a link; the value is the negotiated id, the label is the name in lower case."""

    EVENTS = 0
    EPHEMERAL = 1
    BULK = 2

    @property
    def label(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """SHA-256 of both DTLS certificates, 32 bytes each, of the description that was really applied."""

    local: bytes
    remote: bytes


CandidateKind = Literal["host", "srflx", "prflx", "relay"]
"""The host's own address, one that a STUN server or the peer sees it under, one at a TURN server (RFC 8445, 5.1.1)."""


@dataclass(frozen=True, slots=True)
class Route:
    """Which pair of candidates an open link uses; addresses are for the user's eyes, and in no repr."""

    local: CandidateKind
    remote: CandidateKind
    """As the other side told it; prflx where nobody did."""
    transport: Literal["udp", "tcp", "tls"]
    """On the way from us: all but udp lead to a TURN server, which goes on by UDP."""
    family: Literal["ipv4", "ipv6"]
    local_address: str = field(default="", repr=False)
    """Of our socket, or of our relay."""
    remote_address: str = field(default="", repr=False)

    def __str__(self) -> str:
        return f"{self.local}-{self.remote} {self.transport} {self.family}"


class LinkListener(Protocol):
    """Who hears of a link; never called after `on_closed`."""

    def on_candidate(self, line: str) -> None:
        """A `candidate:…` line for the other side, found after our description left; an empty one ends them.

        Never called before whoever awaits the description has it.
        """

    def on_open(self) -> None:
        """All channels are open; called once."""

    def on_frame(self, channel: Channel, data: bytes) -> None: ...

    def on_bulk_low(self) -> None:
        """Less than half of what bulk may take in the link's buffer is left there: there is room for more."""

    def on_closed(self, reason: str) -> None:
        """Called once, whoever closed it; `reason` is a word for logs."""


class Link(Protocol):
    """One attempt at a path to one peer. Either `create_offer` then `accept_answer`, or `accept_offer`."""

    async def create_offer(self) -> str:
        """The SDP, with the candidates found so far; `on_candidate` tells the others. Raises `LinkFailed`."""

    async def accept_offer(self, sdp: str) -> tuple[str, Fingerprints]:
        """The SDP of the answer. Raises `LinkFailed` for an SDP that we will not have."""

    async def accept_answer(self, sdp: str) -> Fingerprints:
        """Raises `LinkFailed`."""

    async def add_candidate(self, candidate: str) -> None:
        """A trickled `candidate:…` line; an empty one ends them; a bad one is dropped."""

    def send(self, channel: Channel, data: bytes) -> None:
        """Hand over one binary message, at most 64 KiB; dropped when the link is not open."""

    @property
    def route(self) -> Route | None:
        """The pair of candidates in use; None while there is none, or where it is not known."""

    @property
    def buffered_bytes(self) -> int:
        """Of all channels but bulk."""

    @property
    def bulk_buffered_bytes(self) -> int:
        """Of bulk alone. All channels share one queue, so whatever lies here goes ahead of the next message."""

    async def wait_drained(self) -> None:
        """Return once `buffered_bytes` is below the low-water mark, or the link is closed."""

    async def close(self) -> None:
        """Flush what was handed over (2 s at most), then close; may be called twice."""


LinkFactory = Callable[[tuple[IceServer, ...], LinkListener], Link]


class RoomStore(Protocol):
    """The rooms that this peer knows.

    The calls do not wait: they are short, and what `save` took must be safe before the first byte of it leaves, or a
    sequence number could be given twice. Each may raise `StoreError`, which says what to do.
    """

    def load(self, room_id: RoomId) -> RoomRecord | None:
        """What was saved last; None for a room that is not known."""

    def rooms(self) -> list[RoomLine]:
        """All that are kept, in no order; reads no control events."""

    def save(self, room_id: RoomId, record: RoomRecord) -> None:
        """Keep this in place of what was there; costs what changed, not what is kept."""

    def delete(self, room_id: RoomId) -> None:
        """Forget it for good, also where the disk remembers; no such room is no error."""


@dataclass(frozen=True, slots=True)
class Found:
    """A message and the room that it is in."""

    room_id: RoomId
    shown: Shown


class RoomNotes(Protocol):
    """What a bot keeps of one room, by name; as lasting as its messages. Both block for the disk: use a thread."""

    def load(self, name: str) -> bytes:
        """What was last saved under this name; empty at first. Raises StoreDamaged, StoreError."""

    def save(self, name: str, encoded: bytes) -> None:
        """On the disk when it returns. Raises StoreError."""


class MessageStore(Protocol):
    """The message planes of this peer's rooms, kept beside the event loop.

    What is kept of a room is always the state after some first part of its commits, and after all that are done. A call
    that reads sees every commit that was made before it. Each may raise `StoreError`, which says what to do.
    """

    async def load(self, room_id: RoomId) -> LogRecord:
        """All that is kept of a room but the rows of its view; empty for a room that is not known."""

    def commit(self, room_id: RoomId, changes: LogChanges, *, on_done: Callable[[StoreError | None], None]) -> None:
        """Keep this. `on_done` is called on the event loop, in the order of the calls, once it is safe.

        With an error nothing of it is kept yet: it stays in memory and goes first with the next commit, be that an
        empty one, so whoever waits for room on the disk tries with `LogChanges()`. Call from the event loop.
        """

    async def page(self, room_id: RoomId, *, before: Cursor | None = None, limit: int = 50) -> list[Shown]:
        """The newest messages of a room that stand before this place, or the newest at all; newest first."""

    async def search(
        self, text: str, *, room_id: RoomId | None = None, before: Cursor | None = None, limit: int = 50
    ) -> list[Found]:
        """The newest messages, of one room or of all, that hold every word of `text`; newest first.

        Case and accents do not count; nothing is found for a text without a word. `before`: go on from the last one.
        """

    async def conversations(self) -> list[Conversation]:
        """Every room that has a summary, the one with the newest message first; loads no room."""

    async def forget(self, room_id: RoomId) -> None:
        """Delete the room's data key and all rows for good, also where the disk remembers; no such room is no error."""
