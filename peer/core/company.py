"""Who is in a room, what they tell of themselves and whom we take them for; as facts for the bot.

Composes what each of these decides by itself. Who may be here at all is decided before: whatever comes in here comes
from a member. What a member writes is no matter of this module.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from ..config import Config
from ..events import (
    ClaimChanged,
    ConnectionChanged,
    Event,
    Member,
    MemberAdded,
    MemberJoined,
    MemberLeft,
    MemberRemoved,
    Presence,
    PresenceChanged,
    Role,
    RoleChanged,
    TypingChanged,
)
from ..ids import MemberId
from ..wire.frames import AttestationUpdate, Introduction, PresenceUpdate, TypingNotice
from .claims import Claims, Standing
from .connections import Connections
from .contact import Changed, Ending
from .machine import earliest
from .membership import Membership
from .names import clean_name
from .pace import Pace
from .people import People
from .presence import Presences
from .recognition import Recognition, news_of
from .roll import NobodyElse, Roll
from .typing_notice import TheirTyping

__all__ = ["Company"]


class Company:
    """Of one room, ourselves included. `take_events` after each call."""

    def __init__(
        self,
        me: Member,
        *,
        role_of: Callable[[MemberId], Role],
        recognition: Recognition,
        config: Config,
        wall_ms: Callable[[], int],
    ) -> None:
        self.role_of = role_of
        self._recognition = recognition
        self._config = config
        self._wall_ms = wall_ms
        self._presences = Presences(me)
        self._typing = TheirTyping(ttl_s=config.typing_ttl_s)
        self._connections = Connections()
        self._strangers = Pace(burst=config.stranger_events_burst, per_s=config.stranger_events_per_s, now=-math.inf)
        self._claims = Claims(max_name_chars=config.max_name_chars)
        self._events: list[Event] = []
        self._is_disbanded = False
        self._belonged: frozenset[MemberId] = frozenset()
        """Who belonged to the room when we last looked, if we did."""
        self.roll: Roll = NobodyElse()

    @classmethod
    def of_room(
        cls,
        membership: Membership,
        *,
        name: str,
        people: People | None,
        config: Config,
        wall_ms: Callable[[], int],
    ) -> Company:
        """Ourselves, under this name. `people` are those whom we know from all our rooms."""
        me = Member(id=membership.me, name=name, role=membership.role_of(membership.me), is_me=True)
        recognition = Recognition(
            People(limit=config.max_known_people) if people is None else people,
            public_room=membership.room_id if membership.is_public else None,
            wall_ms=wall_ms,
        )
        return cls(me, role_of=membership.role_of, recognition=recognition, config=config, wall_ms=wall_ms)

    @property
    def me(self) -> Member:
        return self._presences.me

    @property
    def members(self) -> tuple[Member, ...]:
        """Ourselves, those who are here in the order they came, those who left, then who is away and was not met."""
        known = self._presences.members
        met = {member.id for member in known}
        return (*known, *(self.anyone(each) for each in self.roll.everybody() if each not in met))

    def get(self, member: MemberId) -> Member | None:
        """Somebody who is here."""
        return self._presences.get(member)

    def take_events(self) -> list[Event]:
        taken, self._events = self._events, []
        return taken

    # ---- they come and go

    def welcome(self, member_id: MemberId, introduction: Introduction, *, now: float) -> None:
        """A link to a member opened."""
        self._claims.hear(member_id, introduction.attestation, now=now, wall_s=self._wall_s())
        known = self._presences.get(member_id)
        claim = known.claim if known else self._claims.all().get(member_id)
        stranger = replace(self.stranger(member_id, introduction.name), presence=introduction.presence, claim=claim)
        member = self._recognition.meet(stranger)
        if self._presences.arrive(member):
            self._events.append(MemberJoined(member))
        elif known is not None and known.presence != member.presence:
            self._events.append(PresenceChanged(member))
        self._events += news_of(known, member)
        self._claims.retain(each.id for each in self._presences.members)
        self._tell_claims()

    def stranger(self, member_id: MemberId, name: str) -> Member:
        """Somebody by what is said of it; the name is made fit to be read."""
        readable = clean_name(name, max_chars=self._config.max_name_chars) or "nameless"
        return Member(id=member_id, name=readable, role=self.role_of(member_id))

    def anyone(self, member_id: MemberId) -> Member:
        """Whoever said something here once, as well as we know it."""
        if (known := self._presences.anyone(member_id)) is not None:
            return known
        stranger = self.stranger(member_id, self.roll.name_of(member_id) or self._recognition.name_of(member_id))
        seen = self.roll.last_seen(member_id)
        return self._recognition.regard(replace(stranger, presence="offline", connection="closed", last_seen=seen))

    def connect(self, change: Changed, *, now: float) -> None:
        """How we stand with a process of somebody has changed; of strangers a server can make up any number."""
        member = None
        if change.member is not None:
            state = self._connections.change(change.member, change.peer, change.state)
            member = self._presences.connect(change.member, state)
        if member is not None or self._strangers.spend(now=now):
            self._events.append(ConnectionChanged(change.peer, member, change.state, change.reason))

    def bid_farewell(self, member_id: MemberId, reason: Ending) -> None:
        """The last link to a member ended."""
        self._typing.forget(member_id)
        member = self._presences.depart(member_id, at=datetime.fromtimestamp(self._wall_s(), UTC))
        assert member is not None, "unlinked before it was linked"
        self._events.append(MemberLeft(member, reason))
        if reason == "removed":
            self._presences.forget(lambda each: each != member_id)

    def rank(self, is_member: Callable[[MemberId], bool]) -> None:
        """Who may do what has changed: whoever is no member any more, and not here, leaves the list."""
        self._tell_who_belongs()
        self._presences.forget(is_member)
        self._events += [RoleChanged(member) for member in self._presences.rank(self.role_of)]

    def _tell_who_belongs(self) -> None:
        """What is new there since we belong to the room ourselves."""
        before, self._belonged = self._belonged, frozenset(self.roll.everybody())
        if self.me.id in before & self._belonged:
            self._events += [MemberAdded(self.anyone(each)) for each in sorted(self._belonged - before)]
            self._events += [MemberRemoved(self.anyone(each)) for each in sorted(before - self._belonged)]

    def review_people(self) -> None:
        """We know more of somebody than before, perhaps from another room."""
        if not self._is_disbanded:
            self._events += self._recognition.review(self._presences)

    # ---- they tell of themselves

    def hear(
        self, member_id: MemberId, frame: PresenceUpdate | TypingNotice | AttestationUpdate, *, now: float
    ) -> None:
        """A member who is here says something that concerns itself."""
        if isinstance(frame, PresenceUpdate):
            if member := self._presences.update(member_id, frame.presence):
                self._events.append(PresenceChanged(member))
        elif isinstance(frame, AttestationUpdate):
            self._claims.hear(member_id, frame.attestation, now=now, wall_s=self._wall_s())
            self._tell_claims()
        elif self._typing.receive_notice(member_id, typing=frame.typing, now=now):
            self._tell_typing(member_id, typing=frame.typing)

    def stop_typing(self, member_id: MemberId) -> None:
        """What it was typing has come."""
        if self._typing.forget(member_id):
            self._tell_typing(member_id, typing=False)

    def set_our_presence(self, presence: Presence) -> bool:
        """False where that is no news."""
        return self._presences.set_ours(presence)

    # ---- the server tells of them

    def learn_keys(self, standing: Standing, *, now: float) -> None:
        """How claims are checked from now on."""
        if standing.keys is not None:
            self._claims.learn_keys(standing.keys, now=now, wall_s=self._wall_s())
        self._tell_claims()

    def hear_of_us(self, attestation: str, *, now: float) -> None:
        """The server vouches for ourselves."""
        self._claims.hear(self.me.id, attestation, now=now, wall_s=self._wall_s())
        self._tell_claims()

    # ---- time

    def next_deadline(self) -> float | None:
        return earliest(self._typing.next_deadline(), self._claims.next_deadline())

    def handle_timeout(self, *, now: float) -> None:
        for member_id in self._typing.handle_timeout(now=now):
            self._tell_typing(member_id, typing=False)
        self._claims.lapse(now=now)
        self._tell_claims()

    def disband(self) -> None:
        """We have left: nothing of them goes stale any more."""
        self._is_disbanded = True
        self._typing.clear()
        self._claims.retain(())

    def _tell_claims(self) -> None:
        if self._is_disbanded:
            return
        for member in self._presences.claim(self._claims.all()):
            self._events.append(ClaimChanged(member))
            if not member.is_me:
                self._recognition.meet(member)
        self.review_people()

    def _tell_typing(self, member_id: MemberId, *, typing: bool) -> None:
        member = self._presences.get(member_id)
        assert member is not None, "typing without being here"
        self._events.append(TypingChanged(member, typing))

    def _wall_s(self) -> float:
        return self._wall_ms() / 1000
