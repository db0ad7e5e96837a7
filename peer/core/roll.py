"""Who belongs to a room though they may be away, and what is known of them without a link."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from ..crypto.identity import member_id_of, public_key_of
from ..ids import MemberId
from ..log.event import ms_of
from ..messages.holdings import Holdings
from ..messages.profiles import Profiles
from .membership import Membership

__all__ = ["NobodyElse", "Roll", "RoomRoll"]


class Roll(Protocol):
    """What `Company` asks about members that it has not met."""

    def everybody(self) -> Collection[MemberId]:
        """All members, as far as anybody keeps count."""

    def name_of(self, member: MemberId) -> str:
        """What this member calls itself here; empty where nobody has told us."""

    def last_seen(self, member: MemberId) -> datetime | None:
        """UTC; the latest that is known of when this member was here; None where nothing is."""


class NobodyElse:
    """Of a room of which nothing is kept."""

    def everybody(self) -> Collection[MemberId]:
        return ()

    def name_of(self, member: MemberId) -> str:  # noqa: ARG002
        return ""

    def last_seen(self, member: MemberId) -> datetime | None:  # noqa: ARG002
        return None


@dataclass(frozen=True, slots=True)
class RoomRoll:
    """By control log, profiles and messages."""

    membership: Membership
    profiles: Profiles
    holdings: Holdings

    def everybody(self) -> Collection[MemberId]:
        """Nobody, while we wait in the lobby: who is in is the members' business."""
        authority = self.membership.authority
        return authority.members.keys() if authority is not None and self.membership.are_we_in else ()

    def name_of(self, member: MemberId) -> str:
        return self.profiles.name_of(public_key_of(member))

    def last_seen(self, member: MemberId) -> datetime | None:
        """When it last said something that is kept, or came; by its own clock, or that of who let it in."""
        authority = self.membership.authority
        came = authority.since(member) if authority is not None and authority.is_member(member) else 0
        hlc = max(came, self.holdings.logs.last_of(public_key_of(member)))
        return datetime.fromtimestamp(ms_of(hlc) / 1000, UTC) if hlc else None

    def rank_of(self, key: bytes) -> int:
        """Whose name is worth more: of a member, or, where nobody keeps count, of who said something that is kept."""
        rules = self.holdings.rules
        if not rules.is_somebody(key):
            return 0
        if self.membership.is_public:
            return 2 if self.holdings.logs.last_of(key) else 1
        return 2 if rules.is_member(member_id_of(key)) else 1
