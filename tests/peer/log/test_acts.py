"""What to say to invite, join, admit, change a level, remove or leave."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from peer.errors import NotAllowed
from peer.log import acts
from peer.log.acts import Act
from peer.log.authority import Authority
from peer.log.control import MAX_CUTS, MAX_OVER, Ban, Cut, Grant, Level, Revoke, Uninvite
from peer.log.event import Plane, decode_event

from .replicas import NOW_MS, Room, member, public_key

NOBODY, MEMBER, MODERATOR, ADMIN, OWNER = Level
KEY = bytes(32)

Doing = Callable[[Authority, str], list[Act]]


def room_of_four() -> Room:
    return Room().with_members(bob=ADMIN, cyd=MODERATOR, dan=MEMBER)


@pytest.mark.parametrize(
    ("doing", "may", "who"),
    [
        (lambda a, me: acts.invite(a, member(me), key=KEY, is_open=True, expires_ms=0), "ann bob", "admins and owners"),
        (lambda a, me: acts.uninvite(a, member(me), key=KEY), "ann bob", "admins and owners"),
        (lambda a, me: acts.admit(a, member(me), member("eve")), "ann bob", "admins and owners"),
        (lambda a, me: acts.set_level(a, member(me), member("dan"), MODERATOR), "ann bob", "admins and owners"),
        (lambda a, me: acts.set_level(a, member(me), member("dan"), ADMIN), "ann", "owners"),
        (lambda a, me: acts.set_level(a, member(me), member("cyd"), MEMBER), "ann bob", "admins and owners"),
        (lambda a, me: acts.kick(a, member(me), member("dan")), "ann bob cyd", "moderators and admins and owners"),
        (lambda a, me: acts.kick(a, member(me), member("cyd")), "ann bob", "admins and owners"),
        (lambda a, me: acts.kick(a, member(me), member("bob")), "ann", "owners"),
        (lambda a, me: acts.kick(a, member(me), member("eve")), "ann bob cyd", "moderators, admins and owners"),
        (lambda a, me: acts.kick(a, member(me), member("ann")), "", "nobody"),
        (lambda a, me: acts.set_level(a, member(me), member("ann"), ADMIN), "", "nobody"),
        (lambda a, me: acts.admit(a, member(me), member("ann")), "", "nobody"),
        (lambda a, me: acts.leave(a, member(me)), "bob cyd dan", "everybody else"),
    ],
)
def test_each_act_says_who_may(doing: Doing, may: str, who: str) -> None:
    """And what is given to those who may counts once it is written."""
    for name in ("ann", "bob", "cyd", "dan"):
        room = room_of_four()
        if name in may.split():
            room.say(name, doing(room.authority(name), name))
        else:
            with pytest.raises(NotAllowed) as error:
                doing(room.authority(name), name)
            assert error.value.who.startswith(who.partition(" and ")[0].partition(",")[0]) or who in str(error.value)


def test_join_by_an_invite_that_nobody_made_is_refused() -> None:
    room = Room()
    with pytest.raises(NotAllowed, match="made for this room"):
        room.join("eve")


def test_end_of_an_invite_that_is_over_is_nothing_to_say() -> None:
    room = Room()
    room.invite()
    key = room.invite_key().public_key
    assert len(room.say("ann", acts.uninvite(room.authority("ann"), member("ann"), key=key))) == 1
    assert acts.uninvite(room.authority("ann"), member("ann"), key=key) == []
    assert acts.uninvite(room.authority("ann"), member("ann"), key=KEY) == []


def test_level_goes_up_by_a_grant_and_down_by_a_revoke_and_a_grant() -> None:
    """What the member said before stands, and the lower grant names the revoke."""
    room = Room().with_members(bob=ADMIN)
    room.tell("ann", room.set_level("dan", MEMBER, by="bob"))
    doing = acts.set_level(room.authority("ann"), member("ann"), member("bob"), MODERATOR)
    assert [type(act.control) for act in doing] == [Revoke, Grant]
    assert acts.set_level(room.authority("ann"), member("ann"), member("bob"), ADMIN) == []
    room.say("ann", doing)
    assert (room.level("bob"), room.level("dan")) == (MODERATOR, MEMBER)
    room.set_level("bob", ADMIN)
    room.set_level("bob", MEMBER)
    assert room.level("bob") is MEMBER
    assert not room.authority("ann").is_banned(member("bob"))


def test_kick_revokes_bans_and_ends_open_invites() -> None:
    """With cuts at what is known of the member's logs; single-use invites stay."""
    room = Room().with_members(bob=ADMIN)
    room.invite()
    room.invite(number=1, is_open=False)
    room.share("ann", "bob")
    room.tell("ann", room.invite("bob", number=2))
    cut = Cut(bytes(8), Plane.MESSAGE, 7)
    doing = acts.kick(room.authority("ann"), member("ann"), member("bob"), cuts=[cut])
    assert [type(act.control) for act in doing] == [Revoke, Ban, Uninvite, Uninvite]
    reach = (Cut(room["bob"].incarnation, Plane.CONTROL, 1), cut)
    assert [act.control.cuts for act in doing if isinstance(act.control, Revoke | Ban)] == [reach, reach]
    room.say("ann", doing)
    assert room.level("bob") is NOBODY
    standing = [invite.is_open for invite in room.authority("ann").invites.values() if not invite.is_revoked]
    assert standing == [False]


def test_moderator_kicks_without_ending_invites() -> None:
    """But an admin's client sees which open invites the removed may know; new ones are none of these."""
    room = room_of_four()
    room.invite()
    room.invite(number=1, is_open=False)
    room.share("ann", "cyd")
    assert room.authority("cyd").exposed == ()
    doing = acts.kick(room.authority("cyd"), member("cyd"), member("dan"))
    assert [type(act.control) for act in doing] == [Revoke, Ban]
    room.now_ms += 60_000
    room.tell("ann", room.say("cyd", doing))
    room.now_ms -= 60_000
    [exposed] = room.authority("ann").exposed
    assert exposed.key == room.invite_key().public_key
    room.say("ann", acts.uninvite(room.authority("ann"), member("ann"), key=exposed.key))
    room.invite(number=2)
    assert room.authority("ann").exposed == ()


def test_ban_of_somebody_who_never_was_in_the_room_exposes_no_invite() -> None:
    room = room_of_four()
    room.invite()
    room.share("ann", "cyd")
    room.tell("ann", room.say("cyd", [Act(Ban(public_key("stranger")))]))
    assert room.authority("ann").exposed == ()


def test_cuts_are_bounded() -> None:
    room = room_of_four()
    cuts = [Cut(bytes([n]) * 8, Plane.MESSAGE, 1) for n in range(255)] * 2
    doing = acts.kick(room.authority("ann"), member("ann"), member("dan"), cuts=cuts)
    assert {len(act.control.cuts) for act in doing if isinstance(act.control, Revoke | Ban)} == {MAX_CUTS}


def test_leaving_gives_up_grants_and_joins() -> None:
    """And a new join lets in again: nobody was removed."""
    room = Room()
    room.tell("bob", room.invite())
    room.tell("ann", room.join("bob"))
    room.tell("bob", room.say("ann", acts.grants_due(room.authority("ann"), member("ann"))))
    leaving = acts.leave(room.authority("bob"), member("bob"))
    assert len(leaving) == 2
    room.tell("ann", room.say("bob", leaving))
    assert room.level("bob") is room.level("bob", by="bob") is NOBODY
    room.tell("ann", room.join("bob"))
    assert room.level("bob") is MEMBER


def test_admin_turns_counted_joins_into_grants() -> None:
    """So that the end of the invite does not evict; each once, and by admins alone."""
    room = room_of_four()
    room.invite()
    room.share("ann", "bob", "cyd", "eve", "fay")
    joins = room.join("eve") + room.join("fay")
    room.tell("ann bob cyd", joins)
    for name, count in (("cyd", 0), ("bob", 2)):
        assert len(acts.grants_due(room.authority(name), member(name))) == count
    room.say("bob", acts.grants_due(room.authority("bob"), member("bob")))
    assert acts.grants_due(room.authority("bob"), member("bob")) == []


def test_first_join_of_a_single_use_invite_is_granted() -> None:
    """By the order of clocks, not of arrival; the second finds it used."""
    room = Room()
    room.tell("eve fay", room.invite(is_open=False))
    first, second = room.join("eve"), room.join("fay")
    room.tell("ann", second + first)
    [due] = acts.grants_due(room.authority("ann"), member("ann"))
    assert due.ref == decode_event(first[0], room_id=room.id).id
    room.say("ann", [due])
    assert (room.level("eve"), room.level("fay")) == (MEMBER, NOBODY)
    assert acts.grants_due(room.authority("ann"), member("ann")) == []


def test_grants_that_are_due_come_in_portions() -> None:
    """So that a crowd does not hold up everything else; the earliest joins first."""
    room = room_of_four()
    room.invite()
    names = ("eve", "fay", "gus")
    room.share("ann", *names)
    for name in names:
        room.tell("ann", room.join(name))
    due = acts.grants_due(room.authority("ann"), member("ann"), limit=2)
    assert [act.control.member for act in due if isinstance(act.control, Grant)] == [
        public_key("eve"),
        public_key("fay"),
    ]
    room.say("ann", due)
    assert len(acts.grants_due(room.authority("ann"), member("ann"), limit=2)) == 1


def test_nothing_is_granted_unasked_where_an_admin_approves() -> None:
    room = Room(approve=True)
    room.tell("eve", room.invite())
    room.tell("ann", room.join("eve"))
    assert acts.grants_due(room.authority("ann"), member("ann")) == []
    assert [pending.member for pending in room.authority("ann").pending] == [member("eve")]


def test_whom_an_owner_removed_only_an_owner_brings_back() -> None:
    room = room_of_four()
    room.tell("bob", room.kick("dan"))
    with pytest.raises(NotAllowed, match="owners"):
        acts.admit(room.authority("bob"), member("bob"), member("dan"))
    room.say("ann", acts.admit(room.authority("ann"), member("ann"), member("dan")))
    assert room.level("dan") is MEMBER


def test_many_bans_keep_nobody_out_for_good() -> None:
    """A moderator's, however many: those above end as many as a grant cannot name; nobody ends their own level's."""
    room = room_of_four()
    room.say("cyd", [Act(Ban(public_key("dan")))] * (MAX_OVER + 5))
    room.share("ann", "bob", "cyd")
    doing = acts.admit(room.authority("bob"), member("bob"), member("dan"))
    assert [type(act.control) for act in doing] == [Revoke] * 6 + [Grant]
    room.say("bob", doing)
    assert room.level("dan", by="bob") is MEMBER
    room.say("ann", [Act(Ban(public_key("eve")))] * MAX_OVER)
    with pytest.raises(NotAllowed, match="owners"):
        acts.admit(room.authority("ann"), member("ann"), member("eve"))


def test_lowered_member_who_was_banned_often_is_still_lowered() -> None:
    """The grant names the new revoke as well."""
    room = room_of_four()
    room.say("cyd", [Act(Ban(public_key("dan")))] * (MAX_OVER - 1))
    room.share("ann", "cyd")
    room.set_level("dan", ADMIN)
    room.set_level("dan", MODERATOR)
    assert room.level("dan") is MODERATOR


def test_expired_open_invite_is_ended_by_admins_once_its_joins_are_granted() -> None:
    """120 s after its time, by all clocks; what came late is left to a human."""
    room = room_of_four()
    room.invite(expires_ms=NOW_MS + 1000)
    room.invite(number=1, expires_ms=0)
    room.share("ann", "eve")
    room.tell("ann", room.join("eve"))
    ann, authority = member("ann"), room.authority("ann")
    later = NOW_MS + 1001 + acts.SKEW_MS
    join = authority.unconfirmed[0].join
    assert acts.uninvites_due(authority, ann, now_ms=later) == []
    assert acts.grants_due(authority, ann, late={join}) == []
    [end] = acts.uninvites_due(authority, ann, now_ms=later, late={join})
    assert end.ref == authority.invites[room.invite_key().public_key].id
    assert acts.uninvites_due(authority, ann, now_ms=later - 1, late={join}) == []
    assert acts.uninvites_due(authority, member("dan"), now_ms=later, late={join}) == []
