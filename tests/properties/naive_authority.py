"""Who may do what, as the rules of docs/protocol.md say it: one recursive question for each sentence, nothing kept.

Written from the page and not from the code, and far too slow for a room; the property tests compare the two. Reads the
bytes of events with a plain MessagePack decoder.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import msgspec

__all__ = ["Naive", "Said"]

GRANT, REVOKE, INVITE, UNINVITE, JOIN, BAN = range(1, 7)
NOBODY, MEMBER, MODERATOR, ADMIN, OWNER = range(5)


@dataclass(frozen=True)
class Said:
    """An event, taken apart."""

    id: bytes
    author: bytes
    incarnation: bytes
    seq: int
    prev: bytes
    hlc: int
    kind: int
    auth: bytes
    target: bytes | None
    target_hlc: int | None
    body: tuple[Any, ...] = field(compare=False)

    @classmethod
    def read(cls, encoded: bytes, room_id: bytes) -> Said:
        header, _, body = msgspec.msgpack.decode(encoded)
        _, author, incarnation, _, seq, prev, hlc, kind, auth, ref, _ = msgspec.msgpack.decode(header)
        event_id = hashlib.sha256(b"speaktube v1 event id\0" + room_id + header).digest()
        target, target_hlc = ref or (None, None)
        fields = tuple(msgspec.msgpack.decode(body))
        return cls(event_id, author, incarnation, seq, prev, hlc, kind, auth, target, target_hlc, fields)


class Naive:
    """The answers for one set of events."""

    def __init__(self, owners: Iterable[bytes], is_open: bool, encoded: Iterable[bytes], room_id: bytes) -> None:
        self.owners = set(owners)
        self.is_open = is_open
        everything = {Said.read(data, room_id) for data in encoded}
        self.all = [said for said in everything if self.is_within_whole_log(said, everything)]
        self.by_id = {said.id: said for said in self.all}
        self._lawful: dict[bytes, bool] = {}
        self._in_force: dict[bytes, bool] = {}

    # logs

    def is_within_whole_log(self, said: Said, everything: set[Said]) -> bool:
        """Nobody contradicted it or what comes before it, and all before it is there."""
        log = [other for other in everything if (other.author, other.incarnation) == (said.author, said.incarnation)]
        before: Said | None = None
        for seq in range(1, said.seq + 1):
            here = [other for other in log if other.seq == seq and (before is None or other.hlc > before.hlc)]
            if len(here) != 1 or (before is not None and here[0].prev != before.id):
                return False
            after = [other for other in log if other.seq == seq + 1 and other.hlc > here[0].hlc]
            if any(other.prev != here[0].id for other in after):
                return False
            before = here[0]
        return before == said

    # levels

    def level_of_right(self, right: Said) -> int:
        return {GRANT: right.body[1] if right.kind == GRANT else 0, JOIN: MEMBER}.get(right.kind, NOBODY)

    def holder(self, right: Said) -> bytes:
        return right.body[0] if right.kind == GRANT else right.author

    def rank(self, said: Said) -> int:
        if said.auth == b"":
            return OWNER if said.author in self.owners else NOBODY
        right = self.by_id.get(said.auth)
        is_earlier = right is not None and right.hlc < said.hlc
        return self.level_of_right(right) if right and is_earlier and self.holder(right) == said.author else NOBODY

    # what counts

    def lawful(self, said: Said) -> bool:
        if said.id not in self._lawful:
            self._lawful[said.id] = self.is_counted_join(said) if said.kind == JOIN else self.is_lawful_act(said)
        return self._lawful[said.id]

    def is_lawful_act(self, said: Said) -> bool:
        if not self.has_right(said):
            return False
        if said.kind == GRANT and self.lost_the_single_invite(said):
            return False
        return not self.came_after_resigning(said)

    def has_right(self, said: Said) -> bool:
        """Permitted at its level, by a lawful right, within the cuts of everything that ended the right from above."""
        if not self.permitted(said):
            return False
        if said.auth == b"":
            return True
        right = self.by_id[said.auth]
        return self.lawful(right) and all(
            said.seq <= {(cut[0], cut[1]): cut[2] for cut in self.cuts(end)}.get((said.incarnation, 0), 0)
            for end in self.removals_that_end(right)
        )

    def permitted(self, said: Said) -> bool:
        rank, target = self.rank(said), self.target(said)
        if said.kind == GRANT:
            return rank >= ADMIN and said.body[1] < rank and said.body[0] not in self.owners
        if said.kind == BAN:
            return rank >= MODERATOR and said.body[0] not in self.owners
        if said.kind == REVOKE:
            return target is not None and rank > NOBODY and self.may_revoke(said, target)
        is_about_an_invite = said.kind == INVITE or (target is not None and target.kind == INVITE)
        return said.kind in (INVITE, UNINVITE) and rank >= ADMIN and is_about_an_invite

    def may_revoke(self, said: Said, target: Said) -> bool:
        rank = self.rank(said)
        if target.kind in (GRANT, JOIN):
            return self.level_of_right(target) < rank or said.auth == target.id
        own = target.author == said.author and not self.is_resignation(target)
        is_below = NOBODY < self.rank(target) < rank or (self.rank(target) == rank and own)
        return target.kind in (REVOKE, BAN) and is_below

    def target(self, said: Said) -> Said | None:
        target = self.by_id.get(said.target) if said.target else None
        return target if target and target.hlc == said.target_hlc else None

    def is_resignation(self, said: Said) -> bool:
        return said.kind == REVOKE and said.target == said.auth

    def resignations_of(self, right: bytes | None) -> list[Said]:
        ends = [said for said in self.all if self.is_resignation(said) and said.target == right]
        good = [said for said in ends if self.has_right(said) and not self.is_annulled(said)]
        return [said for said in good if not any(self.is_later_in_the_log(said, other) for other in good)]

    def is_later_in_the_log(self, said: Said, other: Said) -> bool:
        return (said.author, said.incarnation) == (other.author, other.incarnation) and said.seq > other.seq

    def precedes(self, said: Said, end: Said) -> bool:
        if (said.author, said.incarnation) == (end.author, end.incarnation):
            return said.seq < end.seq
        return any(cut[0] == said.incarnation and cut[1] == 0 and said.seq <= cut[2] for cut in self.cuts(end))

    # removals

    def cuts(self, said: Said) -> Any:
        return said.body[1] if said.kind == BAN else said.body[0]

    def in_force(self, said: Said) -> bool:
        """A lawful revoke or ban that no revoke in force has ended."""
        if said.id not in self._in_force:
            self._in_force[said.id] = self.lawful(said) and not self.is_annulled(said)
        return self._in_force[said.id]

    def is_annulled(self, said: Said) -> bool:
        return any(
            other.kind == REVOKE and self.target(other) == said and self.permitted(other) and self.in_force(other)
            for other in self.all
        )

    def removed_by(self, said: Said) -> bytes | None:
        """Whose membership a revoke or ban ends, if it is not one's own leaving."""
        if said.kind == BAN:
            return bytes(said.body[0])
        target = self.target(said)
        if said.kind != REVOKE or target is None or target.kind not in (GRANT, JOIN) or self.is_resignation(said):
            return None
        return self.holder(target)

    def removals_of(self, member: bytes) -> list[Said]:
        return [said for said in self.all if self.removed_by(said) == member and self.in_force(said)]

    def removals_that_end(self, right: Said) -> list[Said]:
        over = right.body[2] if right.kind == GRANT else []
        above = [
            said
            for said in self.all
            if self.rank(said) > self.level_of_right(right)
            and self.removed_by(said) == self.holder(right)
            and (said.id not in over or self.rank(right) < self.rank(said))
        ]
        return [said for said in above if self.in_force(said)]

    # joins

    def grants_for(self, join: Said) -> list[Said]:
        return [said for said in self.all if said.kind == GRANT and said.target == join.id]

    def is_valid_join(self, join: Said) -> bool:
        invite = self.by_id.get(join.auth)
        if invite is None or invite.kind != INVITE or not self.lawful(invite) or join.author in self.owners:
            return False
        return bool(invite.hlc < join.hlc and (invite.body[2] == 0 or join.hlc >> 16 <= invite.body[2]))

    def is_granted(self, join: Said) -> bool:
        return any(self.holder(grant) == join.author and self.lawful(grant) for grant in self.grants_for(join))

    def is_open_join(self, join: Said) -> bool:
        return self.is_open and self.by_id[join.auth].body[1] == 1 and not self.is_uninvited(join.auth)

    def is_counted_join(self, join: Said) -> bool:
        return self.is_valid_join(join) and (self.is_open_join(join) or self.is_granted(join))

    def is_uninvited(self, invite: bytes) -> bool:
        return any(said.kind == UNINVITE and said.target == invite and self.lawful(said) for said in self.all)

    def single_invite(self, grant: Said) -> bytes | None:
        join = self.by_id.get(grant.target) if grant.target else None
        if join is None or join.kind != JOIN or join.author != grant.body[0] or grant.body[1] != MEMBER:
            return None
        invite = self.by_id.get(join.auth)
        return invite.id if invite and invite.kind == INVITE and invite.body[1] == 0 else None

    def used_by(self, invite: bytes) -> bytes | None:
        """The first of those whom a lawful granter admitted through it."""
        uses = [said for said in self.all if said.kind == GRANT and self.single_invite(said) == invite]
        good = [said for said in uses if self.has_right(said) and not self.came_after_resigning(said)]
        return min(good, key=lambda said: (said.hlc, said.id)).body[0] if good else None

    def came_after_resigning(self, said: Said) -> bool:
        ends = self.resignations_of(said.auth)
        if self.is_resignation(said):
            return any(self.is_later_in_the_log(said, end) for end in ends)
        return any(not self.precedes(said, end) for end in ends)

    def lost_the_single_invite(self, grant: Said) -> bool:
        invite = self.single_invite(grant)
        return invite is not None and self.used_by(invite) not in (None, grant.body[0])

    # answers

    def is_alive(self, right: Said) -> bool:
        if not self.lawful(right) or self.resignations_of(right.id) or self.removals_that_end(right):
            return False
        if right.kind == JOIN:
            return self.is_open_join(right) and not self.is_granted(right)
        return right.target is None or not self.resignations_of(right.target)

    @cached_property
    def members(self) -> dict[bytes, int]:
        levels = dict.fromkeys(self.owners, OWNER)
        for right in self.all:
            if right.kind in (GRANT, JOIN) and self.is_alive(right):
                member = self.holder(right)
                levels[member] = max(levels.get(member, 0), self.level_of_right(right))
        return levels

    @cached_property
    def lawful_ids(self) -> set[bytes]:
        return {said.id for said in self.all if self.lawful(said)}

    @cached_property
    def banned(self) -> set[bytes]:
        removed = {self.removed_by(said) for said in self.all if said.kind in (REVOKE, BAN) and self.in_force(said)}
        return {member for member in removed if member is not None and member not in self.members}
