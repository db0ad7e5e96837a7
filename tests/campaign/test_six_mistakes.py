"""The six mistakes that a prototype of the log made first, each of which would be easy to make again (DESIGN, end)."""

from __future__ import annotations

import itertools

import pytest

from peer.errors import NotAllowed
from peer.log import acts
from peer.log.acts import Act
from peer.log.chains import Refusal
from peer.log.control import Ban, Grant, Level, Revoke
from peer.log.evaluation import resigns
from peer.log.event import decode_event
from peer.log.facts import fact_of
from peer.messages.bodies import Text
from peer.messages.compare import decode_part, digest_of, encode_parts, missing

from ..peer.log.replicas import member, public_key
from ..peer.messages.desks import Desk, holding, public_pen


def test_writer_that_has_learned_of_its_removal_writes_no_more() -> None:
    """It went on appending, and its replica diverged from all others."""
    desk = Desk(bob=Level.MEMBER)
    said = desk.say("bob", "while a member")
    desk.tell("ann", [said])
    desk["bob"].speaker.compose(Text("not said yet"))
    cuts = desk["ann"].cuts_of(public_key("bob"))
    room = desk.room
    kick = room.say("ann", acts.kick(room.authority("ann"), member("ann"), member("bob"), cuts=cuts))
    room.tell("bob", kick)
    desk.learn("ann bob")
    with pytest.raises(NotAllowed):
        desk["bob"].speaker.compose(Text("too late"))
    assert desk["bob"].seal(now_ms=room.now_ms) == []
    assert digest_of(desk["bob"].holdings, 0) == digest_of(desk["ann"].holdings, 0)
    assert desk["ann"].projection.views[said.id].text == "while a member"


def test_void_messages_are_parked_and_back_when_the_revoke_is_revoked() -> None:
    """They were deleted, and lost when the kick was taken back."""
    desk = Desk(bob=Level.MEMBER)
    said = desk.say("bob", "ahoy")
    desk.tell("ann", [said])
    room = desk.room
    ends = [decode_event(data, room_id=room.id) for data in room.kick("bob")]
    desk.learn("ann")
    assert desk["ann"].projection.views == {}
    assert said.id in desk["ann"].holdings.logs.held
    room.say("ann", [Act(Revoke(), ref=end.id) for end in ends])
    desk.learn("ann")
    assert desk["ann"].projection.views[said.id].text == "ahoy"


def test_what_a_moderator_revokes_after_resigning_does_not_count() -> None:
    """Its later revokes still counted."""
    room = Desk(cyd=Level.MODERATOR, dan=Level.MEMBER).room
    grant = room.authority("cyd").standings_of(member("cyd"))[0].id
    room.tell("ann", room.say("cyd", acts.leave(room.authority("cyd"), member("cyd"))))
    late = room.pen("cyd", room["cyd"].incarnation)
    events = [decode_event(data, room_id=room.id) for data in room["cyd"].export()]
    last = max((each for each in events if each.header.author == public_key("cyd")), key=lambda each: each.header.seq)
    ban = late.write(Ban(public_key("dan")), auth=grant, after=last)
    room.tell("ann", [ban.encoded])
    assert room.level("dan") is Level.MEMBER


def test_to_revoke_oneself_is_to_cite_the_grant_that_one_revokes() -> None:
    """With two grants it was ambiguous which one ended."""
    room = Desk(cyd=Level.MEMBER).room
    room.set_level("cyd", Level.MODERATOR)
    room.share("ann", "cyd")
    higher, lower = room.authority("cyd").standings_of(member("cyd"))
    above = room.said("ann", higher.id)
    resigning = room.pen("cyd").write(Revoke(), auth=higher.id, ref=above)
    assert resigns(fact_of(resigning))
    assert not resigns(fact_of(room.pen("cyd", b"another.").write(Revoke(), auth=lower.id, ref=above)))
    room.tell("ann", [resigning.encoded])
    assert room.level("cyd") is Level.MEMBER


def test_holes_hide_no_fork() -> None:
    """Retention had let the place go where the branches part, and each side kept its own."""
    pen = public_pen("ann")
    first = pen.write("1")
    ours = [pen.write("2"), pen.write("3")]
    theirs = [pen.write("2'", after=first), pen.write("3'")]
    left, right = holding([first, ours[1]]), holding([first, theirs[1]])
    [part] = encode_parts(left, 0)
    assert theirs[1] in missing(decode_part(part, max_bytes=2**16), right, 0)
    for order in itertools.permutations([first, ours[1], theirs[1]]):
        assert [fork.seq for fork in holding(order).logs.forks.values()] == [3]


def test_strangers_make_us_keep_nothing() -> None:
    """They could store control events; nor do they store messages."""
    desk = Desk()
    event = desk.room.pen("eve").write(Grant(public_key("eve"), 1))
    [intake] = desk.room.tell("ann", [event.encoded])
    assert intake.refused == ((event.encoded, Refusal.STRANGER),)
    said = desk.pen("eve").write("let me in")
    assert desk["ann"].receive([said.encoded], now_ms=desk.room.now_ms).refused == [(said.encoded, Refusal.STRANGER)]
    assert desk["ann"].holdings.logs.held == {}
