"""What may be put to the logs that are held, and how far others can make them grow."""

from __future__ import annotations

import pytest

from peer.log.chains import Bounds, Chains, Refusal
from peer.log.control import Ban, Grant, Invitation, Level, Revoke, Uninvite, sign_join
from peer.log.event import Event
from peer.log.facts import fact_of

from .replicas import Pen, Room, public_key

NOBODY, MEMBER, MODERATOR, ADMIN, OWNER = Level


def chains(bounds: Bounds | None = None) -> tuple[Room, Chains]:
    return Room(), Chains([public_key("ann")], bounds or Bounds())


def put(logs: Chains, *events: Event) -> list[str]:
    """The name of each refusal, or what became of it."""
    found = []
    for event in events:
        fact = fact_of(event)
        reason = logs.refusal_of(fact)
        found.append(reason.name if reason else "fork" if logs.put(fact) else "kept")
    return found


def grant(pen: Pen, name: str, level: Level = MEMBER, auth: bytes = b"") -> Event:
    return pen.write(Grant(public_key(name), level), auth=auth)


def test_strangers_keep_nothing() -> None:
    """Whatever they say, and whatever right they claim."""
    room, logs = chains()
    invite = room.pen("ann").write(Invitation(room.invite_key().public_key, 1))
    eve = room.pen("eve")
    events = [
        grant(eve, "eve"),
        eve.write(Ban(bytes(32)), seq=1, prev=b""),
        eve.write(Uninvite(), ref=invite, seq=1, prev=b""),
    ]
    assert put(logs, *events) == ["STRANGER"] * 3
    assert put(logs, room.pen("fay").join(invite)) == ["STRANGER"]
    assert list(logs.everything()) == []
    assert put(logs, invite, room.pen("fay").join(invite)) == ["kept", "kept"]


def test_what_no_level_of_the_author_allows_is_not_kept() -> None:
    """By the highest level that it was ever granted, void or not."""
    room, logs = chains()
    ann, bob = room.pen("ann"), room.pen("bob")
    membership = grant(ann, "bob")
    assert put(logs, membership) == ["kept"]
    assert put(logs, bob.write(Ban(bytes(32)), auth=membership.id)) == ["NOT_ALLOWED"]
    assert put(logs, grant(ann, "bob", MODERATOR), *bob.events) == ["kept", "kept"]
    assert put(logs, grant(bob, "eve", auth=membership.id)) == ["NOT_ALLOWED"]
    assert put(logs, grant(ann, "bob", ADMIN), bob.events[-1]) == ["kept", "kept"]
    assert put(logs, grant(bob, "eve", ADMIN)) == ["NOT_ALLOWED"]
    assert put(logs, ann.write(Revoke(), ref=membership)) == ["kept"]


def test_owner_does_not_join() -> None:
    room, logs = chains()
    invite = room.pen("ann").write(Invitation(room.invite_key().public_key, 1))
    assert put(logs, invite, room.pen("ann", b"another!").join(invite)) == ["kept", "NOT_ALLOWED"]


def test_sequence_has_no_gap_and_an_end() -> None:
    room, logs = chains(Bounds(max_log_events=2))
    pen = room.pen("ann")
    events = [grant(pen, "bob") for _ in range(4)]
    assert put(logs, events[1], *events) == ["GAP", "kept", "kept", "SEQUENCE", "GAP"]
    still = pen.write(Uninvite(), ref=room.pen("ann").write(Uninvite(), ref=None, hlc=1), after=events[0], hlc=2)
    assert put(logs, still) == ["SEQUENCE"]


def test_members_have_a_quota_of_their_own() -> None:
    """Who is more than a member has that of its level."""
    room, logs = chains(Bounds(max_member_events=2))
    ann, bob = room.pen("ann"), room.pen("bob")
    right = grant(ann, "bob")
    leaving = [bob.write(Revoke(), auth=right.id, ref=right) for _ in range(3)]
    assert put(logs, right, *leaving) == ["kept", "kept", "kept", "FULL"]
    assert put(logs, grant(ann, "bob", MODERATOR), leaving[2]) == ["kept", "kept"]


def test_those_below_cannot_keep_those_above_from_acting() -> None:
    """Events are counted for each level."""
    room, logs = chains(Bounds(max_events=3))
    ann, bob, cyd = room.pen("ann"), room.pen("bob"), room.pen("cyd")
    rights = [grant(ann, "bob", ADMIN), grant(ann, "cyd", MODERATOR)]
    put(logs, *rights)
    bans = [cyd.write(Ban(bytes([n]) * 32), auth=rights[1].id) for n in range(4)]
    assert put(logs, *bans) == ["kept", "kept", "kept", "FULL"]
    assert put(logs, grant(bob, "dan", auth=rights[0].id)) == ["kept"]
    assert put(logs, ann.write(Ban(public_key("cyd"))), grant(ann, "eve")) == ["kept", "FULL"]


def trimmed(logs: Chains) -> set[bytes]:
    """The ids that are left once nothing is beyond a quota."""
    while gone := logs.excess():
        logs.keep_only([fact for fact in logs.held.values() if fact.id not in gone])
    return set(logs.held)


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1)])
def test_author_keeps_the_logs_of_its_lowest_incarnations(order: tuple[int, ...]) -> None:
    """The same ones on every replica, whatever came first; owners keep all."""
    room, logs = chains(Bounds(max_author_logs=2, max_member_logs=1))
    ann = room.pen("ann")
    right = grant(ann, "bob", ADMIN)
    events = [grant(room.pen("bob", bytes(7) + bytes([n])), "cyd", auth=right.id) for n in range(4)]
    more = [grant(room.pen("ann", bytes(7) + bytes([n])), "cyd") for n in range(4)]
    put(logs, right, *more, *(events[n] for n in order))
    assert trimmed(logs) == {right.id, events[0].id, events[1].id, *(event.id for event in more)}
    assert put(logs, events[2]) == ["FULL"]


def test_forked_logs_count_for_good() -> None:
    """Nobody makes place for another log by contradicting itself in one of lower number."""
    room, logs = chains(Bounds(max_author_logs=2))
    right = grant(room.pen("ann"), "bob", ADMIN)
    put(logs, right)
    for number in (9, 8):
        left, other = (room.pen("bob", bytes(7) + bytes([number])) for _ in range(2))
        assert put(logs, grant(left, "cyd", auth=right.id), grant(other, "dan", auth=right.id)) == ["kept", "fork"]
    assert put(logs, grant(room.pen("bob", bytes(8)), "cyd", auth=right.id)) == ["FULL"]


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1)])
def test_joins_that_wait_are_the_earliest_ones(order: tuple[int, ...]) -> None:
    """Two members who were fed different crowds end with the same."""
    room, logs = chains(Bounds(max_joins=2))
    invite = room.pen("ann").write(Invitation(room.invite_key().public_key, 1))
    joins = [room.pen(f"guest {n}").join(invite) for n in range(4)]
    put(logs, invite, *(joins[n] for n in order))
    assert trimmed(logs) == {invite.id, joins[0].id, joins[1].id} == {fact.id for fact in logs.everything()}


def test_join_that_is_not_dated_behind_its_invite_is_refused() -> None:
    room, logs = chains()
    invite = room.pen("ann").write(Invitation(room.invite_key().public_key, 1))
    proof = sign_join(room.invite_key(), room_id=room.id, newcomer=public_key("eve"))
    early = room.pen("eve").write(proof, auth=invite.id, hlc=invite.header.hlc)
    assert put(logs, invite, early) == ["kept", "SEQUENCE"]


def test_joins_of_an_invite_are_bounded_until_they_are_granted() -> None:
    """A grant makes room for another newcomer, also if it came before the join that it admits."""
    room, logs = chains(Bounds(max_joins=1))
    ann = room.pen("ann")
    invite = ann.write(Invitation(room.invite_key().public_key, 1))
    joins = {name: room.pen(name).join(invite) for name in ("bob", "cyd", "dan", "eve")}
    assert put(logs, invite, joins["bob"], joins["cyd"]) == ["kept", "kept", "FULL"]
    grants = [ann.write(Grant(public_key(name), 1), ref=joins[name]) for name in ("bob", "bob", "cyd")]
    assert put(logs, *grants, joins["cyd"], joins["dan"], joins["eve"]) == ["kept"] * 5 + ["FULL"]
    assert put(logs, ann.write(Grant(public_key("fay"), 1), ref=invite)) == ["kept"]


def test_forks_keep_bounded_proofs_and_all_verdicts() -> None:
    room, logs = chains(Bounds(max_forks=1))
    for number in range(3):
        left, right = (room.pen("ann", bytes(7) + bytes([number])) for _ in range(2))
        assert put(logs, grant(left, "bob"), grant(right, "cyd")) == ["kept", "fork"]
        assert put(logs, left.events[0], grant(right, "dan")) == ["FORKED", "FORKED"]
    assert len(list(logs.everything())) == len(logs.proofs) == 2
    assert [chain.fork.seq for chain in logs.logs.values() if chain.fork] == [1, 1, 1]
    assert logs.knows(next(logs.everything()))


def test_log_of_a_forked_author_that_nobody_knows_is_forgotten() -> None:
    room, logs = chains()
    ann, other, bob, again = room.pen("ann"), room.pen("ann"), room.pen("bob"), room.pen("bob")
    right = grant(ann, "bob", ADMIN)
    forks = [grant(bob, "cyd", auth=right.id), grant(again, "dan", auth=right.id)]
    assert put(logs, right, *forks) == ["kept", "kept", "fork"]
    assert put(logs, grant(other, "eve")) == ["fork"]
    logs.forget_forks()
    assert [log.author for log in logs.logs] == [public_key("ann")]
    assert {fact.author for fact in logs.everything()} == {public_key("ann")}


def test_refusals_have_their_sentence() -> None:
    """For our own log; the sender is told nothing."""
    assert {refusal.value for refusal in Refusal} == {refusal.name.lower() for refusal in Refusal}


def test_contradiction_behind_what_is_held_cuts_below_it() -> None:
    """It names another predecessor: its author has said two things there."""
    room, logs = chains()
    pen = room.pen("ann")
    events = [grant(pen, "bob"), grant(pen, "cyd")]
    liar = pen.write(Grant(public_key("dan"), MEMBER), prev=bytes(32))
    assert put(logs, *events, liar) == ["kept", "kept", "fork"]
    assert [fact.event for fact in logs.everything()] == [events[0], events[1], liar]
    assert list(logs.held) == [events[0].id]


def test_what_opens_the_way_may_be_dated_later() -> None:
    """When a log was cut, the rest is put again until nothing more fits, whatever the clocks say."""
    room, logs = chains()
    ann, other, bob = room.pen("ann"), room.pen("ann", b"another!"), room.pen("bob")
    right = grant(ann, "bob", ADMIN)
    early = bob.write(Grant(public_key("cyd"), 1), auth=right.id, hlc=5)
    assert put(logs, right, early, grant(other, "dan")) == ["kept"] * 3
    assert put(logs, grant(room.pen("ann", b"another!"), "eve")) == ["fork"]
    assert logs.held.keys() == {right.id, early.id}


def test_what_stood_on_a_cut_log_is_let_go() -> None:
    room, logs = chains()
    right = grant(room.pen("ann"), "bob", ADMIN)
    said = room.pen("bob").write(Grant(public_key("cyd"), 1), auth=right.id)
    assert put(logs, right, said, grant(room.pen("ann"), "eve")) == ["kept", "kept", "fork"]
    assert list(logs.held) == []


def test_whatever_contradicts_what_is_held_is_a_fork() -> None:
    """Also what its author may not say: else it would depend on what came first whether anybody sees it."""
    room, logs = chains()
    right = grant(room.pen("ann"), "bob")
    leaving = room.pen("bob").write(Revoke(), auth=right.id, ref=right)
    other = room.pen("bob").write(Invitation(bytes(32), 1), auth=right.id)
    assert put(logs, right, other, leaving, other) == ["kept", "NOT_ALLOWED", "kept", "fork"]
    logs.forget_forks()
    assert len(logs.proofs) == 2


def test_proofs_of_the_highest_authors_are_kept_and_a_share_of_each() -> None:
    """However many made-up keys contradict themselves."""
    room, logs = chains(Bounds(max_forks=2, max_author_forks=1))
    ann = room.pen("ann", b"zzzzzzzz")
    rights = {name: grant(ann, name, level) for name, level in (("bob", ADMIN), ("cyd", MEMBER), ("dan", MEMBER))}
    put(logs, *rights.values())
    for name in ("cyd", "dan", "bob"):
        for incarnation in (b"a log...", b"another."):
            pens = [room.pen(name, incarnation) for _ in range(2)]
            put(logs, *(pen.write(Revoke(), auth=rights[name].id, ref=rights[name]) for pen in pens))
    proven = [log.author for log, chain in logs.logs.items() if chain.fork is not None and chain.fork.proof]
    assert len(proven) == 2
    assert public_key("bob") in proven
    assert sum(chain.fork is not None for chain in logs.logs.values()) == 6


def test_fork_that_nobody_can_be_shown_any_more_is_forgotten() -> None:
    """What came before it in its log went with the right that it stood on; what is left of the author stays."""
    room, logs = chains()
    ann, other = room.pen("ann"), room.pen("ann", b"another!")
    admin, plain = grant(ann, "bob", ADMIN), grant(other, "bob")
    bob, again = room.pen("bob"), room.pen("bob")
    first = grant(bob, "cyd", auth=admin.id)
    again.events = [first]
    pair = [pen.write(Revoke(), auth=plain.id, ref=plain) for pen in (bob, again)]
    assert put(logs, admin, plain, first, *pair) == ["kept"] * 4 + ["fork"]
    assert logs.count_of_level(public_key("bob")) == 1
    logs.forget_forks()
    assert [chain.fork.seq for chain in logs.logs.values() if chain.fork] == [2]
    assert put(logs, grant(room.pen("ann"), "dan")) == ["fork"]
    logs.forget_forks()
    assert [log.author for log, chain in logs.logs.items() if chain.fork] == [public_key("ann")]
    assert list(logs.held) == [plain.id]


def test_fork_whose_first_events_are_refused_is_forgotten_and_what_is_before_stays() -> None:
    """A plain member said, once it was admin, what it may say no more."""
    room, logs = chains()
    ann, other = room.pen("ann"), room.pen("ann", b"another!")
    admin, plain = grant(ann, "bob", ADMIN), grant(other, "bob")
    bob, again = room.pen("bob"), room.pen("bob")
    first = bob.write(Revoke(), auth=plain.id, ref=plain)
    again.events = [first]
    assert put(logs, admin, plain, first, grant(bob, "cyd"), grant(again, "dan")) == ["kept"] * 4 + ["fork"]
    assert put(logs, grant(room.pen("ann"), "dan")) == ["fork"]
    logs.forget_forks()
    assert set(logs.held) == {plain.id, first.id}
    assert [log.author for log, chain in logs.logs.items() if chain.fork] == [public_key("ann")]
