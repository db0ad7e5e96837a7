"""The links of one room, driven by hand. The others are insiders: real handshakes, real seals."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

from peer.config import Config
from peer.core.contact import Linked, Report
from peer.core.links import Links
from peer.core.lobby import Lobby
from peer.core.machine import (
    AcceptOffer,
    CreateOffer,
    LinkId,
    Output,
    SendSignal,
    Transmit,
)
from peer.core.membership import Membership
from peer.crypto.handshake import Role
from peer.ids import PeerId
from peer.ports import Channel, PeerInfo, SignalKind
from peer.wire.frames import Frame, Introduction

from .insider import THEIR_FINGERPRINTS, Insider
from .keys import START_MS, credentials, everybody
from .spoken import CHAT

__all__ = ["ANN", "CHAT", "LARGER", "SMALLER", "Bench", "bob"]

ANN = PeerId("m-ann")
"""In the middle: some ids are smaller, some larger."""
SMALLER, LARGER = "a-bob", "z-bob"

Kind = TypeVar("Kind")


@dataclass
class Bench:
    """The links under test, and all that they put out."""

    config: Config = field(default_factory=Config)
    membership: Membership = field(default_factory=lambda: everybody("ann"))
    now: float = 0.0
    seen: list[Output | Report] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.links = Links(
            ANN,
            credentials("ann"),
            lambda: Introduction("ann", "Deck", "online"),
            self.membership,
            Lobby(self.membership, our_name="ann", config=self.config, wall_ms=lambda: START_MS),
            self.config,
        )

    def drain(self) -> list[Output | Report]:
        outputs = self.links.outputs()
        self.seen += outputs
        return outputs

    def take(self, kind: type[Kind]) -> list[Kind]:
        """What was put out of this kind, once."""
        self.drain()
        found: list[Kind] = [output for output in self.seen if isinstance(output, kind)]
        self.seen = [output for output in self.seen if not isinstance(output, kind)]
        return found

    # ---- who is there

    def join(self, *peers: str) -> None:
        self.links.join([PeerInfo(PeerId(peer), "", "") for peer in peers], now=self.now)

    def roster(self, *peers: str) -> None:
        self.links.attempts.receive_roster([PeerInfo(PeerId(peer), "", "") for peer in peers], now=self.now)

    def hear(self, insider: Insider, kind: SignalKind, text: str = "sdp", *, attempt: bytes = b"attempt.") -> LinkId:
        """A signal of theirs arrives."""
        self.links.attempts.receive_signal(insider.signal(kind, text, attempt=attempt, to=ANN), now=self.now)
        return insider.link_id(attempt)

    def wait(self, seconds: float) -> None:
        end = self.now + seconds
        while (deadline := self.links.next_deadline()) is not None and deadline <= end:
            self.now = max(self.now, deadline)
            self.links.handle_timeout(now=self.now)
            self.drain()
        self.now = end

    # ---- links

    def offering(self, peer: str = LARGER) -> LinkId:
        """We came, and our offer is on its way to this peer."""
        self.join(peer)
        [create] = self.take(CreateOffer)
        self.links.offer_created(create.link, "our offer")
        assert [signal.signal.kind for signal in self.take(SendSignal)] == ["offer"]
        return create.link

    def answering(self, insider: Insider, *, attempt: bytes = b"attempt.") -> LinkId:
        """They offered, and our answer is on its way."""
        self.now += 0.5 if attempt != b"attempt." else 0.0  # a second offer that comes faster is dropped
        link = self.hear(insider, "offer", attempt=attempt)
        [accept] = self.take(AcceptOffer)
        assert accept.link == link
        self.links.answer_created(link, "our answer", THEIR_FINGERPRINTS, now=self.now)
        assert [signal.signal.kind for signal in self.take(SendSignal)] == ["answer"]
        return link

    def shake(self, insider: Insider, link: LinkId, *, role: Role) -> None:
        """The path opens and the handshake runs; the insider has yet to introduce itself. `role` is theirs."""
        self.links.link_opened(link, now=self.now)
        for data in insider.begin(role):
            self.links.receive(link, Channel.EVENTS, data, now=self.now)
        while frames := self.take(Transmit):
            for frame in frames:
                for reply in insider.receive(frame.channel, frame.data):
                    self.links.receive(link, Channel.EVENTS, reply, now=self.now)

    def say(self, insider: Insider, link: LinkId, frame: Frame | bytes, *, channel: Channel = Channel.EVENTS) -> None:
        self.links.receive(link, channel, insider.seal(frame, channel=channel), now=self.now)

    def linked(self, insider: Insider, *, attempt: bytes = b"attempt.") -> LinkId:
        """They offered, and the link is open."""
        link = self.answering(insider, attempt=attempt)
        self.shake(insider, link, role=Role.INITIATOR)
        self.say(insider, link, insider.introduction())
        [linked] = self.take(Linked)
        assert linked.member == insider.member_id
        return link

    @property
    def waiting(self) -> list[PeerId]:
        return self.links.attempts.waiting()


def bob(peer_id: str = LARGER) -> Insider:
    return Insider("bob", peer_id=peer_id)
