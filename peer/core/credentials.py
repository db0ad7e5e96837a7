"""What a link needs to be made: who we are, what opens the gate, and whom we let in how far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ..crypto.identity import Identity
from ..ids import MemberId
from ..keys.room_keys import RoomKeys
from ..log.event import VerifyAll
from .suites import Suites

__all__ = ["Credentials", "Door"]


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """Who we are and what opens the gate."""

    identity: Identity
    keys: RoomKeys
    random_bytes: Callable[[int], bytes]
    suites: Suites = field(default_factory=Suites)
    verify_all: VerifyAll | None = None
    """For many events at once; None: one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Who may come in, and how far."""

    authorise: Callable[[MemberId], bool]
    """Whether this identity may be here at all, be it in the lobby."""
    has_lobby: bool
    """False in a public room: whoever is authorised is a member."""
    admits: Callable[[MemberId], bool]
    """Whether this identity and ourselves are members, by all that we know."""
