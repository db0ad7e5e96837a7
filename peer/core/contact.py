"""One other peer of a room, as far as links go, and what `links` reports of it upwards."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from ..events import ConnectionState
from ..ids import MemberId, PeerId
from ..wire.frames import (
    AsideFrame,
    AttestationUpdate,
    Introduction,
    MessageFrame,
    PresenceUpdate,
    ProfileFrame,
    StreamFrame,
    TypingNotice,
)
from .channel import PeerChannel
from .connection import Connection
from .machine import LinkId, SendSignal, earliest
from .negotiation import Negotiation

__all__ = [
    "Changed",
    "Contact",
    "EarlyOffer",
    "Ending",
    "Linked",
    "Parted",
    "Received",
    "Report",
    "Said",
    "Streamed",
    "Unlinked",
]

Said: TypeAlias = MessageFrame | ProfileFrame | AsideFrame | PresenceUpdate | TypingNotice | AttestationUpdate
"""What concerns the room; all other frames end in the links."""


Ending: TypeAlias = Literal["left", "lost", "removed", "flooded", "cut"]
"""Why a link ended: it said goodbye, it is gone, its other end is no member any more; it flooded us, or we flooded it
and it has cut us."""


@dataclass(frozen=True, slots=True)
class Linked:
    """A link to a proven member is open."""

    peer: PeerId
    member: MemberId
    introduction: Introduction
    told: Introduction
    """How we introduced ourselves, which may be out of date by now."""


@dataclass(frozen=True, slots=True)
class Received:
    """A member said something, over its link to this peer."""

    peer: PeerId
    member: MemberId
    frame: Said


@dataclass(frozen=True, slots=True)
class Streamed:
    """What belongs to a stream came over a link."""

    link: LinkId
    member: MemberId
    frame: StreamFrame


@dataclass(frozen=True, slots=True)
class Parted:
    """A link to a member ended; another one may be open, or soon be."""

    peer: PeerId
    member: MemberId
    reason: Ending


@dataclass(frozen=True, slots=True)
class Unlinked:
    """The last link to a member ended, and none took its place in time."""

    member: MemberId
    reason: Ending


@dataclass(frozen=True, slots=True)
class Changed:
    """How we stand with a peer is another now; `member` is None before its first link is open."""

    peer: PeerId
    member: MemberId | None
    state: ConnectionState
    reason: str


Report: TypeAlias = Linked | Received | Streamed | Parted | Unlinked | Changed


@dataclass(frozen=True, slots=True)
class EarlyOffer:
    """An offer that waits for its time."""

    link: LinkId
    sdp: str = field(repr=False)
    due_at: float
    candidates: list[str] = field(default_factory=list, repr=False)
    """What trickled in behind it."""


@dataclass(slots=True)
class Contact:
    """One other peer of the room."""

    peer: PeerId
    negotiation: Negotiation
    connection: Connection = field(default_factory=Connection)
    present: bool = True
    is_named: bool = False
    """The server says that it is present; otherwise, its offer did."""
    attempt: PeerChannel | None = None
    current: PeerChannel | None = None
    identity: MemberId | None = None
    """Bound at the first handshake; another one under the same peer id is refused."""
    has_signalled: bool = False
    """It sent a signal that we could open: it holds the room's secret, as no mere ghost does."""
    heard_offer_at: float = -math.inf
    """When we last began to answer an offer of theirs."""
    early_offer: EarlyOffer | None = None
    """The latest of theirs that came too soon after that."""
    said_bye_at: float = -math.inf
    began_at: float = -math.inf
    """When the attempt under way was begun, or what we said of it was said again."""
    signalled: list[SendSignal] = field(default_factory=list)
    """What we sent for the attempt under way: a connection to the server that breaks takes the last of it along."""
    was_tried: bool = False
    """An attempt came to its end, whichever."""
    tries: int = 0
    retry_at: float | None = None
    lost_at: float | None = None
    """The path of the link ended; another one has until then to take its place."""

    def channels(self) -> tuple[PeerChannel, ...]:
        """The attempt under way and the open link, as far as there are such."""
        return tuple(channel for channel in (self.attempt, self.current) if channel is not None)

    def next_deadline(self) -> float | None:
        offer_at = self.early_offer.due_at if self.early_offer else None
        channels = (channel.next_deadline() for channel in self.channels())
        return earliest(self.retry_at, self.lost_at, offer_at, *channels)

    @property
    def is_here(self) -> bool:
        """Linked, or only just not."""
        return self.current is not None or self.lost_at is not None

    @property
    def is_silent(self) -> bool:
        """All that we know of it is the server's word."""
        return not self.has_signalled and self.current is None

    @property
    def has_failed(self) -> bool:
        """At least one attempt came to nothing, and none is under way."""
        return self.tries > 0 and not self.is_connected

    @property
    def may_be_ghost(self) -> bool:
        """Its first attempt came to nothing."""
        return self.tries > 1 or self.has_failed

    @property
    def is_about_to_be_met(self) -> bool:
        """Its first handshake is to come, or under way."""
        is_met = any(channel.is_proven for channel in self.channels())
        return self.present and not is_met and not self.may_be_ghost

    @property
    def is_connected(self) -> bool:
        """Linked, or on the way to it."""
        return self.attempt is not None or self.current is not None
