"""One proven link of a private room as its lobby sees it: what it may cost us, and what is to be done with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from ..config import Config
from ..ids import MemberId
from ..wire.frames import ControlFrame
from .exchange import Exchange
from .machine import LinkId
from .pace import Pace

__all__ = ["Cut", "Entry", "Greet", "Order", "Tell", "entry_of"]


@dataclass(frozen=True, slots=True)
class Tell:
    """Send this."""

    link: LinkId
    frame: ControlFrame


@dataclass(frozen=True, slots=True)
class Greet:
    """Both ends are members: introduce ourselves."""

    link: LinkId


@dataclass(frozen=True, slots=True)
class Cut:
    """End it, without a word but about a flood."""

    link: LinkId
    reason: str
    is_removal: bool = False
    """Its other end was a member, or might have been, and may be none any more."""
    is_flood: bool = False
    """Its other end sent too much: it may hear so, and is not linked for a while."""


Order: TypeAlias = Tell | Greet | Cut
"""What is to be done with a link."""


@dataclass(slots=True, eq=False)
class Entry:
    """One proven link."""

    link: LinkId
    remote: MemberId
    exchange: Exchange
    frames: Pace
    events: Pace
    full_answers: Pace
    since: float
    """When the handshake was done."""
    name: str = ""
    """What a newcomer says it is called."""
    has_our_name: bool = False
    has_joined: bool = False
    """It brought a join, which was taken."""
    has_left_over: bool = False
    """It told us what we could not take then."""
    is_greeted: bool = False
    is_cut: bool = False


def entry_of(link: LinkId, remote: MemberId, exchange: Exchange, *, config: Config, now: float) -> Entry:
    """A link that has just been proven."""
    return Entry(
        link,
        remote,
        exchange,
        frames=Pace(burst=config.control_burst, per_s=config.control_frames_per_s, now=now),
        events=Pace(burst=2 * config.max_control_events, per_s=config.control_events_per_s, now=now),
        full_answers=Pace(burst=1, per_s=1 / config.full_answer_every_s, now=now),
        since=now,
    )
