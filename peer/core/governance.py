"""How we stand in a room, what we may do to others' standing, and what our client does unasked.

Every act is an event of the control log: written and kept first, then told on every link. `review` looks at all that
has come in since and says what is new. A public room is governed by nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TypeAlias

from ..config import Config
from ..errors import BadSetting, NotAllowed
from ..events import Role
from ..ids import MemberId
from ..keys.room_keys import derive_invite_key
from ..log import acts
from ..log.acts import Act
from ..log.authority import Authority, InviteStanding, InviteVerdict
from ..log.control import Cut, Level
from .chores import SEED_BYTES, Chores
from .lobby import Lobby
from .membership import InviteSeed, Membership

__all__ = ["Entered", "Fact", "Full", "Governance", "Removed", "RolesChanged", "Stage", "TurnedAway", "Waiting"]

_LEVELS: dict[str, Level] = {"admin": Level.ADMIN, "moderator": Level.MODERATOR, "member": Level.MEMBER}


class Stage(Enum):
    """How far we have come in."""

    KNOCKING = auto()
    """No member has told us yet what our invite is worth."""
    WAITING = auto()
    """An admin has to let us in."""
    IN = auto()
    OUT = auto()
    """Turned away, or removed."""


@dataclass(frozen=True, slots=True)
class Entered:
    """We are a member now."""


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """We are not let in: `code` as in `InviteRefused`."""

    code: str


@dataclass(frozen=True, slots=True)
class Removed:
    """We were a member, and are none any more."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody waits for an admin to let it in."""

    member: MemberId


@dataclass(frozen=True, slots=True)
class Full:
    """Our client lets nobody in any more, and has ended the open links."""

    members: int


@dataclass(frozen=True, slots=True)
class RolesChanged:
    """Somebody may do more or less than before."""


Fact: TypeAlias = Entered | TurnedAway | Removed | Waiting | RolesChanged | Full


@dataclass(slots=True)
class Governance:
    """Of one room."""

    membership: Membership
    lobby: Lobby
    random_bytes: Callable[[int], bytes]
    wall_ms: Callable[[], int]
    config: Config
    cuts: Callable[[MemberId], Sequence[Cut]] = lambda _: ()
    """How far we hold what a member said, which stands if it is removed or lowered: `History.cuts_of`."""
    stage: Stage = field(init=False)
    _chores: Chores = field(init=False)
    _seen: Authority | None = None
    _reviewed: tuple[int, int] = (-1, -1)
    _announced: dict[MemberId, str] = field(default_factory=dict)
    """Who waits, and was said to, and under which name."""

    def __post_init__(self) -> None:
        self.stage = Stage.IN if self.membership.are_we_in else Stage.KNOCKING
        self._chores = Chores(self.membership, self.config, self.random_bytes, self.wall_ms)

    # ---- what we see

    @property
    def waiting(self) -> tuple[MemberId, ...]:
        """Who waits to be let in, in the order they came."""
        authority = self.membership.authority
        return tuple(each.member for each in authority.pending) if authority else ()

    @property
    def may_admit(self) -> bool:
        return self._level >= Level.ADMIN

    def can_enter_soon(self, *, is_meeting: bool) -> bool:
        """Nobody has to make up their mind: logs are being brought level, or an admin's client lets us in by itself."""
        if self.stage is Stage.KNOCKING:
            return is_meeting or not self.lobby.is_settled
        authority = self.membership.authority
        if self.stage is not Stage.WAITING or authority is None or authority.genesis.needs_approval:
            return False
        return is_meeting or any(authority.level_of(remote) >= Level.ADMIN for remote in self.lobby.remotes())

    @property
    def open_invite(self) -> InviteSeed | None:
        """The invite for any number of guests that we hold, as long as it is good for them."""
        invite, membership = self.membership.invite, self.membership
        is_good = membership.judge_invite(now_ms=self.wall_ms()) is InviteVerdict.VALID
        return invite if invite is not None and invite.is_open and is_good else None

    def review(self, *, is_meeting: bool, has_tried_all: bool, now: float) -> list[Fact]:
        """What is new, after doing what our client does unasked.

        `is_meeting`: some first link is still being made. `has_tried_all`: one has at least failed with everybody.
        """
        if self.membership.is_public or self._is_over() or not self._is_due(now=now):
            return []
        self._do_chores(now=now)
        ours = self._review_ourselves(is_meeting=is_meeting, has_tried_all=has_tried_all)
        return ours if self._is_over() else [*ours, *self._review_others()]

    def _is_over(self) -> bool:
        return self.stage is Stage.OUT

    def next_deadline(self) -> float | None:
        """When our client has something to do though nothing new has come in."""
        return None if self._is_over() else self._chores.next_at

    def _is_due(self, *, now: float) -> bool:
        """Or each message would be looked at for what it changes in the room."""
        before, self._reviewed = self._reviewed, (self.membership.version, self.lobby.version)
        return self.stage is not Stage.IN or before != self._reviewed or self._chores.is_due(now=now)

    def _do_chores(self, *, now: float) -> None:
        if due := self._chores.do(now=now):
            self.lobby.publish(due, now=now)

    def _review_ourselves(self, *, is_meeting: bool, has_tried_all: bool) -> list[Fact]:
        membership = self.membership
        if membership.are_we_in:
            was_in, self.stage = self.stage is Stage.IN, Stage.IN
            return [] if was_in else [Entered()]
        if self.stage is Stage.IN:
            self.stage = Stage.OUT
            return [Removed()]
        if code := self._refusal(is_meeting=is_meeting, has_tried_all=has_tried_all):
            self.stage = Stage.OUT
            return [TurnedAway(code)]
        self.stage = Stage.WAITING if membership.are_we_waiting else Stage.KNOCKING
        return []

    def _refusal(self, *, is_meeting: bool, has_tried_all: bool) -> str:
        """Why we cannot come in; empty while we may hope."""
        if self.membership.is_barred(self.membership.me):  # unless we have been let in again since
            return "banned" if self.lobby.is_settled and has_tried_all else ""
        if self.membership.are_we_waiting or not self.lobby.has_heard_a_member:
            return ""
        verdict = self.membership.judge_invite(now_ms=self.wall_ms())
        is_certain = (self.lobby.is_settled and not is_meeting) or verdict is not InviteVerdict.UNKNOWN
        return str(verdict.value) if is_certain and verdict is not InviteVerdict.VALID else ""

    def _review_others(self) -> list[Fact]:
        facts: list[Fact] = [Waiting(each) for each in self._newly_waiting()]
        before, self._seen = self._seen, self.membership.authority
        if self._seen is not None and (before is None or before.members != self._seen.members):
            facts.append(RolesChanged())
        if self._chores.take_full():
            facts.append(Full(len(self._authority.members)))
        return facts

    def _newly_waiting(self) -> list[MemberId]:
        names, before = self.lobby.names(), self._announced
        self._announced = {each: names.get(each, before.get(each, "")) for each in self.waiting}
        return [each for each, name in self._announced.items() if before.get(each) != name]

    # ---- what we do; each raises NotAllowed

    def found(self, *, now: float) -> None:
        """The first act of a room: an invite for any number of guests."""
        self._invite_all(now=now)

    def invite(self, *, is_open: bool, expires_ms: int, now: float) -> InviteSeed:
        """A new invite; `expires_ms` since 1970, 0 never."""
        made = InviteSeed(self.random_bytes(SEED_BYTES), is_open)
        key = self._key(made.seed)
        self._do(acts.invite(self._authority, self._me, key=key, is_open=is_open, expires_ms=expires_ms), now=now)
        return made

    def uninvite(self, seed: bytes, *, now: float) -> None:
        """End an invite; members who came by it stay."""
        self._do(acts.uninvite(self._authority, self._me, key=self._key(seed)), now=now)

    def admit(self, member: MemberId, *, now: float) -> None:
        self._do(acts.admit(self._authority, self._me, member), now=now)

    def add(self, member: MemberId, *, now: float) -> InviteSeed:
        """Make somebody a member, if we may, or hand on the open invite; what its link is to hold."""
        if self.may_admit:
            if not self.membership.is_member(member):
                self.admit(member, now=now)
            return InviteSeed(self.random_bytes(SEED_BYTES), is_open=False)  # whoever else has it gets nowhere
        if (made := self.open_invite) is None:
            raise NotAllowed("add members", who="admins and owners")
        return made

    def promote(self, member: MemberId, role: Role, *, now: float) -> None:
        """Up or down; raise BadSetting for owner, which nobody can become."""
        if role not in _LEVELS:
            raise BadSetting(f"a member can be made {', '.join(_LEVELS)}, not {role!r}")
        cuts = self.cuts(member)
        self._do(acts.set_level(self._authority, self._me, member, _LEVELS[role], cuts=cuts), now=now)

    def demote(self, member: MemberId, role: Role, *, now: float) -> None:
        """Down alone; raise BadSetting for a role that is no lower than the member's."""
        if role not in _LEVELS or _LEVELS[role] >= self._authority.level_of(member):
            now_is = self.membership.role_of(member)
            raise BadSetting(
                f"this member is {now_is} now, which {role!r} is not below: choose a lower role, or promote"
            )
        self.promote(member, role, now=now)

    def resign(self, *, now: float) -> None:
        """Give up our own membership; owners cannot."""
        self._do(acts.leave(self._authority, self._me, cuts=self.cuts(self._me)), now=now)
        self.stage = Stage.OUT

    def kick(self, member: MemberId, *, now: float) -> None:
        """Remove a member for good, and end every open invite; a new one takes the place of those there were."""
        had_open = self.may_admit and any(each.is_open and not each.is_revoked for each in self._invites())
        self._do(acts.kick(self._authority, self._me, member, cuts=self.cuts(member)), now=now)
        if had_open:
            self._invite_all(now=now)

    def _invite_all(self, *, now: float) -> None:
        self.membership.invite = self.invite(is_open=True, expires_ms=0, now=now)

    def _do(self, doing: Iterable[Act], *, now: float) -> None:
        self.lobby.publish(self.membership.write(doing, now_ms=self.wall_ms()), now=now)

    @property
    def _me(self) -> MemberId:
        return self.membership.me

    @property
    def _level(self) -> Level:
        authority = self.membership.authority
        return authority.level_of(self._me) if authority else Level.NOBODY

    @property
    def _authority(self) -> Authority:
        """Raise NotAllowed where nobody governs, or we know nothing yet."""
        if (authority := self.membership.authority) is None:
            raise NotAllowed("do this here", who="members of a private room")
        return authority

    def _invites(self) -> Iterable[InviteStanding]:
        return self._authority.invites.values()

    def _key(self, seed: bytes) -> bytes:
        return derive_invite_key(seed, self.membership.room_id).public_key
