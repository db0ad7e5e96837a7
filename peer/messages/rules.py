"""Who may say what on the message plane, by all that is known of the control log.

In a private room each message event cites one right of its author, a grant or a join. It counts if that right counts
(`Authority.covers`: up to the cuts of whatever ended it), is older than the event, and is high enough for its kind.
What an event does to a message of somebody else, its author's level decides; see `takes_back`. A public room has no
control log: whoever is there may speak, and nobody is above anybody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ..ids import MemberId
from ..log.authority import Authority
from ..log.control import Level
from ..log.event import EventId
from .bodies import Kind, SlowMode
from .said import Said

__all__ = [
    "PrivateRules",
    "PublicRules",
    "Rules",
    "UnknownRules",
    "WaitingRules",
    "least_level",
    "may_edit",
    "takes_back",
]


_WORDS = {Kind.TEXT, Kind.EDIT}


class Rules(Protocol):
    """The answers; a value, made anew when the control log changed."""

    def level_of(self, said: Said) -> Level:
        """The level that an event counts with; NOBODY where it is void."""

    def knows(self, said: Said) -> bool:
        """Whether the right that it cites is known, be it void; else the control log may have more to say."""

    def is_somebody(self, author: bytes) -> bool:
        """Whether this key was ever given any right, void or not: nothing is kept of strangers."""

    def is_member(self, member: MemberId) -> bool: ...

    def others(self, me: MemberId) -> frozenset[MemberId] | None:
        """All members but ourselves; None where nobody knows."""

    def right_of(self, me: MemberId, least: Level) -> EventId | None:
        """What to cite: the lowest right that is enough, since it outlives the others; None where we may not."""

    def hlc_of(self, right: EventId) -> int:
        """The clock value of a right that we cite; 0 for none."""

    def horizon_of(self, member: MemberId, *, linked_hlc: int) -> int:
        """What was said before this clock value is not handed to this member."""

    def since(self, member: MemberId) -> int | None:
        """Clock value from which on this member is one; None where nobody knows."""


def least_level(said: Said) -> Level:
    """From which level on anybody may say this."""
    if said.kind is Kind.PIN:
        return Level.MODERATOR
    if said.kind is Kind.SETTING:
        return Level.MODERATOR if isinstance(said.body, SlowMode) else Level.ADMIN
    return Level.MEMBER


def may_edit(edit: Said, message: Said) -> bool:
    """Nobody but its author rewrites a message."""
    return edit.author == message.author and edit.anchor == message.place and message.kind is Kind.TEXT


def takes_back(delete: Said, said: Said, level: Level) -> bool:
    """Whether a deletion of this level takes these words back: its author's, or anybody's if it is a moderator's."""
    is_about_it = delete.anchor == said.anchor and said.kind in _WORDS
    return is_about_it and (delete.author == said.author or level >= Level.MODERATOR)


class PublicRules:
    """Of a room where whoever is there is a member."""

    def level_of(self, said: Said) -> Level:
        is_enough = least_level(said) <= Level.MEMBER and not said.event.header.auth
        return Level.MEMBER if is_enough else Level.NOBODY

    def knows(self, said: Said) -> bool:  # noqa: ARG002 - there is nothing to know
        return True

    def is_somebody(self, author: bytes) -> bool:  # noqa: ARG002
        return True

    def is_member(self, member: MemberId) -> bool:  # noqa: ARG002
        return True

    def others(self, me: MemberId) -> frozenset[MemberId] | None:  # noqa: ARG002
        return None

    def right_of(self, me: MemberId, least: Level) -> EventId | None:  # noqa: ARG002
        return EventId(b"") if least <= Level.MEMBER else None

    def hlc_of(self, right: EventId) -> int:  # noqa: ARG002
        return 0

    def horizon_of(self, member: MemberId, *, linked_hlc: int) -> int:  # noqa: ARG002
        return 0

    def since(self, member: MemberId) -> int | None:  # noqa: ARG002
        return None


_ALL, _SINCE_JOIN = 0, 1


@dataclass(frozen=True, slots=True)
class PrivateRules:
    """Of a room with a control log."""

    authority: Authority

    def level_of(self, said: Said) -> Level:
        level = self.authority.level_behind(said.event)
        return level if level >= least_level(said) else Level.NOBODY

    def knows(self, said: Said) -> bool:
        auth = EventId(said.event.header.auth)
        return not auth or self.authority.holds(auth)

    def is_somebody(self, author: bytes) -> bool:
        return self.authority.knows_author(author)

    def is_member(self, member: MemberId) -> bool:
        return self.authority.is_member(member)

    def others(self, me: MemberId) -> frozenset[MemberId] | None:
        return frozenset(self.authority.members) - {me}

    def right_of(self, me: MemberId, least: Level) -> EventId | None:
        if me in self.authority.owners:
            return EventId(b"")
        enough = [standing.id for standing in self.authority.standings_of(me) if standing.level >= least]
        return enough[-1] if enough else None

    def hlc_of(self, right: EventId) -> int:
        return self.authority.hlc_of(right)

    def horizon_of(self, member: MemberId, *, linked_hlc: int) -> int:
        policy = self.authority.genesis.history
        if policy == _ALL:
            return 0
        return self.since(member) if policy == _SINCE_JOIN else linked_hlc

    def since(self, member: MemberId) -> int:
        return self.authority.since(member)


class UnknownRules:
    """Of a private room whose control log we do not know yet: nobody is heard, and what we say waits as a draft."""

    def level_of(self, said: Said) -> Level:  # noqa: ARG002 - nothing counts
        return Level.NOBODY

    def knows(self, said: Said) -> bool:  # noqa: ARG002
        return False

    def is_somebody(self, author: bytes) -> bool:  # noqa: ARG002
        return False

    def is_member(self, member: MemberId) -> bool:  # noqa: ARG002
        return False

    def others(self, me: MemberId) -> frozenset[MemberId] | None:  # noqa: ARG002
        return frozenset()

    def right_of(self, me: MemberId, least: Level) -> EventId | None:  # noqa: ARG002
        """We shall see; nothing is sealed before the first member is linked."""
        return EventId(b"") if least <= Level.MEMBER else None

    def hlc_of(self, right: EventId) -> int:  # noqa: ARG002
        return 0

    def horizon_of(self, member: MemberId, *, linked_hlc: int) -> int:  # noqa: ARG002
        return linked_hlc

    def since(self, member: MemberId) -> int | None:  # noqa: ARG002
        return None


@dataclass(frozen=True, slots=True)
class WaitingRules(PrivateRules):
    """Of a private room in whose lobby we are: what we say waits as a draft until we are let in."""

    def right_of(self, me: MemberId, least: Level) -> EventId | None:
        right = PrivateRules.right_of(self, me, least)
        return EventId(b"") if right is None and least <= Level.MEMBER else right
