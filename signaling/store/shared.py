"""What a store that many servers share offers beyond the port: who has a peer's WebSocket, and bells between servers.

A WebSocket's attach has a serial; the newest wins, on whichever server it is. Mail for a WebSocket is handed out in
two steps, fetch and confirm, so that a server which dies between them loses none: the next attach of that peer gets
it again. Bells only say where to look. Whoever misses one finds out at the next `look`, so a store may lose any.
"""

from collections.abc import Sequence
from enum import Enum, auto
from typing import NamedTuple, Protocol, runtime_checkable

from ..bounds.limits import Limiter
from ..ids import PeerKey, RoomId
from .port import Entered, JoinRefusal, PeerRecord, Store

__all__ = ["Bell", "Claim", "Handed", "SharedStore", "Standing", "Summons"]


class Claim(NamedTuple):
    """The WebSocket of a peer that has this attach's serial."""

    key: PeerKey
    serial: int


class Handed(NamedTuple):
    """What a fetch gives."""

    frames: tuple[bytes, ...]
    is_held: bool
    """Kept until confirmed. Notices alone are not: the next attach answers who is there."""


class Standing(Enum):
    """What a look at a claim finds."""

    GONE = auto()
    """The peer's lease has ended, or it has left."""
    REPLACED = auto()
    """A newer WebSocket has its place."""
    QUIET = auto()
    MAIL = auto()


class Summons(Enum):
    """Why a bell rings."""

    MAIL = "mail"
    REPLACED = "replaced"
    LEFT = "left"
    GONE = "gone"


class Bell(NamedTuple):
    """Another server has done something that concerns peers of this one."""

    why: Summons
    keys: tuple[PeerKey, ...]
    serial: int = 0
    """Of the WebSocket that replaces older ones, or of the last one that a peer had; 0 where it had none."""


@runtime_checkable
class SharedStore(Store, Protocol):
    """A store with several servers on it, seen from one of them."""

    skew_s: float
    """What this machine's wall clock lacks of the store's, as last measured: all servers go by the store's."""

    may_evict: bool
    """Whether it throws things away when its memory is full, as found when it was opened."""

    limiter: Limiter
    """Rates that hold for all servers together."""

    async def join_and_tell(self, room_id: RoomId, peer: PeerRecord, frame: bytes) -> Entered | JoinRefusal:
        """Join, and `tell` those present where the peer is new, in one step."""

    async def hear(self) -> tuple[Bell, ...] | None:
        """Wait for bells; None after a new subscription, when any may have been missed. Raise StoreUnavailable."""

    async def look(self, claims: Sequence[Claim]) -> tuple[Standing, ...]:
        """Renew the leases of many WebSockets, as `renew` does, and see how each stands."""

    async def fetch(self, claims: Sequence[Claim]) -> tuple[Handed | None, ...]:
        """Give out mail, None where a claim does not hold any more; confirms what the claim was given before."""

    async def confirm(self, claims: Sequence[Claim]) -> None:
        """What these were given has been sent."""
