"""What an admin's client does unasked in a private room, and how fast.

It turns joins into grants, ends invites that are over, and puts a new open link in the place of one that somebody knows
whom a moderator has removed. Made-up identities cost a stranger nothing, and grants are kept for ever: so these have a
pace and an end, and where it is reached the open links are ended. Whatever we may not do is left to those who may.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ..config import Config
from ..errors import NotAllowed
from ..keys.room_keys import derive_invite_key
from ..log import acts
from ..log.acts import SKEW_MS, Act
from ..log.authority import Authority, InviteStanding
from ..log.control import Level
from .machine import earliest
from .membership import InviteSeed, Membership
from .pace import Pace

__all__ = ["SEED_BYTES", "Chores"]

SEED_BYTES = 16


@dataclass(slots=True)
class Chores:
    """Of one room; `now` is monotonic seconds."""

    membership: Membership
    config: Config
    random_bytes: Callable[[int], bytes]
    wall_ms: Callable[[], int]
    next_at: float | None = field(default=None, init=False)
    """When there is something to do though nothing new has come in."""
    is_full: bool = field(default=False, init=False)
    """Open links were ended, since the room has as many members as we let in by ourselves."""
    _pace: Pace | None = field(default=None, init=False)

    def take_full(self) -> bool:
        """Whether the room has become full; told once."""
        taken, self.is_full = self.is_full, False
        return taken

    def is_due(self, *, now: float) -> bool:
        """Whether it is time, though nothing new has come in."""
        return self.next_at is not None and now >= self.next_at

    def do(self, *, now: float) -> list[bytes]:
        """Events of ours, to be told to everybody."""
        self.next_at = None
        authority = self.membership.authority
        if authority is None or authority.level_of(self.membership.me) < Level.ADMIN:
            return []
        told = self._write(self._grants(authority, now=now))
        told += self._write(self._ends())
        told += self._rotate()
        self._plan(now=now)
        return told

    def _write(self, doing: list[Act]) -> list[bytes]:
        """Nothing where we may not: chores are nobody's wish, so nobody is told."""
        try:
            return self.membership.write(doing, now_ms=self.wall_ms()) if doing else []
        except NotAllowed:
            return []

    # ---- letting in

    def _grants(self, authority: Authority, *, now: float) -> list[Act]:
        """Those that are due, as many as pace and room allow; instead, if there is no room, the end of open links."""
        due, left = self.membership.grants_due(), self._room_left(authority)
        if due and left == 0:
            self.is_full = True
            return [act for one in _open_invites(authority) for act in self._end(authority, one)]
        pace = self._pace_at(now)
        granted = 0
        while granted < min(len(due), left) and pace.spend(now=now):
            granted += 1
        if granted < min(len(due), left):
            self.next_at = now + 1 / self.config.automatic_grants_per_s
        return due[:granted]

    def _room_left(self, authority: Authority) -> int:
        """How many more are let in by ourselves."""
        confirmed = len(authority.members) - len(authority.unconfirmed)
        return max(0, min(self.config.max_members - confirmed, self.membership.spare))

    def _pace_at(self, now: float) -> Pace:
        if self._pace is None:
            config = self.config
            self._pace = Pace(burst=config.automatic_grants_burst, per_s=config.automatic_grants_per_s, now=now)
        return self._pace

    # ---- ending invites

    def _ends(self) -> list[Act]:
        return self.membership.uninvites_due(now_ms=self.wall_ms())

    def _end(self, authority: Authority, invite: InviteStanding) -> list[Act]:
        return acts.uninvite(authority, self.membership.me, key=invite.key)

    def _rotate(self) -> list[bytes]:
        """Where a moderator has removed somebody, who cannot end invites."""
        authority = self.membership.authority
        if authority is None or not authority.exposed:
            return []
        keys = {one.key for one in authority.exposed}
        told = self._write([act for one in authority.exposed for act in self._end(authority, one)])
        invite = self.membership.invite
        if told and invite is not None and derive_invite_key(invite.seed, self.membership.room_id).public_key in keys:
            told += self._replace()
        return told

    def _replace(self) -> list[bytes]:
        """The standing link of the room, under a new seed."""
        authority, made = self.membership.authority, InviteSeed(self.random_bytes(SEED_BYTES), is_open=True)
        assert authority is not None
        key = derive_invite_key(made.seed, self.membership.room_id).public_key
        told = self._write(acts.invite(authority, self.membership.me, key=key, is_open=True, expires_ms=0))
        if told:
            self.membership.invite = made
        return told

    # ---- time

    def _plan(self, *, now: float) -> None:
        """When the next open link is over."""
        authority, wall_ms = self.membership.authority, self.wall_ms()
        assert authority is not None
        ends = [one.expires_ms + SKEW_MS + 1 for one in _open_invites(authority) if one.expires_ms]
        ahead = [ms for ms in ends if ms > wall_ms]
        if ahead:
            self.next_at = earliest(self.next_at, now + (min(ahead) - wall_ms) / 1000)


def _open_invites(authority: Authority) -> list[InviteStanding]:
    return [one for one in authority.invitations if one.is_open and not one.is_revoked]
