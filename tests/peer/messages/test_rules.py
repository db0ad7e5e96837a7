"""Who may say what."""

from __future__ import annotations

from dataclasses import replace

import pytest

from peer.ids import MemberId
from peer.log.control import Level
from peer.log.event import MAX_HLC, EventId, LogId, Plane
from peer.log.genesis import check_genesis
from peer.messages.bodies import Delete, Edit, Pin, Reaction, SlowMode, Title
from peer.messages.rules import PrivateRules, PublicRules, UnknownRules, WaitingRules, least_level, may_edit, takes_back

from ..log.replicas import member, public_key
from .desks import Desk, public_pen


def test_kinds_ask_for_levels() -> None:
    pen = public_pen("ann")
    text = pen.write("a")
    assert least_level(text) is Level.MEMBER
    assert least_level(pen.write(Pin(True), ref=text)) is Level.MODERATOR
    assert least_level(pen.write(SlowMode(3))) is Level.MODERATOR
    assert least_level(pen.write(Title("t"))) is Level.ADMIN


def test_only_the_author_rewrites() -> None:
    """And only where the reference fits, clock and all."""
    pen = public_pen("ann")
    text = pen.write("a")
    assert may_edit(pen.write(Edit("b"), ref=text), text)
    assert not may_edit(pen.write(Edit("b"), ref=text, ref_hlc=text.hlc - 1), text)
    assert not may_edit(public_pen("bob", ms=9).write(Edit("b"), ref=text), text)
    edit = pen.write(Edit("b"), ref=text)
    assert not may_edit(pen.write(Edit("c"), ref=edit), edit)


def test_author_and_moderators_take_words_back() -> None:
    """Those of the message, and those that replaced them."""
    pen, other = public_pen("ann"), public_pen("bob", ms=9)
    text = pen.write("a")
    edit = pen.write(Edit("b"), ref=text)
    ours, theirs = pen.write(Delete(), ref=text), other.write(Delete(), ref=text)
    assert takes_back(ours, text, Level.MEMBER)
    assert takes_back(ours, edit, Level.MEMBER)
    assert takes_back(theirs, text, Level.MODERATOR)
    assert not takes_back(theirs, text, Level.MEMBER)
    assert not takes_back(ours, pen.write(Reaction("x", False, True), ref=text), Level.MEMBER)
    assert not takes_back(pen.write(Delete(), ref=text, ref_hlc=7), text, Level.OWNER)


def test_public_room_has_members_and_nobody_above() -> None:
    rules, pen = PublicRules(), public_pen("ann")
    text = pen.write("a")
    assert rules.level_of(text) is Level.MEMBER
    assert rules.level_of(pen.write(Pin(True), ref=text)) is Level.NOBODY
    assert rules.level_of(pen.write("b", auth=bytes(32))) is Level.NOBODY
    assert rules.knows(text)
    assert rules.is_somebody(b"x")
    assert rules.is_member(MemberId("x"))
    assert rules.others(MemberId("x")) is None
    assert rules.right_of(MemberId("x"), Level.MEMBER) == b""
    assert rules.right_of(MemberId("x"), Level.MODERATOR) is None
    assert rules.hlc_of(EventId(b"")) == rules.horizon_of(MemberId("x"), linked_hlc=7) == 0
    assert rules.since(MemberId("x")) is None


def test_private_room_goes_by_the_right_that_is_cited() -> None:
    desk = Desk(bob=Level.MEMBER, cyd=Level.MODERATOR)
    rules = desk.rules()
    text = desk.pen("bob").write("a")
    assert rules.level_of(text) is Level.MEMBER
    assert rules.level_of(desk.pen("ann").write("a")) is Level.OWNER
    assert rules.level_of(desk.pen("bob").write(Pin(True), ref=text)) is Level.NOBODY
    assert rules.level_of(desk.pen("cyd", highest=True).write(Pin(True), ref=text)) is Level.MODERATOR
    assert rules.level_of(desk.pen("dan").write("a")) is Level.NOBODY
    stolen = desk.pen("dan")
    stolen.auth = desk.pen("bob").auth
    assert rules.level_of(stolen.write("a")) is Level.NOBODY


def test_right_counts_for_what_was_said_after_it() -> None:
    desk = Desk(bob=Level.MEMBER)
    assert desk.rules().level_of(desk.pen("bob").write("a", hlc=1)) is Level.NOBODY


def test_what_is_known_of_rights() -> None:
    desk = Desk(bob=Level.MEMBER)
    rules, text = desk.rules(), desk.pen("bob").write("a")
    assert rules.knows(text)
    assert rules.knows(desk.pen("ann").write("a"))
    assert not rules.knows(desk.pen("bob").write("a", auth=bytes(32)))
    assert rules.is_somebody(public_key("bob"))
    assert rules.is_somebody(public_key("ann"))
    assert not rules.is_somebody(public_key("dan"))
    assert rules.is_member(member("bob"))
    assert rules.others(member("ann")) == frozenset({member("bob")})


def test_lowest_right_that_is_enough_is_cited() -> None:
    """It outlives the others: who is lowered does not lose what it said meanwhile."""
    desk = Desk(bob=Level.MEMBER)
    desk.room.set_level("bob", Level.ADMIN)
    rules = desk.rules()
    lowest, highest = (rules.right_of(member("bob"), level) for level in (Level.MEMBER, Level.MODERATOR))
    assert lowest != highest
    assert rules.right_of(member("ann"), Level.ADMIN) == b""
    assert rules.right_of(member("dan"), Level.MEMBER) is None
    assert lowest is not None
    assert highest is not None
    assert rules.hlc_of(lowest) < rules.hlc_of(highest)
    assert rules.hlc_of(EventId(bytes(32))) == 0


@pytest.mark.parametrize(("policy", "horizons"), [(0, [0, 0, 0]), (1, ["since", 0, MAX_HLC]), (2, [9, 9, 9])])
def test_horizon_follows_the_rooms_policy(policy: int, horizons: list[object]) -> None:
    """All, since joining, or from the link on."""
    desk = Desk(bob=Level.MEMBER)
    authority = desk.room.authority("ann")
    genesis = check_genesis(desk.room.genesis, room_id=desk.room.id)
    authority.genesis = type(genesis)(1, genesis.owners, 0, policy, 1000, genesis.salt)  # type: ignore[misc,arg-type]
    rules = PrivateRules(authority)
    since = authority.standings_of(member("bob"))[0]
    expected = [authority.hlc_of(since.id) if each == "since" else each for each in horizons]
    assert [rules.horizon_of(member(name), linked_hlc=9) for name in ("bob", "ann", "dan")] == expected


def test_member_is_one_since_it_joined() -> None:
    """A grant that only confirms an open join changes nothing."""
    desk = Desk()
    room = desk.room
    room.tell("dan", room["ann"].export() + room.invite())
    joined = room.join("dan")
    room.tell("ann", joined)
    before = desk.rules().since(member("dan"))
    from peer.log import acts

    room.say("ann", acts.grants_due(room.authority("ann"), member("ann")))
    assert desk.rules().since(member("dan")) == before
    assert before is not None
    assert before > 0
    assert replace(desk.rules()).since(member("ann")) == 0
    assert LogId(b"", b"", Plane.MESSAGE)


def test_where_nothing_is_known_nobody_is_heard_and_what_we_say_waits() -> None:
    """A draft, until the first member is linked; not for what takes more than a member's right."""
    rules, said = UnknownRules(), public_pen("ann").write("a")
    me = member("bob")
    assert rules.level_of(said) is Level.NOBODY
    assert not rules.knows(said)
    assert not rules.is_somebody(public_key("ann"))
    assert not rules.is_member(member("ann"))
    assert rules.others(me) == frozenset()
    assert (rules.right_of(me, Level.MEMBER), rules.right_of(me, Level.MODERATOR)) == (b"", None)
    assert rules.hlc_of(EventId(b"")) == 0
    assert rules.horizon_of(member("ann"), linked_hlc=7) == 7
    assert rules.since(me) is None


def test_who_waits_to_be_let_in_may_write_drafts() -> None:
    """And speaks by its right once it has one."""
    authority = Desk(levels={"bob": Level.MEMBER}).rules().authority
    rules = WaitingRules(authority)
    assert (rules.right_of(member("eve"), Level.MEMBER), rules.right_of(member("eve"), Level.ADMIN)) == (b"", None)
    assert rules.right_of(member("bob"), Level.MEMBER) == PrivateRules(authority).right_of(member("bob"), Level.MEMBER)
