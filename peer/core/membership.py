"""Who is a member of a room, as far as we know, and how we become one.

In a private room all of it follows from the genesis and the control log (`peer.log`): this holds both for one room,
from the moment where a newcomer knows nothing but the room's id, the hash of the genesis: nobody can swap the room.
A public room has neither: whoever is there is a member.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ..crypto.identity import Identity, member_id_of, public_key_of
from ..errors import MalformedFrame, NotAllowed, UnexpectedFrame
from ..ids import MemberId, RoomId
from ..keys.room_keys import derive_invite_key
from ..log import acts
from ..log.acts import Act
from ..log.authority import Authority, InviteVerdict
from ..log.control import Kind, Level
from ..log.control_log import Bounds, ControlLog, Refusal
from ..log.event import Event, EventId
from ..log.genesis import Genesis, found_direct, is_direct
from .sieve import sieve

__all__ = ["Founding", "InviteSeed", "Membership", "RoleName", "Taken", "pack", "role_of_level"]

RoleName: TypeAlias = Literal["owner", "admin", "moderator", "member"]

_ROLES: dict[Level, RoleName] = {
    Level.OWNER: "owner",
    Level.ADMIN: "admin",
    Level.MODERATOR: "moderator",
    Level.MEMBER: "member",
    Level.NOBODY: "member",
}
_PACKED_BYTES = 40 * 1024
_MAY_CHANGE = {Refusal.STRANGER, Refusal.NOT_ALLOWED, Refusal.FUTURE, Refusal.GAP, Refusal.INVITE}
"""With what we learn, or by whom we are told; of anything else it is no use to be told again."""


def role_of_level(level: Level) -> RoleName:
    """As `Member.role` says it; who is nobody is shown as a member."""
    return _ROLES[level]


@dataclass(frozen=True, slots=True)
class InviteSeed:
    """The invite that we came by, or made."""

    seed: bytes
    """16 bytes."""
    is_open: bool

    def __repr__(self) -> str:
        return f"InviteSeed(is_open={self.is_open})"


@dataclass(frozen=True, slots=True)
class Founding:
    """What we know of a private room when we enter it: nothing, or what was kept."""

    genesis: bytes = b""
    control: tuple[bytes, ...] = ()
    incarnation: bytes = b""


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of control events that somebody told us."""

    new: list[bytes]
    """Kept, as events or as proof of a fork; to be told to the others."""
    has_joined: bool = False
    """Among them is a join of who told us."""
    has_left_over: bool = False
    """Some may be taken once we know more, or know who told us."""
    has_gaps: bool = False
    """Some build on what we have yet to get."""


class Membership:
    """All that is known in one room. `now_ms` is the time of day, UTC."""

    def __init__(
        self,
        room_id: RoomId,
        *,
        is_public: bool,
        identity: Identity,
        random_bytes: Callable[[int], bytes],
        invite: InviteSeed | None = None,
        founding: Founding | None = None,
        max_events: int = 8192,
    ) -> None:
        """Raise MalformedFrame where what was kept is that of another room."""
        founding = founding or Founding()
        self.room_id = room_id
        self.is_public = is_public
        self.invite = invite
        self.genesis = b""
        """As received; empty while unknown, and always in a public room."""
        self.version = 0
        """Grows with each change, so that whoever keeps it knows when."""
        self._identity = identity
        self._random_bytes = random_bytes
        self._bounds = Bounds(max_events=max_events)
        self._incarnation = founding.incarnation
        self._log: ControlLog | None = None
        self._has_tried_to_join = False
        self.other: MemberId | None = None
        """In a direct room, the one whom we share it with."""
        if founding.genesis:
            self.learn(founding.genesis)
            self._held.restore(founding.control)

    # ---- who is who

    @classmethod
    def of_pair(cls, other: MemberId, *, identity: Identity, random_bytes: Callable[[int], bytes]) -> Membership:
        """Of the direct room of ourselves and somebody else, whose control log stays empty for ever."""
        room_id, genesis = found_direct(identity.public_key, public_key_of(other))
        founding = Founding(genesis)
        return cls(room_id, is_public=False, identity=identity, random_bytes=random_bytes, founding=founding)

    @property
    def me(self) -> MemberId:
        return self._identity.member_id

    @property
    def authority(self) -> Authority | None:
        """None while nothing is known."""
        return self._log.authority if self._log else None

    def draw(self, below: int) -> int:
        """A number from 0 on, as chance has it."""
        return int.from_bytes(self._random_bytes(8), "big") % below

    @property
    def are_we_in(self) -> bool:
        return self.is_member(self.me)

    @property
    def are_we_waiting(self) -> bool:
        """We have asked to be let in, and an admin has yet to do it."""
        return self.is_waiting(self.me)

    def is_member(self, member: MemberId) -> bool:
        return self.is_public or (self._log is not None and self._log.authority.is_member(member))

    def is_waiting(self, member: MemberId) -> bool:
        return self._log is not None and any(each.member == member for each in self._log.authority.pending)

    def invites_of_waiting(self) -> dict[MemberId, EventId]:
        """Who waits for an admin, and by which invite each came."""
        return {each.member: each.invite.id for each in self._log.authority.pending} if self._log else {}

    def is_barred(self, member: MemberId) -> bool:
        """Removed, and not let in again."""
        return self._log is not None and self._log.authority.is_banned(member)

    def may_knock(self, member: MemberId) -> bool:
        """Whether this identity may come as far as the lobby: whoever it is, if it is not ourselves, nor removed.

        In a direct room it is the other one alone.
        """
        if self.other is not None:
            return member == self.other
        return member != self.me and not self.is_barred(member)

    def admits(self, member: MemberId) -> bool:
        """Whether this identity and ourselves are members."""
        return self.is_member(member) and self.are_we_in

    def role_of(self, member: MemberId) -> RoleName:
        return role_of_level(self._log.authority.level_of(member)) if self._log else "member"

    def judge_invite(self, *, now_ms: int) -> InviteVerdict:
        """What the invite that we hold is worth, by all that we know."""
        if self._log is None or self.invite is None:
            return InviteVerdict.UNKNOWN
        return self._log.authority.judge_invite(self._invite_key(self.invite).public_key, now_ms)

    # ---- what is held

    @property
    def incarnation(self) -> bytes:
        return self._log.incarnation if self._log else self._incarnation

    def export(self) -> tuple[bytes, ...]:
        """All control events, to be kept."""
        return tuple(self._log.export()) if self._log else ()

    def digest(self) -> bytes:
        return self._held.digest()

    def summary(self) -> Sequence[bytes]:
        return self._held.summary()

    def missing(self, part: bytes) -> Iterable[Sequence[bytes]]:
        """Batches of what the sender of this part of a summary lacks; all there is for an empty one."""
        return self._held.missing(part) if part else pack(self._held.export())

    def learn(self, genesis: bytes) -> None:
        """What the room is; raise MalformedFrame for another room's, UnexpectedFrame where rooms have none."""
        if self.is_public:
            raise UnexpectedFrame("a public room has no genesis")
        if self._log is not None:
            return
        log = ControlLog(
            self.room_id,
            genesis,
            identity=self._identity,
            random_bytes=self._random_bytes,
            incarnation=self._incarnation,
            bounds=self._bounds,
        )
        self.other = self._maybe_other(log.authority.genesis)
        self._log = log
        self.genesis = genesis
        self.version += 1

    def _maybe_other(self, genesis: Genesis) -> MemberId | None:
        """Raise MalformedFrame where a link leads to a direct room: whoever made it wants to know where we meet."""
        if not is_direct(genesis):
            return None
        if self.invite is not None or self._identity.public_key not in genesis.owners:
            raise MalformedFrame("nobody comes into a direct room by a link")
        [other] = set(genesis.owners) - {self._identity.public_key}
        return member_id_of(other)

    def take_in(self, events: Iterable[bytes], *, relay: MemberId, now_ms: int, may_join: bool = True) -> Taken:
        """What `relay` told us; raise MalformedFrame for what nobody honest sends. Nothing while we know no genesis.

        A join is judged by our clock unless a member has vouched for its time by taking it in before us. Once we are
        in, who is no member brings no join but its own, and that only if it `may_join`.
        """
        if self._log is None:
            return Taken([])
        if self.other is not None and list(events):
            raise MalformedFrame("a direct room has no control events")
        is_vouched, held_back = self.is_member(relay), 0
        if self.are_we_in and not is_vouched:
            sieved = sieve(events, bearer=relay, may_join=may_join, room_id=self.room_id)
            events, held_back = sieved.passed, sieved.held_back
        intake = self._log.receive(events, now_ms=now_ms, is_vouched=is_vouched)
        if intake.is_hostile:
            raise MalformedFrame("a control event that is not what it says")
        self.version += bool(intake.news)
        return Taken(
            list(intake.news),
            has_joined=any(_is_join_of(relay, event) for event in intake.accepted),
            has_left_over=held_back > 0 or any(reason in _MAY_CHANGE for _, reason in intake.refused),
            has_gaps=bool(intake.put_off),
        )

    # ---- what we say

    def maybe_join(self, *, now_ms: int) -> bytes | None:
        """Present our invite, once, where it may let us in."""
        invite = self.invite
        if self._has_tried_to_join or self._log is None or invite is None or self.are_we_in or self.are_we_waiting:
            return None
        if self.judge_invite(now_ms=now_ms) is not InviteVerdict.VALID or self.is_barred(self.me):
            return None
        self._has_tried_to_join = True
        key = self._invite_key(invite)
        join = acts.join(self._log.authority, invite=key, newcomer=self._identity.public_key, room_id=self.room_id)
        try:
            [event] = self.write(join, now_ms=now_ms)
        except NotAllowed:  # no place for it: somebody filled the log behind this link, until an admin ends the link
            return None
        return event

    def write(self, doing: Iterable[Act], *, now_ms: int) -> list[bytes]:
        """Keep events of our own, to be told to everybody; raise NotAllowed."""
        if self.other is not None:
            raise NotAllowed("change who is in a direct room", who="nobody")
        events = [event.encoded for event in self._held.append(doing, now_ms=now_ms)]
        self.version += bool(events)
        return events

    def write_due(self, *, now_ms: int) -> list[bytes]:
        """The grants that newcomers are due, all at once, as far as there is place to spare."""
        due = self.grants_due()[: self.spare]
        return self.write(due, now_ms=now_ms) if due else []

    def grants_due(self) -> list[Act]:
        """What newcomers are due from an admin's client, unasked."""
        if self._log is None or not self.are_we_in:
            return []
        return acts.grants_due(self._log.authority, self.me, late=self._log.late_joins)

    def uninvites_due(self, *, now_ms: int) -> list[Act]:
        """The ends of open invites that have expired, which an admin's client says unasked."""
        if self._log is None or not self.are_we_in:
            return []
        return acts.uninvites_due(self._log.authority, self.me, now_ms=now_ms, late=self._log.late_joins)

    @property
    def spare(self) -> int:
        """How many events we may write that nobody asked us for."""
        return self._log.spare if self._log else 0

    @property
    def _held(self) -> ControlLog:
        """Raise NotAllowed where there is none."""
        if self._log is None:
            raise NotAllowed("do this here", who="members of a private room")
        return self._log

    def _invite_key(self, invite: InviteSeed) -> Identity:
        return derive_invite_key(invite.seed, self.room_id)


def _is_join_of(member: MemberId, event: Event) -> bool:
    return event.header.kind == Kind.JOIN and member_id_of(event.header.author) == member


def pack(events: Iterable[bytes]) -> Iterable[Sequence[bytes]]:
    """Batches of at most 40 KiB."""
    batch: list[bytes] = []
    for data in events:
        if batch and sum(map(len, batch)) + len(data) > _PACKED_BYTES:
            yield batch
            batch = []
        batch.append(data)
    if batch:
        yield batch
