"""The walk from the top down, in its corners; test_authority tells stories, tests/properties arbitrary histories."""

from __future__ import annotations

import msgspec

from peer.log.control import Ban, Cut, Grant, Invitation, Level, Revoke, Uninvite
from peer.log.evaluation import Evaluation, rank_of, resigns
from peer.log.event import Event, Plane
from peer.log.facts import fact_of
from peer.log.genesis import decode_genesis

from .replicas import NOW_MS, Room, member, public_key

NOBODY, MEMBER, MODERATOR, ADMIN, OWNER = Level


def evaluated(room: Room, *events: Event) -> Evaluation:
    return Evaluation(decode_genesis(room.genesis), [fact_of(event) for event in events])


def test_level_comes_from_the_one_right_that_is_cited() -> None:
    """And is nobody's but its member's."""
    room = Room()
    right = room.pen("ann").write(Grant(public_key("bob"), ADMIN))
    invite = room.pen("bob").write(Invitation(room.invite_key().public_key, 1), auth=right.id)
    join = room.pen("cyd").join(invite)
    leaving = room.pen("cyd").write(Revoke(), auth=join.id, ref=join)
    facts = {fact.id: fact for fact in map(fact_of, (right, invite, join, leaving))}
    owners = frozenset([public_key("ann")])
    assert [rank_of(fact, facts, owners) for fact in facts.values()] == [OWNER, ADMIN, NOBODY, MEMBER]
    assert [fact.gives for fact in facts.values()] == [ADMIN, NOBODY, MEMBER, NOBODY]
    assert [fact.member for fact in facts.values()] == [public_key(name) for name in ("bob", "bob", "cyd", "cyd")]
    assert [resigns(fact) for fact in facts.values()] == [False, False, False, True]


def test_cuts_of_several_removals_add_up() -> None:
    """What any of them does not accept does not count."""
    room = Room()
    ann, bob = room.pen("ann"), room.pen("bob")
    right = ann.write(Grant(public_key("bob"), ADMIN))
    said = [bob.write(Grant(public_key(f"m{n}"), 1), auth=right.id) for n in range(4)]
    cuts = [(Cut(bob.incarnation, Plane.CONTROL, seq), Cut(bytes(8), Plane.CONTROL, seq)) for seq in (3, 2)]
    ends = [ann.write(Revoke(cut), ref=right) for cut in cuts]
    assert said[1].id in evaluated(room, right, *said, *ends).lawful
    assert said[2].id in evaluated(room, right, *said, ends[0]).lawful
    assert said[2].id not in evaluated(room, right, *said, *ends).lawful
    third = ann.write(Ban(public_key("bob"), (Cut(bytes(8), Plane.CONTROL, 9),)))
    assert said[0].id not in evaluated(room, right, *said, *ends, third).lawful


def test_of_revokes_of_revokes_the_younger_goes_first() -> None:
    """The third restores what the second ended: the first."""
    room = Room()
    ann = room.pen("ann")
    right = ann.write(Grant(public_key("bob"), MEMBER))
    chain = [right]
    for _ in range(5):
        chain.append(ann.write(Revoke(), ref=chain[-1]))
        removed = public_key("bob") in evaluated(room, *chain).removals
        assert removed == (len(chain) % 2 == 0)


def test_resignation_that_was_ended_from_above_ended_nothing() -> None:
    room = Room()
    ann, bob = room.pen("ann"), room.pen("bob")
    right = ann.write(Grant(public_key("bob"), MODERATOR))
    leaving = bob.write(Revoke(), auth=right.id, ref=right)
    later = bob.write(Ban(public_key("cyd")), auth=right.id)
    again = bob.write(Revoke(), auth=right.id, ref=right)
    ended = ann.write(Revoke(), ref=leaving)
    assert later.id not in evaluated(room, right, leaving, later).lawful
    result = evaluated(room, right, leaving, later, again, ended)
    assert {later.id, again.id} <= result.lawful
    assert result.resigned.keys() == {right.id}
    own = bob.write(Revoke(), auth=right.id, ref=leaving)
    assert own.id not in evaluated(room, right, leaving, later, again, own).lawful


def test_end_of_what_is_no_invite_or_not_there_counts_for_nothing() -> None:
    room = Room()
    ann = room.pen("ann")
    right, invite = ann.write(Grant(public_key("bob"), ADMIN)), ann.write(Invitation(bytes(32), 1))
    wrong = [ann.write(Uninvite(), ref=right), ann.write(Revoke(), ref=invite), ann.write(Uninvite(), ref=invite)]
    result = evaluated(room, right, invite, *wrong)
    assert [event.id in result.lawful for event in wrong] == [False, False, True]
    assert result.uninvited == {invite.id}
    assert not {event.id for event in wrong} & evaluated(room, wrong[0], wrong[1]).lawful


def test_first_use_of_a_single_invite_is_by_clock() -> None:
    """A grant of a higher level uses nothing."""
    room = Room()
    ann, other = room.pen("ann"), room.pen("ann", b"another!")
    invite = ann.write(Invitation(room.invite_key().public_key, 0))
    joins = [room.pen(name).join(invite) for name in ("bob", "cyd")]
    promotion = ann.write(Grant(public_key("bob"), MODERATOR), ref=joins[0])
    first = ann.write(Grant(public_key("cyd"), 1), ref=joins[1])
    second = other.write(Grant(public_key("bob"), 1), ref=joins[0])
    again = other.write(Grant(public_key("cyd"), 1), ref=joins[1])
    result = evaluated(room, invite, *joins, promotion, second, again, first)
    assert result.used[invite.id].id == first.id
    assert {promotion.id, first.id, again.id} <= result.lawful
    assert second.id not in result.lawful
    assert member("bob") != member("cyd")


def test_joins_count_by_invite_time_and_policy() -> None:
    """And rest on a grant from then on, which lapses with them."""
    room = Room()
    ann, other = room.pen("ann"), room.pen("ann", b"another!")
    invite = ann.write(Invitation(room.invite_key().public_key, 1))
    late = other.write(Invitation(room.invite_key().public_key, 1, NOW_MS - 1))
    join, missed = room.pen("bob").join(invite), room.pen("cyd").join(late)
    own, stray = room.pen("ann", b"a third!").join(invite), room.pen("dan").join(join)
    result = evaluated(room, invite, late, join, missed, own, stray)
    assert [fact.id for fact in result.standings()] == [join.id]
    approving = Evaluation(msgspec.structs.replace(decode_genesis(room.genesis), join_policy=1), result.held.values())
    assert list(approving.standings()) == []
    grant = ann.write(Grant(public_key("bob"), MEMBER), ref=join)
    leaving = room.pen("bob", b"another!").write(Revoke(), auth=join.id, ref=join)
    uninvite = ann.write(Uninvite(), ref=invite)
    assert [fact.id for fact in evaluated(room, invite, join, grant, uninvite).standings()] == [grant.id]
    assert list(evaluated(room, invite, join, grant, leaving).standings()) == []
    assert list(evaluated(room, invite, join, uninvite).standings()) == []


def test_every_plane_is_covered_by_the_same_rights() -> None:
    """By owners; by a right that counts, up to its cuts, and before its member resigned: elsewhere by the cuts."""
    room = Room()
    ann, bob, other = room.pen("ann"), room.pen("bob"), room.pen("bob", b"another!")
    right = ann.write(Grant(public_key("bob"), MODERATOR))
    said = [pen.write(Ban(public_key(name)), auth=right.id) for pen in (bob, other) for name in ("cyd", "dan")]
    cut = Cut(other.incarnation, Plane.CONTROL, 1)
    leaving = bob.write(Revoke((cut,)), auth=right.id, ref=right)
    ban = ann.write(Ban(public_key("bob"), (cut,)))
    stray = room.pen("cyd").write(Ban(public_key("bob")), auth=right.id)
    assert evaluated(room, right).covers(ann.events[0])
    assert not evaluated(room, right).covers(room.pen("cyd").write(Revoke(), ref=right))
    assert not evaluated(room).covers(said[0])
    assert [evaluated(room, right).covers(event) for event in (*said, stray)] == [True] * 4 + [False]
    assert [evaluated(room, right, ban).covers(event) for event in said] == [False, False, True, False]
    resigned = evaluated(room, right, *said, leaving)
    assert [resigned.covers(event) for event in said] == [True, True, True, False]
    assert [event.id in resigned.lawful for event in said] == [True, True, True, False]
    admission = room.pen("cyd").write(Ban(public_key("eve")), auth=bytes(32))
    assert admission.id not in evaluated(room, right, admission).lawful


def test_void_right_gives_nothing_to_rely_on() -> None:
    """The grant of somebody who may not grant; a grant for another's join uses no invite."""
    room = Room()
    ann, bob = room.pen("ann"), room.pen("bob")
    right = ann.write(Grant(public_key("bob"), MODERATOR))
    void = bob.write(Grant(public_key("cyd"), MODERATOR), auth=right.id)
    ban = room.pen("cyd").write(Ban(public_key("dan")), auth=void.id)
    invite = ann.write(Invitation(room.invite_key().public_key, 0))
    join = room.pen("dan").join(invite)
    misled = ann.write(Grant(public_key("eve"), MEMBER), ref=join)
    result = evaluated(room, right, void, ban, invite, join, misled)
    assert not {void.id, ban.id} & result.lawful
    assert result.used == {}


def test_removal_that_was_overcome_ends_nothing() -> None:
    """And a join is nobody's right to join again."""
    room = Room()
    ann = room.pen("ann")
    ban = ann.write(Ban(public_key("bob")))
    back = ann.write(Grant(public_key("bob"), MEMBER, (ban.id,)))
    assert [fact.id for fact in evaluated(room, ban, back).standings()] == [back.id]
    invite = ann.write(Invitation(room.invite_key().public_key, 1))
    pen = room.pen("cyd")
    first = pen.join(invite)
    assert pen.join(first).id not in evaluated(room, invite, *pen.events).lawful
