"""The handshake of a link: two strangers on a data channel become two proven members with fresh keys.

docs/protocol.md, "Handshake". Here are the hellos, the choice of the suite and what is bound; the messages that follow
are those of `exchange`, which says what is promised. In addition: both sides saw the same hellos, topic and
fingerprints, so whoever takes a suite out of a hello ends the link; and no identity is spoken to in a suite below the
best that it ever used with us. Identities are not hidden from members, and signatures cannot be denied.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import InitVar, dataclass

from ..encoding import length_prefixed
from ..errors import BadSetting, HandshakeFailed
from ..ids import MemberId, Topic
from . import labels
from .exchange import SUITES, Established, OneTry, Role, Steps, Terms, steps_of
from .identity import Identity

__all__ = ["FINGERPRINT_BYTES", "SUITES", "Established", "Handshake", "Role"]

FINGERPRINT_BYTES = 32

_HELLO_HEAD = b"\x00speaktube\x01"
_MAX_HELLO_BYTES = 64


@dataclass(kw_only=True, repr=False, eq=False)
class Handshake(OneTry):
    """One side of one try, and all that is bound together; see `OneTry`."""

    role: Role
    identity: Identity
    gate: InitVar[bytes]
    topic: Topic
    local_fingerprint: bytes
    remote_fingerprint: bytes
    authorise: Callable[[MemberId], bool]
    random_bytes: Callable[[int], bytes]
    suites: tuple[int, ...] = SUITES
    """Those we accept, so the smallest is our minimum."""
    best_suite: Callable[[MemberId], int] = lambda _: 0
    """That this identity ever used with us, or 0; the caller remembers it."""

    def __post_init__(self, gate: bytes) -> None:
        """Raise BadSetting for what cannot be bound."""
        if {len(self.local_fingerprint), len(self.remote_fingerprint)} != {FINGERPRINT_BYTES}:
            raise BadSetting(f"a fingerprint has {FINGERPRINT_BYTES} bytes: the SHA-256 of a certificate")
        if not self.suites or not set(self.suites) <= set(SUITES):
            raise BadSetting(f"the suites are {SUITES}, at least one of them: set min_suite to one of these")
        super().__init__(self._greet(gate))

    def _greet(self, gate: bytes) -> Steps:
        """Both hellos, then the exchange."""
        hello = yield [self._hello()]
        suite = _choose_suite(self.suites, hello)
        terms = Terms(
            role=self.role,
            suite=suite,
            psk=gate,
            prologue=self._prologue(hello),
            identity=self.identity,
            admit=lambda remote: self._admit(remote, suite),
            random_bytes=self.random_bytes,
        )
        return (yield from steps_of(terms))

    def _hello(self) -> bytes:
        """00 | "speaktube" | version 01 | suites, one byte each"""
        return _HELLO_HEAD + bytes(self.suites)

    def _prologue(self, remote_hello: bytes) -> bytes:
        """LP(label, topic, hello_I, hello_R, fingerprint_I, fingerprint_R), the same on both sides."""
        hellos = [self._hello(), remote_hello]
        fingerprints = [self.local_fingerprint, self.remote_fingerprint]
        if self.role is Role.RESPONDER:
            hellos.reverse()
            fingerprints.reverse()
        return length_prefixed(labels.LINK_PROLOGUE, self.topic.encode(), *hellos, *fingerprints)

    def _admit(self, remote: MemberId, suite: int) -> None:
        """Raise HandshakeFailed unless who was proven is wanted."""
        if remote == self.identity.member_id:
            raise HandshakeFailed("our own identity came back")
        if suite < self.best_suite(remote):
            raise HandshakeFailed("this identity has used a better suite before")
        if not self.authorise(remote):
            raise HandshakeFailed("this identity is not wanted here")


def _choose_suite(ours: tuple[int, ...], hello: bytes) -> int:
    """The highest that the other side's hello names too; it may name unknown ones."""
    if len(hello) > _MAX_HELLO_BYTES or not hello.startswith(_HELLO_HEAD):
        raise HandshakeFailed("not a hello of this version")
    common = set(ours) & set(hello[len(_HELLO_HEAD) :])
    if not common:
        raise HandshakeFailed("no suite in common")
    return max(common)
