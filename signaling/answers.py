"""What some calls answer, as types: the bytes are constant or spliced, never encoded from these.

The document at /openapi.json is made from them, and the tests hold every answer to it.
"""

from typing import Any, Literal

from msgspec import Struct, field

from .wire import LeftReason

__all__ = ["Delivered", "Empty", "Envelopes", "Health"]


class Empty(Struct, forbid_unknown_fields=True):
    """Done; there is nothing to tell."""


class Health(Struct, forbid_unknown_fields=True):
    """The process answers."""

    status: Literal["ok"]


class _Envelope(Struct, kw_only=True, forbid_unknown_fields=True):
    sender: str = field(name="from")
    """Peer id of the sender."""
    body: Any
    """As it was posted."""


class DeliveredOffer(_Envelope, tag="offer"):
    """An offer, from the peer named in `from`."""


class DeliveredAnswer(_Envelope, tag="answer"):
    """An answer, from the peer named in `from`."""


class DeliveredCandidate(_Envelope, tag="candidate"):
    """A candidate, from the peer named in `from`."""


class DeliveredBye(_Envelope, tag="bye"):
    """The peer named in `from` gives up an attempt or link."""


class PeerJoined(Struct, tag="peer-joined", rename="camel", forbid_unknown_fields=True):
    """Notice: a peer has entered the room."""

    peer_id: str
    user_id: str
    display_name: str


class PeerLeft(Struct, tag="peer-left", rename="camel", forbid_unknown_fields=True):
    """Notice: a peer has left the room."""

    peer_id: str
    reason: LeftReason


Delivered = DeliveredOffer | DeliveredAnswer | DeliveredCandidate | DeliveredBye | PeerJoined | PeerLeft


class Envelopes(Struct, forbid_unknown_fields=True):
    """What waited for a peer, in order, handed out once."""

    envelopes: tuple[Delivered, ...]
