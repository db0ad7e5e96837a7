"""The four verbs and the outputs: how the pure core asks for effects.

A driver feeds one input, drains `outputs()` and carries them out in order, arms one timer for `next_deadline()`, and
only then feeds the next input. `now` is always the driver's monotonic clock in seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from ..events import Event
from ..ids import PeerId, short
from ..ports import Channel, Signal
from .history_outputs import Save

__all__ = [
    "AcceptAnswer",
    "AcceptOffer",
    "AddCandidate",
    "CloseLink",
    "CreateOffer",
    "LinkId",
    "Notify",
    "Output",
    "ProbeSeat",
    "Save",
    "SendSignal",
    "Transmit",
    "earliest",
]


@dataclass(frozen=True, slots=True)
class LinkId:
    """One attempt at a link with one peer; `attempt` is what the offerer chose."""

    peer: PeerId
    attempt: bytes

    def __str__(self) -> str:
        return f"{short(self.peer)}/{self.attempt.hex()[:4]}"


@dataclass(frozen=True, slots=True)
class CreateOffer:
    """Make a link and its offer; answer with `offer_created`, or `link_closed`."""

    link: LinkId


@dataclass(frozen=True, slots=True)
class AcceptOffer:
    """Make a link for their offer; answer with `answer_created`, or `link_closed`."""

    link: LinkId
    sdp: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AcceptAnswer:
    """Apply their answer; answer with `answer_accepted`, or `link_closed`."""

    link: LinkId
    sdp: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AddCandidate:
    """Apply one trickled candidate."""

    link: LinkId
    candidate: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CloseLink:
    """Flush and close; the core has forgotten the link already."""

    link: LinkId
    reason: str


@dataclass(frozen=True, slots=True)
class Transmit:
    """Bytes for one data channel."""

    link: LinkId
    channel: Channel
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SendSignal:
    """An envelope for the signaling server."""

    signal: Signal


@dataclass(frozen=True, slots=True)
class ProbeSeat:
    """A link is in trouble: what broke it may have broken our connection to the server, which makes the next one."""


@dataclass(frozen=True, slots=True)
class Notify:
    """A fact for the bot."""

    event: Event


Output: TypeAlias = (
    CreateOffer
    | AcceptOffer
    | AcceptAnswer
    | AddCandidate
    | CloseLink
    | Transmit
    | SendSignal
    | ProbeSeat
    | Save
    | Notify
)


def earliest(*deadlines: float | None) -> float | None:
    """The first of some deadlines; None where there is none."""
    known = [deadline for deadline in deadlines if deadline is not None]
    return min(known) if known else None
