"""Both ends of a living link, as keys alone: the usual fixture of rekey tests."""

from __future__ import annotations

from dataclasses import dataclass, field

from peer.crypto.exchange import SUITE_X25519
from peer.crypto.identity import Identity
from peer.crypto.rekey import EVENTS, LinkKeys

from .link_pair import ANNA, BODO, Chance, Pair

__all__ = ["CHANNELS", "KeyPair", "deliver"]

CHANNELS = (EVENTS, "ephemeral")


@dataclass
class KeyPair:
    """`left` offered the link."""

    suite: int = SUITE_X25519
    left_identity: Identity = ANNA
    right_identity: Identity = BODO
    left_chance: Chance = field(default_factory=lambda: Chance(b"left keys"))
    left: LinkKeys = field(init=False)
    right: LinkKeys = field(init=False)
    wire: list[bytes] = field(default_factory=list)
    """Every frame of events, as sent."""

    def __post_init__(self) -> None:
        left, right = Pair.of_suite(self.suite).run().ends
        self.left = LinkKeys(left, identity=self.left_identity, random_bytes=self.left_chance)
        self.right = LinkKeys(right, identity=self.right_identity, random_bytes=Chance(b"right keys"))
        for keys in (self.left, self.right):
            for channel in CHANNELS:
                keys.cipher(channel)

    def rekey(self) -> KeyPair:
        """All four messages, in order."""
        frames, sender = self.left.start(), self.left
        while frames:
            self.wire += frames
            sender = self.right if sender is self.left else self.left
            frames = [reply for frame in frames for reply in deliver(sender, frame)]
        return self

    def talk(self) -> None:
        """Each channel works in both directions."""
        for channel in CHANNELS:
            for sender, receiver in ((self.left, self.right), (self.right, self.left)):
                frame = sender.cipher(channel).seal(b"words")
                assert receiver.cipher(channel).open(frame) == b"words"


def deliver(keys: LinkKeys, frame: bytes) -> list[bytes]:
    """One frame of events that holds a message of a rekey; what is sent in return."""
    return keys.receive(keys.cipher(EVENTS).open(frame))
