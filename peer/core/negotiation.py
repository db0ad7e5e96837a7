"""Offer and answer with one peer (RFC 9429), reduced to what a link of ours needs: no renegotiation, ever.

Each attempt at a link has an id that its offerer chose; only one attempt is under way at a time. If both sides offer
at once (glare), the offer of the smaller peer id stands: the other side is polite and rolls its own back. An offer for
a new attempt beats whatever else is under way, because its sender has given that up. The table is the whole decision.
An attempt is begun once: its offer, repeated by whomever, is passed over while we remember it.
"""

from __future__ import annotations

from collections import deque
from enum import Enum, auto

from ..ids import PeerId

__all__ = ["Negotiation", "Stage", "Verdict"]

_REMEMBERED_ATTEMPTS = 16
"""Per peer; a server that keeps older offers to play them again wins an attempt that times out, and no more."""


class Stage(Enum):
    """How far the attempt under way has come."""

    IDLE = auto()
    OFFERING = auto()
    """Our offer is being made or was sent."""
    ANSWERING = auto()
    """Their offer is being answered."""
    CONNECTING = auto()
    """Both descriptions are exchanged."""


class Verdict(Enum):
    """What to do with an offer."""

    ACCEPT = auto()
    REPLACE = auto()
    """Drop the attempt under way, then accept."""
    IGNORE = auto()


_ON_OFFER: dict[tuple[Stage, bool], Verdict] = {
    # (stage, polite)
    (Stage.IDLE, False): Verdict.ACCEPT,
    (Stage.IDLE, True): Verdict.ACCEPT,
    (Stage.OFFERING, False): Verdict.IGNORE,
    (Stage.OFFERING, True): Verdict.REPLACE,
    (Stage.ANSWERING, False): Verdict.REPLACE,
    (Stage.ANSWERING, True): Verdict.REPLACE,
    (Stage.CONNECTING, False): Verdict.REPLACE,
    (Stage.CONNECTING, True): Verdict.REPLACE,
}


class Negotiation:
    """The attempt under way with one peer."""

    def __init__(self, *, our_id: PeerId, their_id: PeerId) -> None:
        self.is_polite = their_id < our_id
        self.stage = Stage.IDLE
        self.attempt: bytes | None = None
        self._past: deque[bytes] = deque(maxlen=_REMEMBERED_ATTEMPTS)

    def start(self, attempt: bytes) -> None:
        """We offer; only while idle."""
        assert self.stage is Stage.IDLE, f"cannot offer while {self.stage.name.lower()}"
        self._move(Stage.OFFERING, attempt)

    def receive_offer(self, attempt: bytes) -> Verdict:
        """Their offer came; unless it is ignored, we are answering it now."""
        if attempt == self.attempt or attempt in self._past:
            return Verdict.IGNORE
        verdict = _ON_OFFER[self.stage, self.is_polite]
        if verdict is not Verdict.IGNORE:
            self._move(Stage.ANSWERING, attempt)
        return verdict

    def receive_answer(self, attempt: bytes) -> bool:
        """Their answer came; False if it answers nothing that we asked, or a second time."""
        if self.stage is not Stage.OFFERING or attempt != self.attempt:
            return False
        self.stage = Stage.CONNECTING
        return True

    def answered(self) -> None:
        """Our answer is on its way."""
        assert self.stage is Stage.ANSWERING, f"cannot answer while {self.stage.name.lower()}"
        self.stage = Stage.CONNECTING

    def end(self) -> None:
        """The attempt became a link, or failed."""
        self._move(Stage.IDLE, None)

    def _move(self, stage: Stage, attempt: bytes | None) -> None:
        if self.attempt is not None:
            self._past.append(self.attempt)
        self.stage = stage
        self.attempt = attempt
