"""The handshake of a link: two strangers on a data channel become two proven members with fresh keys.

docs/protocol.md, "Handshake". Here are the hellos, the choice of the suite and what is bound; the messages that follow
are those of `exchange`, which says what is promised. In addition: both sides saw the same hellos, topic and
fingerprints, so whoever takes a suite out of a hello ends the link; and no identity is spoken to in a suite below the
best that it ever used with us. Identities are not hidden from members, and signatures cannot be denied.
"""

from __future__ import annotations

from collections.abc import Callable

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


class Handshake(OneTry):
    """One side of one try; see `OneTry`."""

    def __init__(  # noqa: PLR0913 - all that is bound together, by name
        self,
        *,
        role: Role,
        identity: Identity,
        gate: bytes,
        topic: Topic,
        local_fingerprint: bytes,
        remote_fingerprint: bytes,
        authorise: Callable[[MemberId], bool],
        random_bytes: Callable[[int], bytes],
        suites: tuple[int, ...] = SUITES,
        best_suite: Callable[[MemberId], int] = lambda _: 0,
    ) -> None:
        """`suites`: those we accept, so the smallest is our minimum. `best_suite`: that this identity ever used with
        us, or 0; the caller remembers it. Raise BadSetting for what cannot be bound.
        """
        if {len(local_fingerprint), len(remote_fingerprint)} != {FINGERPRINT_BYTES}:
            raise BadSetting(f"a fingerprint has {FINGERPRINT_BYTES} bytes: the SHA-256 of a certificate")
        if not suites or not set(suites) <= set(SUITES):
            raise BadSetting(f"the suites are {SUITES}, at least one of them: set min_suite to one of these")
        super().__init__(self._greet(gate, random_bytes))
        self._role = role
        self._identity = identity
        self._topic = topic
        self._local_fingerprint = local_fingerprint
        self._remote_fingerprint = remote_fingerprint
        self._authorise = authorise
        self._suites = suites
        self._best_suite = best_suite

    def _greet(self, gate: bytes, random_bytes: Callable[[int], bytes]) -> Steps:
        """Both hellos, then the exchange."""
        hello = yield [self._hello()]
        suite = _choose_suite(ours=self._suites, theirs=_suites_of(hello))
        terms = Terms(
            role=self._role,
            suite=suite,
            psk=gate,
            prologue=self._prologue(hello),
            identity=self._identity,
            admit=lambda remote: self._admit(remote, suite),
            random_bytes=random_bytes,
        )
        return (yield from steps_of(terms))

    def _hello(self) -> bytes:
        """00 | "speaktube" | version 01 | suites, one byte each"""
        return _HELLO_HEAD + bytes(self._suites)

    def _prologue(self, remote_hello: bytes) -> bytes:
        """LP(label, topic, hello_I, hello_R, fingerprint_I, fingerprint_R), the same on both sides."""
        hellos = [self._hello(), remote_hello]
        fingerprints = [self._local_fingerprint, self._remote_fingerprint]
        if self._role is Role.RESPONDER:
            hellos.reverse()
            fingerprints.reverse()
        return length_prefixed(labels.LINK_PROLOGUE, self._topic.encode(), *hellos, *fingerprints)

    def _admit(self, remote: MemberId, suite: int) -> None:
        """Raise HandshakeFailed unless who was proven is wanted."""
        if remote == self._identity.member_id:
            raise HandshakeFailed("our own identity came back")
        if suite < self._best_suite(remote):
            raise HandshakeFailed("this identity has used a better suite before")
        if not self._authorise(remote):
            raise HandshakeFailed("this identity is not wanted here")


def _suites_of(hello: bytes) -> bytes:
    """The suites that a hello names, known or not."""
    if len(hello) > _MAX_HELLO_BYTES or not hello.startswith(_HELLO_HEAD):
        raise HandshakeFailed("not a hello of this version")
    return hello[len(_HELLO_HEAD) :]


def _choose_suite(*, ours: tuple[int, ...], theirs: bytes) -> int:
    """The highest in common."""
    common = set(ours) & set(theirs)
    if not common:
        raise HandshakeFailed("no suite in common")
    return max(common)
