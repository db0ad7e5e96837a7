"""Who may do what, told as stories of rooms; tests/properties holds the same against an oracle."""

from __future__ import annotations

import pytest

from peer.errors import MalformedFrame
from peer.log import acts
from peer.log.authority import InviteVerdict, authority_of
from peer.log.control import Ban, Cut, Grant, Invitation, Level, Revoke, Uninvite, sign_join
from peer.log.event import MAX_HLC, EventId, Plane, decode_event
from peer.log.genesis import decode_genesis

from .replicas import NOW_MS, Room, member, public_key

NOBODY, MEMBER, MODERATOR, ADMIN, OWNER = Level


def room_of_four() -> Room:
    """ann owns it, bob is admin, cyd moderator, dan a member."""
    return Room().with_members(bob=ADMIN, cyd=MODERATOR, dan=MEMBER)


def grant_to(room: Room, name: str) -> EventId:
    return room.authority("ann").standings_of(member(name))[0].id


def test_owner_is_a_member_from_the_founding_on() -> None:
    room = Room()
    assert room.authority("ann").owners == (member("ann"),)
    assert room.level("ann") is OWNER
    assert room.authority("ann").is_member(member("ann"))
    assert room.level("eve") is NOBODY
    assert not room.authority("ann").is_member(member("eve"))
    assert room.authority("ann").standings_of(member("ann")) == ()


def test_authority_takes_events_in_any_order_and_more_than_once() -> None:
    """A pure function of the set."""
    room = room_of_four()
    events = [decode_event(data, room_id=room.id) for data in room["ann"].export()]
    authority = authority_of(decode_genesis(room.genesis), [*reversed(events), *events])
    assert authority.members == room.authority("ann").members
    assert authority.lawful == room.authority("ann").lawful


def test_message_is_no_control_event() -> None:
    room = Room()
    pen = room.pen("ann")
    event = pen.write(Uninvite(), ref=pen.write(Uninvite(), ref=room.pen("ann").write(Invitation(bytes(32), 1))))
    assert authority_of(decode_genesis(room.genesis), [event]).lawful == set()
    with pytest.raises(MalformedFrame):
        authority_of(decode_genesis(room.genesis), [decode_event(event.encoded[:-1] + b"\x91", room_id=room.id)])


# grants


@pytest.mark.parametrize(
    ("granter", "level", "counts"),
    [
        ("ann", ADMIN, True),
        ("ann", MEMBER, True),
        ("bob", ADMIN, False),
        ("bob", MODERATOR, True),
        ("cyd", MEMBER, False),
        ("dan", MEMBER, False),
        ("eve", MEMBER, False),
    ],
)
def test_members_are_made_by_admins_and_below_their_level(granter: str, level: Level, counts: bool) -> None:
    """Owner > admin > moderator > member; a moderator removes, and lets nobody in."""
    room = room_of_four()
    auth = b"" if granter in {"ann", "eve"} else grant_to(room, granter)
    events = [decode_event(data, room_id=room.id) for data in room["ann"].export()]
    ghost = room.pen(granter).write(Grant(public_key("ghost"), level), auth=auth)
    authority = authority_of(decode_genesis(room.genesis), [*events, ghost])
    assert (authority.level_of(member("ghost")) is level) == counts
    assert (ghost.id in authority.lawful) == counts


def test_right_of_another_is_no_right() -> None:
    """A cited grant counts for its own member alone, and an invite gives nobody a level."""
    room = room_of_four()
    invite = room.pen("bob").write(Invitation(bytes(32), 1), auth=grant_to(room, "bob"))
    events = [invite, *(decode_event(data, room_id=room.id) for data in room["ann"].export())]
    for auth in (grant_to(room, "bob"), invite.id, bytes(32)):
        ghost = room.pen("dan").write(Grant(public_key("ghost"), MEMBER), auth=auth)
        assert not authority_of(decode_genesis(room.genesis), [*events, ghost]).is_member(member("ghost"))


# removal


def test_kick_ends_membership_and_keeps_the_key_out() -> None:
    room = room_of_four()
    room.kick("dan", by="cyd")
    assert room.level("dan", by="cyd") is NOBODY
    assert room.authority("cyd").is_banned(member("dan"))
    assert room.authority("cyd").removals_of(member("dan"))


def test_owner_is_not_removable() -> None:
    """Not by anybody, and not by another owner's or its own word."""
    room = room_of_four()
    pen = room.pen("ann")
    events = [decode_event(data, room_id=room.id) for data in room["ann"].export()]
    bans = [
        pen.write(Ban(public_key("ann"))),
        room.pen("bob").write(Ban(public_key("ann")), auth=grant_to(room, "bob")),
    ]
    demotion = pen.write(Grant(public_key("ann"), MEMBER))
    authority = authority_of(decode_genesis(room.genesis), [*events, *bans, demotion])
    assert authority.level_of(member("ann")) is OWNER
    assert not authority.is_banned(member("ann"))
    assert not {bans[0].id, bans[1].id, demotion.id} & authority.lawful


def test_equals_cannot_remove_each_other() -> None:
    """Nobody acts on an equal or higher level, so there is no mutual kick."""
    room = Room().with_members(bob=ADMIN, cyd=ADMIN)
    for left, right in (("bob", "cyd"), ("cyd", "bob")):
        auth = grant_to(room, left)
        target = decode_event(
            next(e for e in room["ann"].export() if decode_event(e, room_id=room.id).id == grant_to(room, right)),
            room_id=room.id,
        )
        pen = room.pen(left)
        revoke = pen.write(Revoke(), auth=auth, ref=target)
        ban = pen.write(Ban(public_key(right)), auth=auth)
        room.tell("ann", [revoke.encoded, ban.encoded])
        assert revoke.id not in room.authority("ann").lawful
    assert room.level("bob") is room.level("cyd") is ADMIN


def test_what_was_said_up_to_the_cut_stands_and_nothing_after() -> None:
    """A concurrent kick is decided the same everywhere, with no clock."""
    room = Room().with_members(bob=ADMIN)
    known = room.set_level("dan", MEMBER, by="bob")
    room.tell("ann", known)
    unknown = room.set_level("eve", MEMBER, by="bob")
    kick = room.kick("bob")
    room.tell("ann", unknown)
    room.tell("bob", kick)
    for name in ("ann", "bob"):
        assert room.level("dan", by=name) is MEMBER
        assert room.level("eve", by=name) is NOBODY
    assert room["ann"].digest() == room["bob"].digest()


def test_removal_wins_over_a_grant_at_the_same_time() -> None:
    """Whoever granted did not know of the removal; both orders of arrival."""
    room = room_of_four()
    kick = room.kick("dan", by="ann")
    regrant = room.say("bob", acts.set_level(room.authority("bob"), member("bob"), member("dan"), MODERATOR))
    room.tell("ann cyd", kick + regrant)
    room.tell("bob", kick)
    for name in ("ann", "bob", "cyd"):
        assert room.level("dan", by=name) is NOBODY


def test_promotion_above_the_remover_survives() -> None:
    """A removal ends what is below its own level."""
    room = room_of_four()
    kick = room.kick("dan", by="cyd")
    promotion = room.set_level("dan", ADMIN)
    room.tell("ann", kick)
    room.tell("cyd", promotion)
    assert room.level("dan") is room.level("dan", by="cyd") is ADMIN
    assert not room.authority("ann").is_banned(member("dan"))


def test_readmission_is_a_new_grant_that_names_the_removal() -> None:
    room = room_of_four()
    room.tell("ann bob", room.kick("dan", by="cyd"))
    back = room.say("bob", acts.admit(room.authority("bob"), member("bob"), member("dan")))
    room.tell("ann cyd", back)
    for name in ("ann", "bob", "cyd"):
        assert room.level("dan", by=name) is MEMBER
        assert not room.authority(name).is_banned(member("dan"))


def test_grant_from_below_does_not_overcome_a_removal() -> None:
    """Whom an owner removed, an admin cannot bring back, whatever it names."""
    room = room_of_four()
    room.tell("bob", room.kick("dan"))
    over = tuple(removal.id for removal in room.authority("bob").removals_of(member("dan")))
    grant = room.pen("bob").write(Grant(public_key("dan"), MEMBER, over), auth=grant_to(room, "bob"))
    room.tell("ann", [grant.encoded])
    assert grant.id in room.authority("ann").lawful
    assert room.level("dan") is NOBODY


def test_ban_alone_removes_and_lifting_it_restores() -> None:
    room = room_of_four()
    ban = room.say("bob", [acts.Act(Ban(public_key("dan")))])
    assert room.level("dan", by="bob") is NOBODY
    room.say("bob", [acts.Act(Revoke(), ref=decode_event(ban[0], room_id=room.id).id)])
    assert room.level("dan", by="bob") is MEMBER
    assert not room.authority("bob").is_banned(member("dan"))


def test_revoking_a_revoke_restores_exactly() -> None:
    """Also all that the removed had said, and those whom it let in."""
    room = Room().with_members(bob=ADMIN)
    room.tell("ann", room.set_level("dan", MEMBER, by="bob"))
    before = dict(room.authority("ann").members)
    revoke = room.say("ann", [acts.Act(Revoke(), ref=grant_to(room, "bob"))])
    assert room.level("bob") is room.level("dan") is NOBODY
    room.say("ann", [acts.Act(Revoke(), ref=decode_event(revoke[0], room_id=room.id).id)])
    assert room.authority("ann").members == before


def test_revoke_is_ended_from_above_or_by_its_author() -> None:
    """Not by an equal, and not by whom it removed."""
    room = Room().with_members(bob=ADMIN, cyd=ADMIN, dan=MEMBER)
    target = decode_event(room.say("bob", [acts.Act(Ban(public_key("dan")))])[0], room_id=room.id)
    room.tell("ann cyd", [target.encoded])
    equal = room.pen("cyd").write(Revoke(), auth=grant_to(room, "cyd"), ref=target)
    room.tell("ann", [equal.encoded])
    assert equal.id not in room.authority("ann").lawful
    assert room.authority("ann").is_banned(member("dan"))
    room.tell("bob", room.say("ann", [acts.Act(Revoke(), ref=target.id)]))
    assert room.level("dan", by="bob") is MEMBER


def test_reference_that_lies_about_the_clock_refers_to_nothing() -> None:
    """The clock of the target is signed with it, so that the younger of two revokes is known."""
    room = room_of_four()
    target = room.pen("ann").write(Ban(public_key("eve")))
    liar = room.pen("bob")
    event = liar.write(Ban(public_key("dan")), auth=grant_to(room, "bob"))
    lying = liar.write(Revoke(), auth=grant_to(room, "bob"), ref=event)
    assert lying.header.ref is not None
    other = room.pen("bob", b"another!").write(Uninvite(), auth=grant_to(room, "bob"), ref=target)
    room.tell("ann", [target.encoded, event.encoded, lying.encoded, other.encoded])
    assert lying.id in room.authority("ann").lawful
    assert other.id not in room.authority("ann").lawful


# leaving


def test_leaving_gives_up_the_grant_that_is_cited() -> None:
    """To revoke oneself is to cite the grant one revokes: with two grants, the other stays."""
    room = room_of_four()
    first = grant_to(room, "dan")
    room.tell("dan", room.set_level("dan", MODERATOR))
    second = next(one.id for one in room.authority("dan").standings_of(member("dan")) if one.id != first)
    room.tell("ann", room.say("dan", [acts.Act(Revoke(), ref=second, auth=second)]))
    assert room.level("dan") is MEMBER
    assert not room.authority("ann").is_banned(member("dan"))


def test_what_was_said_after_resigning_does_not_count() -> None:
    """A moderator who resigned cannot remove anybody by the right it gave up, in no log of its own."""
    room = room_of_four()
    grant = decode_event(
        next(e for e in room["ann"].export() if decode_event(e, room_id=room.id).id == grant_to(room, "cyd")),
        room_id=room.id,
    )
    pen, other = room.pen("cyd"), room.pen("cyd", b"another!")
    before = pen.write(Ban(public_key("eve")), auth=grant.id)
    elsewhere = other.write(Ban(public_key("fay")), auth=grant.id)
    later = other.write(Ban(public_key("gus")), auth=grant.id)
    resignation = pen.write(Revoke((Cut(b"another!", Plane.CONTROL, 1),)), auth=grant.id, ref=grant)
    after = pen.write(Ban(public_key("dan")), auth=grant.id)
    again = pen.write(Revoke(), auth=grant.id, ref=grant)
    room.tell("ann", [e.encoded for e in (before, elsewhere, later, resignation, after, again)])
    lawful = room.authority("ann").lawful
    assert {before.id, elsewhere.id, resignation.id} <= lawful
    assert not {later.id, after.id, again.id} & lawful
    assert room.level("dan") is MEMBER


def test_grant_lapses_with_the_join_that_it_admitted() -> None:
    """Who leaves while an admin's client is confirming the join has left."""
    room = Room()
    room.tell("bob", room.invite())
    room.tell("ann", room.join("bob"))
    leaving = room.say("bob", acts.leave(room.authority("bob"), member("bob")))
    room.say("ann", acts.grants_due(room.authority("ann"), member("ann")))
    assert room.level("bob") is MEMBER
    room.tell("ann", leaving)
    assert room.level("bob") is NOBODY
    assert not room.authority("ann").is_banned(member("bob"))


def test_owner_can_end_a_resignation() -> None:
    room = room_of_four()
    leaving = room.say("dan", acts.leave(room.authority("dan"), member("dan")))
    room.tell("ann", leaving)
    assert room.level("dan") is NOBODY
    room.say("ann", [acts.Act(Revoke(), ref=decode_event(leaving[0], room_id=room.id).id)])
    assert room.level("dan") is MEMBER


# invites and joins


def test_open_invite_admits_at_once_where_the_room_is_open() -> None:
    room = Room()
    room.tell("bob", room.invite())
    room.tell("ann", room.join("bob"))
    assert room.level("bob") is room.level("bob", by="bob") is MEMBER
    assert [one.member for one in room.authority("ann").unconfirmed] == [member("bob")]
    assert room.authority("ann").pending == ()


def test_end_of_an_invite_does_not_evict_whom_it_brought() -> None:
    """Once a grant was made of the join; before, it does."""
    room = Room()
    room.tell("bob eve", room.invite())
    room.tell("ann", room.join("bob"))
    room.say("ann", acts.grants_due(room.authority("ann"), member("ann")))
    room.tell("ann", room.join("eve"))
    assert room.level("eve") is MEMBER
    room.say("ann", acts.uninvite(room.authority("ann"), member("ann"), key=room.invite_key().public_key))
    assert room.level("bob") is MEMBER
    assert room.level("eve") is NOBODY


@pytest.mark.parametrize(("approve", "is_open"), [(True, True), (True, False), (False, False)])
def test_other_joins_wait_for_an_admin(approve: bool, is_open: bool) -> None:
    """Single-use invites, and all of them where the room's policy is to approve."""
    room = Room(approve=approve)
    room.tell("bob", room.invite(is_open=is_open))
    room.tell("ann", room.join("bob"))
    assert room.level("bob") is NOBODY
    [pending] = room.authority("ann").pending
    assert (pending.member, pending.invite.is_open) == (member("bob"), is_open)
    room.say("ann", acts.admit(room.authority("ann"), member("ann"), member("bob")))
    assert room.level("bob") is MEMBER
    assert room.authority("ann").pending == ()


def test_single_use_invite_is_used_once() -> None:
    """By the first whom a granter admitted through it; a grant to another one does not count, whoever made it."""
    room = Room().with_members(bob=ADMIN)
    room.tell("bob eve fay", room.invite(is_open=False))
    room.tell("eve fay", room["ann"].export())
    joins = room.join("eve") + room.join("fay")
    room.tell("ann bob", joins)
    first = room.say("ann", acts.admit(room.authority("ann"), member("ann"), member("eve")))
    second = room.say("bob", acts.admit(room.authority("bob"), member("bob"), member("fay")))
    room.tell("ann", second)
    room.tell("bob", first)
    for name in ("ann", "bob"):
        assert room.level("eve", by=name) is MEMBER
        assert room.level("fay", by=name) is NOBODY
        assert room.authority(name).pending == ()
        invite = room.authority(name).invites[room.invite_key().public_key]
        assert invite.used_by == member("eve")


def test_grant_for_another_join_uses_no_invite() -> None:
    """What a grant refers to must be the join of its own member, by an invite for one."""
    room = Room()
    room.tell("eve fay", room.invite(is_open=False) + room.invite(number=1))
    single, opened = room.join("eve"), room.join("fay", number=1)
    room.tell("ann", single + opened)
    ids = [decode_event(data, room_id=room.id).id for data in single + opened]
    room.say("ann", [acts.Act(Grant(public_key("gus"), MEMBER), ref=ids[0])])
    room.say("ann", [acts.Act(Grant(public_key("fay"), MEMBER), ref=ids[1])])
    room.say("ann", [acts.Act(Grant(public_key("eve"), MODERATOR), ref=ids[0])])
    assert all(invite.used_by is None for invite in room.authority("ann").invites.values())
    assert room.level("gus") is room.level("fay") is MEMBER


def test_invite_is_judged() -> None:
    room = Room()
    room.invite(number=0)
    room.invite(number=1, expires_ms=NOW_MS + 50)
    room.invite(number=2, is_open=False)
    room.invite(number=3)
    room.say("ann", acts.uninvite(room.authority("ann"), member("ann"), key=room.invite_key(3).public_key))
    room.tell("eve", room["ann"].export())
    room.tell("ann", room.join("eve", number=2))
    room.say("ann", acts.grants_due(room.authority("ann"), member("ann")))
    expected = ["VALID", "VALID", "USED", "REVOKED", "UNKNOWN"]
    keys = [room.invite_key(number).public_key for number in range(5)]
    assert [room.authority("ann").judge_invite(key, NOW_MS + 50).name for key in keys] == expected
    assert room.authority("ann").judge_invite(keys[1], NOW_MS + 51) is InviteVerdict.EXPIRED


def test_late_join_does_not_count() -> None:
    """Its own clock must not lie after the invite's expiry; before it, time is for who meets the newcomer first."""
    room = Room()
    [data] = room.invite(expires_ms=NOW_MS + 10)
    invite = decode_event(data, room_id=room.id)
    early, late = room.pen("eve"), room.pen("fay")
    room.now_ms = NOW_MS + 8
    events = [early.join(invite), room.pen("gus").join(invite), late.join(invite)]
    room.tell("ann", [event.encoded for event in events])
    assert [room.level(name) for name in ("eve", "gus", "fay")] == [MEMBER, MEMBER, NOBODY]


def test_join_counts_from_behind_its_invite_on() -> None:
    """Who decides by a set of events, from a disk or another replica, does not rely on who took them in."""
    room = Room()
    invite = decode_event(room.invite()[0], room_id=room.id)
    proof = sign_join(room.invite_key(0), room_id=room.id, newcomer=public_key("eve"))
    for hlc, level in ((invite.header.hlc, NOBODY), (invite.header.hlc + 1, MEMBER)):
        join = room.pen("eve").write(proof, auth=invite.id, hlc=hlc)
        assert authority_of(decode_genesis(room.genesis), [invite, join]).level_of(member("eve")) is level


def test_join_of_an_owner_or_without_an_invite_counts_for_nothing() -> None:
    room = Room()
    [data] = room.invite()
    invite = decode_event(data, room_id=room.id)
    owners, strays = room.pen("ann").join(invite), room.pen("eve")
    stray = strays.join(owners)
    authority = authority_of(decode_genesis(room.genesis), [invite, owners, stray])
    assert authority.lawful == {invite.id}
    invite_of_nobody = room.pen("fay").write(Invitation(room.invite_key().public_key, 1))
    joined = room.pen("eve").join(invite_of_nobody)
    assert authority_of(decode_genesis(room.genesis), [invite_of_nobody, joined]).lawful == set()


def test_join_relied_on_by_another_join_counts_for_nothing() -> None:
    """A member's join gives it a level, and no level lets anybody in by joining."""
    room = Room()
    [data] = room.invite()
    invite = decode_event(data, room_id=room.id)
    pen = room.pen("eve")
    first = pen.join(invite)
    second = pen.join(first)
    authority = authority_of(decode_genesis(room.genesis), [invite, first, second])
    assert second.id not in authority.lawful
    assert authority.level_of(member("eve")) is MEMBER


def test_two_joins_of_one_newcomer_wait_as_one() -> None:
    room = Room(approve=True)
    room.tell("eve", room.invite() + room.invite(number=1))
    first, second = room.join("eve"), room.join("eve", number=1)
    room.tell("ann", second + first)
    [pending] = room.authority("ann").pending
    assert pending.join == decode_event(first[0], room_id=room.id).id
    assert len(room.authority("ann").joins_of(member("eve"))) == 2


def test_of_two_invites_of_one_key_all_replicas_name_the_same() -> None:
    room = Room()
    invites = room.invite() + room.invite()
    ids = [decode_event(data, room_id=room.id).id for data in invites]
    assert room.authority("ann").invites[room.invite_key().public_key].id == min(ids)


# for the message plane


def test_messages_are_covered_by_the_right_they_cite() -> None:
    """The same cuts, resignations and owners hold for what is said in the other plane."""
    room = room_of_four()
    grant = grant_to(room, "dan")
    pen = room.pen("dan")
    events = [pen.write(Ban(bytes([number]) * 32), auth=grant) for number in range(3)]
    assert all(room.authority("ann").covers(event) for event in events)
    stray = room.pen("dan").write(Revoke(), auth=grant_to(room, "cyd"), ref=events[0])
    assert not room.authority("ann").covers(stray)
    assert not room.authority("ann").covers(room.pen("dan").write(Revoke(), auth=bytes(32), ref=events[0]))
    assert not room.authority("ann").covers(room.pen("dan").write(Revoke(), ref=events[0]))
    assert room.authority("ann").covers(room.pen("ann").write(Revoke(), ref=events[0]))
    cut = Cut(pen.incarnation, Plane.CONTROL, 2)
    room.say("ann", acts.kick(room.authority("ann"), member("ann"), member("dan"), cuts=[cut]))
    assert [room.authority("ann").covers(event) for event in events] == [True, True, False]
    left = grant_to(room, "cyd")
    said = [room.pen("cyd").write(Ban(bytes(32)), auth=left)]
    room.tell("ann", room.say("cyd", acts.leave(room.authority("cyd"), member("cyd"))))
    assert not room.authority("ann").covers(said[0])


def test_tips_are_the_cuts_of_a_removal() -> None:
    room = room_of_four()
    room.say("ann", acts.invite(room.authority("ann"), member("ann"), key=bytes(32), is_open=True, expires_ms=0))
    assert room.authority("ann").tips_of(member("ann")) == (Cut(room["ann"].incarnation, Plane.CONTROL, 4),)
    assert room.authority("ann").tips_of(member("eve")) == ()


def test_open_invites_from_before_a_moderators_removal_are_exposed() -> None:
    """Not those for one guest, nor any made since; nor by the ban of somebody who never was in the room."""
    room = room_of_four()
    room.invite()
    room.invite(number=1, is_open=False)
    room.share("ann", "cyd")
    room.tell("ann", room.say("cyd", [acts.Act(Ban(public_key("stranger")))]))
    assert room.authority("ann").exposed == ()
    room.tell("ann", room.kick("dan", by="cyd"))
    room.invite(number=2)
    [exposed] = room.authority("ann").exposed
    assert exposed.key == room.invite_key().public_key
    assert room.authority("ann").knows_invite(exposed.id)
    assert not room.authority("ann").knows_invite(grant_to(room, "bob"))


def test_what_messages_ask_of_rights() -> None:
    """Their level, their clock, whether they are known, and whose they ever were, void or not."""
    room = room_of_four()
    authority = room.authority("ann")
    grant, mine = grant_to(room, "cyd"), room.pen("ann").write(Revoke())
    assert authority.level_behind(mine) is OWNER
    assert authority.level_behind(room.pen("cyd").write(Revoke(), auth=grant)) is MODERATOR
    assert authority.level_behind(room.pen("dan").write(Revoke(), auth=grant)) is NOBODY
    assert authority.level_behind(room.pen("cyd").write(Revoke(), auth=grant, hlc=1)) is NOBODY
    assert authority.holds(grant)
    assert not authority.holds(EventId(bytes(32)))
    assert authority.hlc_of(grant) == room.said("ann", grant).header.hlc
    assert authority.hlc_of(EventId(bytes(32))) == 0
    room.kick("cyd")
    assert [room.authority("ann").knows_author(public_key(name)) for name in ("ann", "cyd", "eve")] == [
        True,
        True,
        False,
    ]


def test_member_is_one_since_its_oldest_right() -> None:
    """A grant that confirms an open join goes back to it; where admins decide, it does not."""
    room = room_of_four()
    assert room.authority("ann").since(member("ann")) == 0
    assert room.authority("ann").since(member("eve")) == MAX_HLC
    before = room.authority("ann").since(member("dan"))
    assert before == room.said("ann", grant_to(room, "dan")).header.hlc
    room.set_level("dan", MODERATOR)
    assert room.authority("ann").since(member("dan")) == before
    for approve in (False, True):
        room = Room(approve=approve)
        room.tell("eve", room["ann"].export() + room.invite())
        [joined] = room.join("eve")
        room.tell("ann", [joined])
        room.say("ann", acts.admit(room.authority("ann"), member("ann"), member("eve")))
        join_hlc = decode_event(joined, room_id=room.id).header.hlc
        assert (room.authority("ann").since(member("eve")) == join_hlc) is not approve
