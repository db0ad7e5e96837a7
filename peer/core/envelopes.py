"""Descriptions as signals: sealed for one recipient under the room's signal key (docs/protocol.md, Signals)."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import CryptoError, RemoteError
from ..ids import PeerId
from ..keys.sealing import SignalContext, open_signal, seal_signal
from ..ports import Signal, SignalKind
from ..wire.signals import Description, decode_description, encode_description
from .channel import Credentials
from .machine import LinkId

__all__ = ["Envelopes"]


@dataclass(frozen=True, slots=True)
class Envelopes:
    """Seals what we say in a room, opens what is said to us."""

    our_id: PeerId
    credentials: Credentials

    def seal(self, kind: SignalKind, link: LinkId, text: str) -> Signal:
        """The SDP or candidate of one attempt, for the peer at its other end."""
        body = seal_signal(
            encode_description(Description(link.attempt, text)),
            key=self.credentials.keys.signal,
            context=self._context(kind, sender=self.our_id, recipient=link.peer),
            random_bytes=self.credentials.random_bytes,
        )
        return Signal(kind, link.peer, body)

    def maybe_open(self, signal: Signal) -> Description | None:
        """None for whatever a holder of the room's secret would not have sent to us."""
        context = self._context(signal.kind, sender=signal.remote, recipient=self.our_id)
        try:
            return decode_description(open_signal(signal.body, key=self.credentials.keys.signal, context=context))
        except (RemoteError, CryptoError):
            return None

    def _context(self, kind: SignalKind, *, sender: PeerId, recipient: PeerId) -> SignalContext:
        return SignalContext(topic=self.credentials.keys.topic, kind=kind, sender=sender, recipient=recipient)
