"""Two handshakes and the wire between them, without chance: the usual fixture of handshake tests."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from peer.crypto.exchange import SUITE_X25519, Established, Role
from peer.crypto.handshake import Handshake
from peer.crypto.identity import Identity
from peer.ids import MemberId, Topic

__all__ = [
    "ANNA",
    "BODO",
    "FINGERPRINT_I",
    "FINGERPRINT_R",
    "GATE",
    "TOPIC",
    "Chance",
    "Doorman",
    "Pair",
    "initiator",
    "responder",
]

GATE = bytes(range(32))
TOPIC = Topic("YSByb29tIG9mIG91ciBvd24")
FINGERPRINT_I = hashlib.sha256(b"certificate of the initiator").digest()
FINGERPRINT_R = hashlib.sha256(b"certificate of the responder").digest()
ANNA = Identity.from_seed(hashlib.sha256(b"Anna").digest())
BODO = Identity.from_seed(hashlib.sha256(b"Bodo").digest())


@dataclass
class Chance:
    """Random bytes that are the same in each run; notes how many were taken, each time."""

    seed: bytes
    taken: list[int] = field(default_factory=list)

    def __call__(self, count: int) -> bytes:
        self.taken.append(count)
        return hashlib.shake_256(self.seed + len(self.taken).to_bytes(4, "big")).digest(count)


@dataclass
class Doorman:
    """An `authorise` that remembers whom it was asked for."""

    admits: bool = True
    asked: list[MemberId] = field(default_factory=list)

    def __call__(self, member: MemberId) -> bool:
        self.asked.append(member)
        return self.admits


def initiator(**changes: Any) -> Handshake:
    """Anna, who offered, in suite 1; any argument can be changed."""
    defaults: dict[str, Any] = {
        "role": Role.INITIATOR,
        "identity": ANNA,
        "gate": GATE,
        "topic": TOPIC,
        "local_fingerprint": FINGERPRINT_I,
        "remote_fingerprint": FINGERPRINT_R,
        "authorise": Doorman(),
        "random_bytes": Chance(b"initiator"),
        "suites": (SUITE_X25519,),
    }
    return Handshake(**(defaults | changes))


def responder(**changes: Any) -> Handshake:
    """Bodo, who answered; any argument can be changed."""
    defaults: dict[str, Any] = {
        "role": Role.RESPONDER,
        "identity": BODO,
        "local_fingerprint": FINGERPRINT_R,
        "remote_fingerprint": FINGERPRINT_I,
        "random_bytes": Chance(b"responder"),
    }
    return initiator(**(defaults | changes))


@dataclass
class Pair:
    """Both sides; each step hands over one frame and keeps it."""

    left: Handshake = field(default_factory=initiator)
    right: Handshake = field(default_factory=responder)
    frames: list[bytes] = field(default_factory=list)
    """As sent: hello of the left, hello of the right, messages 1, 2 and 3."""

    def greet(self) -> None:
        self.frames += self.left.start() + self.right.start()

    def swap_hellos(self) -> None:
        """Leaves message 1 as the last frame."""
        assert self.right.receive(self.frames[0]) == []
        self.frames += self.left.receive(self.frames[1])

    def pass_message_1(self) -> None:
        self.frames += self.right.receive(self.frames[2])

    def pass_message_2(self) -> None:
        self.frames += self.left.receive(self.frames[3])

    def pass_message_3(self) -> None:
        assert self.right.receive(self.frames[4]) == []

    def run(self) -> Pair:
        for step in (self.greet, self.swap_hellos, self.pass_message_1, self.pass_message_2, self.pass_message_3):
            step()
        return self

    @classmethod
    def of_suite(cls, suite: int) -> Pair:
        return cls(initiator(suites=(suite,)), responder(suites=(suite,)))

    @property
    def ends(self) -> tuple[Established, Established]:
        assert self.left.established is not None
        assert self.right.established is not None
        return self.left.established, self.right.established
