"""Who is in the room, under which name, and whether they are at their desk.

A member is here while at least one link of theirs is open. Those who left stay known (offline, last seen), up to a
bound. Wall-clock times come in as arguments; nothing here expires by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from ..events import Claim, ConnectionState, Member, Presence, Role
from ..ids import MemberId

__all__ = ["Presences"]

_MAX_GONE = 256
"""Members who left and are still shown as offline."""


class Presences:
    """All members we have met, ourselves first."""

    def __init__(self, me: Member) -> None:
        self.me = me
        self._here: dict[MemberId, Member] = {}
        self._gone: dict[MemberId, Member] = {}

    @property
    def members(self) -> tuple[Member, ...]:
        """Ourselves, those who are here in the order they came, then those who left."""
        return (self.me, *self._here.values(), *self._gone.values())

    def get(self, member_id: MemberId) -> Member | None:
        return self._here.get(member_id)

    def anyone(self, member_id: MemberId) -> Member | None:
        """Ourselves, somebody who is here, or who was."""
        return self.me if member_id == self.me.id else self._here.get(member_id) or self._gone.get(member_id)

    def arrive(self, member: Member) -> bool:
        """A link of theirs opened; False if another one was open already (their name may be new)."""
        is_new = member.id not in self._here
        self._gone.pop(member.id, None)
        self._here[member.id] = member
        return is_new

    def depart(self, member_id: MemberId, *, at: datetime) -> Member | None:
        """Their last link ended; the member as it is now, or None for a stranger."""
        member = self._here.pop(member_id, None)
        if member is None:
            return None
        return self._bury(replace(member, presence="offline", last_seen=at))

    def forget(self, is_member: Callable[[MemberId], bool]) -> None:
        """Whoever is gone and no member any more leaves the list."""
        self._gone = {member_id: member for member_id, member in self._gone.items() if is_member(member_id)}

    def update(self, member_id: MemberId, presence: Presence) -> Member | None:
        """They say that they are away or back; None where that is no news."""
        member = self._here.get(member_id)
        if member is None or member.presence == presence:
            return None
        self._here[member_id] = replace(member, presence=presence)
        return self._here[member_id]

    def rank(self, role_of: Callable[[MemberId], Role]) -> list[Member]:
        """Give everybody the role that is theirs now; answer for whom of those here, or ourselves, it is news."""
        news = [replace(each, role=role_of(each.id)) for each in self.members if each.role != role_of(each.id)]
        for member in news:
            self._put(member)
        return [member for member in news if member.id not in self._gone]

    def claim(self, claims: Mapping[MemberId, Claim]) -> list[Member]:
        """Give everybody the claim that is theirs now; answer for whom of those here, or ourselves, it is news."""
        news = [replace(each, claim=claims.get(each.id)) for each in self.members if each.claim != claims.get(each.id)]
        for member in news:
            self._put(member)
        return [member for member in news if member.id not in self._gone]

    def regard(self, view: Callable[[Member], Member]) -> list[tuple[Member, Member]]:
        """Look at all others anew; answer who was seen otherwise before, and how."""
        changes = [(each, view(each)) for each in self.members if not each.is_me]
        news = [(before, after) for before, after in changes if before != after]
        for _, after in news:
            self._put(after)
        return news

    def connect(self, member_id: MemberId, connection: ConnectionState) -> Member | None:
        """How we stand with somebody, here or gone; the member as it is now, or None for a stranger."""
        member = self._here.get(member_id) or self._gone.get(member_id)
        if member is None:
            return None
        changed = replace(member, connection=connection)
        self._put(changed)
        return changed

    def _put(self, member: Member) -> None:
        if member.is_me:
            self.me = member
        else:
            (self._here if member.id in self._here else self._gone)[member.id] = member

    def set_ours(self, presence: Presence) -> bool:
        """False where that is no news."""
        is_new = self.me.presence != presence
        self.me = replace(self.me, presence=presence)
        return is_new

    def _bury(self, member: Member) -> Member:
        self._gone[member.id] = member
        while len(self._gone) > _MAX_GONE:
            del self._gone[next(iter(self._gone))]
        return member
