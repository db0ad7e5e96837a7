"""What a signaling server tells a peer, as values.

Where `peer.ports` has a value already (`Signal`, `PeerJoinedRoom`, `PeerLeftRoom`), that one is the frame.
Secrets hide from `repr`, since these values end up in logs and tracebacks.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..ids import PeerId
from ..ports import IceServer, PeerInfo, PeerJoinedRoom, PeerLeftRoom, RoomInfo, Signal

__all__ = ["Admission", "Beat", "Frame", "FreshToken", "Refusal", "RoomPage", "Welcome"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """What a server gives to the peer that it let in."""

    peer_id: PeerId
    room: RoomInfo
    peers: tuple[PeerInfo, ...]
    ice_servers: tuple[IceServer, ...]
    token: str = field(repr=False)
    resume: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RoomPage:
    """Some public rooms; `cursor` is there when more follow."""

    rooms: tuple[RoomInfo, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class Welcome:
    """A path to the server is open; `peers` are the others."""

    peer_id: PeerId
    peers: tuple[PeerInfo, ...]


@dataclass(frozen=True, slots=True)
class Beat:
    """The reply to a heartbeat over HTTP."""

    peers: tuple[PeerInfo, ...]
    heartbeat_s: float
    token: str | None = field(default=None, repr=False)
    ice_servers: tuple[IceServer, ...] | None = None
    """In place of those before, whose credentials end with the token before; None: those before stay."""


@dataclass(frozen=True, slots=True)
class FreshToken:
    """The next room token, and the ICE servers that come with it."""

    token: str = field(repr=False)
    ice_servers: tuple[IceServer, ...] | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A failure as the server tells it; `to` is the recipient of the envelope that it would not take."""

    code: str
    message: str
    hint: str | None = None
    retry_after_s: float | None = None
    to: PeerId | None = None


Frame = Welcome | Signal | PeerJoinedRoom | PeerLeftRoom | Beat | FreshToken | Refusal
