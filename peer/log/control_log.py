"""One room's control log as this member holds it: takes in bytes, writes our own, and says what another lacks.

DESIGN, section 5; docs/protocol.md, part 3. Checks go from cheap to dear: size → shape → duplicate → may this author →
sequence → signature → prev. Each log is held without gaps. Nothing is kept or passed on that was not verified, and all
that a remote can grow has a bound (`Bounds`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Set
from functools import partial

import msgspec

from ..crypto.identity import Identity, member_id_of, verify
from ..errors import MalformedFrame, NotAllowed
from ..ids import MemberId, RoomId
from .acts import SKEW_MS, Act
from .authority import Authority, InviteVerdict
from .chains import Bounds, Chain, Chains, Refusal
from .control import Ban, Control, Grant, Invitation, Join, Revoke, encode_control, invite_signs, kind_of
from .event import (
    INCARNATION_BYTES,
    Event,
    EventId,
    Header,
    LogId,
    Plane,
    Reference,
    Verifier,
    hlc_at,
    is_signed,
    ms_of,
    seal_event,
)
from .facts import Fact, decode_fact, fact_of, order_of
from .genesis import check_genesis
from .intake import Batch, Fork, Intake, Told, fork_at
from .summary import batches, decode_part, digest_of, encode_parts, lacking

__all__ = ["Bounds", "ControlLog", "Fork", "Intake", "Refusal", "Told"]

_MAY_CHANGE = {Refusal.STRANGER, Refusal.NOT_ALLOWED, Refusal.GAP, Refusal.SEQUENCE, Refusal.FULL}
"""With another event of the same batch, be it one that this one contradicts."""


class ControlLog:
    """The replica of one room's control events."""

    def __init__(
        self,
        room_id: RoomId,
        genesis: bytes,
        *,
        identity: Identity,
        random_bytes: Callable[[int], bytes],
        incarnation: bytes = b"",
        bounds: Bounds | None = None,
        verify: Verifier = verify,
    ) -> None:
        """Raise MalformedFrame for a genesis of another room. `incarnation` as saved: which of our logs to continue."""
        self._room_id = room_id
        self._genesis = check_genesis(genesis, room_id=room_id)
        self._identity = identity
        self._random_bytes = random_bytes
        self._incarnation = incarnation
        self._written = 0
        """Highest sequence number that we ever gave in this incarnation."""
        self._bounds = bounds or Bounds()
        self._verify = verify
        self._chains = Chains(self._genesis.owners, self._bounds)
        self._authority: Authority | None = None
        self._late: set[EventId] = set()

    # what is known

    @property
    def incarnation(self) -> bytes:
        """The log that we write to, to be saved; empty until we wrote. Another one once that log was cut."""
        return self._incarnation

    @property
    def authority(self) -> Authority:
        """Who may do what by all that is held; a new value after each change."""
        if self._authority is None:
            self._authority = Authority(self._genesis, self._chains.held.values())
        return self._authority

    @property
    def forks(self) -> tuple[Fork, ...]:
        """All that are known."""
        logs = sorted(self._chains.logs.items())
        return tuple(fork_at(log, chain.fork) for log, chain in logs if chain.fork is not None)

    @property
    def spare(self) -> int:
        """How many events we may write that nobody asked for: half of what our level may say is kept for the others.

        Else whoever makes our client answer would take our last word from us, and with it the power to remove it.
        """
        return max(0, self._bounds.max_events // 2 - self._chains.count_of_level(self._identity.public_key))

    def export(self) -> list[bytes]:
        """All that is held, each event behind those that it builds on, proofs of forks last; to be saved."""
        return [fact.event.encoded for fact in self._chains.everything()]

    def digest(self) -> bytes:
        """16 bytes; equal where the same set is held."""
        return digest_of(self._chains)

    def summary(self) -> list[bytes]:
        """What is held, in parts of at most 48 KiB, each of which is answered by itself with `missing`."""
        return encode_parts(self._chains, max_bytes=self._bounds.max_frame_bytes)

    def missing(self, part: bytes) -> list[list[bytes]]:
        """Batches of at most 48 KiB with what the sender of this part of a summary lacks; raise MalformedFrame."""
        facts = lacking(decode_part(part, max_bytes=self._bounds.max_frame_bytes), self._chains)
        items = [(fact.id, fact.event.encoded) for fact in facts]
        return [[data for _, data in batch] for batch in batches(items, self._bounds.max_frame_bytes)]

    # what comes in

    def receive(
        self, encoded: Iterable[bytes], *, now_ms: int, sender: MemberId | None = None, is_vouched: bool = True
    ) -> Intake:
        """Take in a batch in any order. `sender` is at the other end: its own join is judged by our clock.

        So is everybody's where no member vouches for the batch: an outsider may bring the late join of another one.
        """
        return self.receive_all((Told(data, sender, is_vouched) for data in encoded), now_ms=now_ms)

    def receive_all(self, told: Iterable[Told], *, now_ms: int) -> Intake:
        """Take in what came from several, as one batch: an evaluation costs as much for one event as for all."""
        batch = Batch()
        self._read(told, batch)
        self._take_all(batch, partial(self._refusal_of, batch=batch, now_ms=now_ms))
        self._settle()
        self._late &= self._chains.held.keys()
        return batch.intake(self._chains)

    @property
    def late_joins(self) -> Set[EventId]:
        """Joins that we first heard of when their invite was over by our clock: no client grants them by itself."""
        return self._late

    def restore(self, encoded: Iterable[bytes]) -> None:
        """Take in what `export` gave, without looking at signatures again; passes over what does not fit."""
        batch = Batch()
        self._read(map(Told, encoded), batch)
        self._take_all(batch, self._chains.refusal_of)
        self._settle()
        self._written = len(self._held_of_ours().facts)

    def _read(self, told: Iterable[Told], batch: Batch) -> None:
        """Size, shape and duplicate."""
        found: dict[EventId, Fact] = {}
        for one in told:
            try:
                fact = decode_fact(one.encoded, room_id=self._room_id)
            except MalformedFrame:
                batch.refused.append((one.encoded, Refusal.MALFORMED))
            else:
                found.setdefault(fact.id, fact)
                batch.told.setdefault(fact.id, one)
        batch.waiting = sorted((fact for fact in found.values() if not self._chains.knows(fact)), key=order_of)

    def _take_all(self, batch: Batch, refusal_of: Callable[[Fact], Refusal | None]) -> None:
        """Go over what waits until nothing is taken any more: an event may open the way for an earlier one."""
        while batch.waiting:
            later = [(fact, reason) for fact in batch.waiting if (reason := self._take(fact, batch, refusal_of))]
            if len(later) == len(batch.waiting):
                told = ((fact, reason) for fact, reason in later if fact.id in batch.told)
                batch.refused.extend((fact.event.encoded, reason) for fact, reason in told)
                return
            batch.waiting = sorted([*(fact for fact, _ in later), *self._pick_up(batch)], key=order_of)

    def _pick_up(self, batch: Batch) -> list[Fact]:
        """What a fork let fall may stand on something else that is still to come."""
        fallen, self._chains.fallen = self._chains.fallen, []
        batch.fallen.update(fact.id for fact in fallen)
        return fallen

    def _take(self, fact: Fact, batch: Batch, refusal_of: Callable[[Fact], Refusal | None]) -> Refusal | None:
        """The reason, if another event may change it."""
        reason = refusal_of(fact)
        if reason is None:
            self._put(fact, batch)
        elif reason in _MAY_CHANGE:
            return reason
        else:
            batch.refused.append((fact.event.encoded, reason))
        return None

    def _put(self, fact: Fact, batch: Batch) -> None:
        fork = self._chains.put(fact)
        self._authority = None
        if fork is not None:
            batch.forks[fact.log] = fork
        elif fact.id not in batch.fallen:
            batch.accepted.append(fact)

    def _refusal_of(self, fact: Fact, *, batch: Batch, now_ms: int) -> Refusal | None:
        """All that speaks against an event, from cheap to dear: author, sequence, signature."""
        reason = self._chains.refusal_of(fact)
        if reason is None and ms_of(fact.hlc) > now_ms + self._bounds.max_ahead_ms:
            return Refusal.FUTURE
        if reason is not None:
            return reason
        join = fact.control if isinstance(fact.control, Join) and not self._chains.contradicts(fact) else None
        if join is not None and not self._is_welcome(fact, batch, now_ms):
            return Refusal.INVITE
        if not is_signed(fact.event, room_id=self._room_id, verify=self._verify):
            return Refusal.SIGNATURE
        return self._proof_refusal(fact, join, now_ms) if join is not None else None

    def _is_welcome(self, join: Fact, batch: Batch, now_ms: int) -> bool:
        """What only the member who meets a newcomer first can judge; later it is a fact."""
        member, invitation, told = member_id_of(join.author), self._invitation(join), batch.told.get(join.id)
        if told is None or (told.is_vouched and member != told.sender):
            return True
        authority = self._judging(batch, join.auth)
        is_valid = authority.judge_invite(invitation.key, now_ms) is InviteVerdict.VALID
        return is_valid and not authority.is_banned(member)

    def _judging(self, batch: Batch, invite: EventId) -> Authority:
        """One for all joins of a batch, or one join more would cost an evaluation; as long as it knows the invite."""
        if batch.authority is None or not batch.authority.knows_invite(invite):
            batch.authority = self.authority
        return batch.authority

    def _invitation(self, join: Fact) -> Invitation:
        invitation = self._chains.held[join.auth].control
        assert isinstance(invitation, Invitation)
        return invitation

    def _proof_refusal(self, fact: Fact, join: Join, now_ms: int) -> Refusal | None:
        invitation, room_id = self._invitation(fact), self._room_id
        newcomer, check = fact.author, self._verify
        if not invite_signs(join, invite_key=invitation.key, room_id=room_id, newcomer=newcomer, verify=check):
            return Refusal.INVITE
        if 0 < invitation.expires_ms < now_ms - SKEW_MS:
            self._late.add(fact.id)
        return None

    # what we say

    def append(self, acts: Iterable[Act], *, now_ms: int) -> list[Event]:
        """Write and keep events of our own; raise NotAllowed, and write none, where one would not count.

        Whoever has learned of its own removal stops here.
        """
        acts, held, place = list(acts), tuple(self._chains.held.values()), (self._incarnation, self._written)
        authority, written = self.authority, list[Fact]()
        if all(act.ref is None or act.ref in self._chains.held for act in acts):
            for act in acts:
                written.append(self._write(act, authority, written, now_ms=now_ms))
        if len(written) < len(acts) or not all(map(self._counts, written)):
            self._incarnation, self._written = place
            self._chains.keep_only(held)
            self._authority = None
            raise NotAllowed("do this here", who="members whose right to it stands")
        self._written = len(self._held_of_ours().facts)
        return [fact.event for fact in written]

    def _write(self, act: Act, authority: Authority, written: list[Fact], *, now_ms: int) -> Fact:
        """The event of an act, held if nothing speaks against it."""
        if isinstance(act.control, Join):
            self._begin_log()
        control = act.control
        if act.overcomes and isinstance(control, Grant):
            control = msgspec.structs.replace(control, over=_removals_of(control.member, authority, written))
        header = self._header(act, control, authority, now_ms=now_ms)
        event = seal_event(header, encode_control(control), identity=self._identity, room_id=self._room_id)
        fact = fact_of(event)
        if self._chains.refusal_of(fact) is None:
            self._put(fact, Batch())
        return fact

    def _header(self, act: Act, control: Control, authority: Authority, *, now_ms: int) -> Header:
        """Dated behind what it builds on, and no further ahead: who sets its clock forward moves nobody else's."""
        before = self._own_log().facts[-1:]
        auth = act.auth if act.auth is not None else self._best_right(authority)
        held = self._chains.held
        target = held[act.ref] if act.ref is not None else None
        basis = [*before, *filter(None, [target, held.get(auth), held.get(act.after) if act.after else None])]
        return Header(
            version=1,
            author=self._identity.public_key,
            incarnation=self._incarnation,
            plane=Plane.CONTROL,
            seq=before[0].seq + 1 if before else 1,
            prev=before[0].id if before else b"",
            hlc=max(hlc_at(now_ms), *(fact.hlc + 1 for fact in basis), 0),
            kind=kind_of(control),
            auth=auth,
            ref=Reference(target.id, target.hlc) if target is not None else None,
            body_hash=hashlib.sha256(encode_control(control)).digest(),
        )

    def _best_right(self, authority: Authority) -> EventId:
        """The grant that we rely on where an act names none; empty for an owner."""
        standings = authority.standings_of(self._identity.member_id)
        return standings[0].id if standings else EventId(b"")

    def _own_log(self) -> Chain:
        """The log that we write to: a new one at first, and whenever ours is full, or part of it was let go."""
        held = self._held_of_ours()
        is_full = len(held.facts) >= self._bounds.max_log_events
        if is_full or not self._incarnation or held.fork is not None or len(held.facts) < self._written:
            self._begin_log()
            return Chain()
        return held

    def _held_of_ours(self) -> Chain:
        return self._chains.logs.get(self._own_id(), Chain())

    def _begin_log(self) -> None:
        """Also for each join, so that one which others refuse holds up nothing that we say later."""
        self._incarnation, self._written = self._random_bytes(INCARNATION_BYTES), 0

    def _own_id(self) -> LogId:
        return LogId(self._identity.public_key, self._incarnation, Plane.CONTROL)

    def _counts(self, fact: Fact) -> bool:
        """Whether what we wrote has any effect: a join by which we neither come in nor wait has none."""
        is_join = isinstance(fact.control, Join)
        return fact.id in (self.authority.joins_of(self._identity.member_id) if is_join else self.authority.lawful)

    # keeping within bounds

    def _settle(self) -> None:
        """What is beyond a quota goes, then what is void beyond the limbo, then forks that hang on what went."""
        while gone := self._chains.excess() or self._beyond_limbo():
            self._let_go(gone)
        self._chains.forget_forks()
        self._chains.fallen.clear()

    def _let_go(self, gone: Set[EventId]) -> None:
        self._chains.keep_only(fact for fact in self._chains.held.values() if fact.id not in gone)
        self._authority = None

    def _beyond_limbo(self) -> set[EventId]:
        """Of each log the part behind its last event that counts, the last of all logs first."""
        held, max_void = len(self._chains.held), self._bounds.max_void
        if held <= max_void or held <= len(self.authority.lawful) + max_void:
            return set()
        counting = {*self.authority.lawful, *self.authority.grantable}
        tails: list[tuple[int, tuple[int, EventId]]] = []
        for chain in self._chains.logs.values():
            counted = max((fact.seq for fact in chain.facts if fact.id in counting), default=0)
            tails.extend((fact.seq - counted, fact.order) for fact in chain.facts[counted:])
        return {order[1] for _, order in sorted(tails)[max_void:]}


def _removals_of(member: bytes, authority: Authority, written: list[Fact]) -> tuple[EventId, ...]:
    """Those that count but for what we have just ended, and those that we have just written ourselves."""
    known = [removal.id for removal in authority.removals_of(member_id_of(member))]
    ended = {fact.target for fact in written if fact.target in known}
    made = (fact.id for fact in written if isinstance(fact.control, Revoke | Ban) and fact.target not in ended)
    return (*(one for one in known if one not in ended), *made)
