"""What some calls answer, as types: the bytes are constant or spliced, never encoded from these.

The document at /openapi.json is made from them, and the tests hold every answer to it.
"""

from typing import Any, Literal

from msgspec import Struct, field

from ..fields import PeerIdText
from ..wire import ErrorFrame, PeerJoined, PeerLeft, TokenFrame, Welcome

__all__ = ["Delivered", "Empty", "Envelopes", "Health", "ServerFrame"]


class Empty(Struct):
    """Done; there is nothing to tell."""


class Health(Struct):
    """The process answers."""

    status: Literal["ok"]


class _Envelope(Struct, kw_only=True):
    sender: PeerIdText = field(name="from")
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


Delivered = DeliveredOffer | DeliveredAnswer | DeliveredCandidate | DeliveredBye | PeerJoined | PeerLeft


ServerFrame = Delivered | Welcome | TokenFrame | ErrorFrame


class Envelopes(Struct):
    """What waited for a peer, in order, handed out once."""

    envelopes: tuple[Delivered, ...]
