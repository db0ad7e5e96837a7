"""What may be put to the logs that are held, and how far others can make them grow."""

from __future__ import annotations

from peer.log.chains import Bounds, Chains, Refusal
from peer.log.control import Ban, Grant, Invitation, Level, Revoke, Uninvite
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


def test_author_keeps_the_logs_of_its_lowest_incarnations() -> None:
    """The same ones on every replica, whatever came first."""
    room, logs = chains(Bounds(max_author_logs=2))
    events = [grant(room.pen("ann", bytes(7) + bytes([n])), "bob") for n in range(4)]
    assert put(logs, events[3], events[1], events[2], events[0]) == ["kept"] * 4
    assert {fact.event for fact in logs.everything()} == {events[0], events[1]}
    assert put(logs, events[2]) == ["FULL"]


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
