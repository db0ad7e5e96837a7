"""Attacks on messages as signed events (README.md, Events)."""

from __future__ import annotations

import pytest

from peer.errors import NotAllowed
from peer.log.control import Level
from peer.messages.bodies import Delete, Edit, Pin, Text, Title
from peer.messages.compare import decode_part, digest_of, missing
from peer.wire.message_frames import MessageEvents, MessageSummary

from ..peer.core.test_history import Table, table
from ..peer.log.replicas import member
from ..peer.messages.desks import Desk

EVERYTHING = b"\x94\xc4\x00\xc4\x00\x92\xff\xc4\x00\x90"
"""The summary of somebody who holds nothing."""


def test_edit_of_anothers_message_is_ignored() -> None:
    """And so is its deletion by a plain member: the words stay, on the screen and on the disk."""
    desk = Desk(bob=Level.MEMBER, cyd=Level.MODERATOR)
    text = desk.say("ann", "what ann said")
    desk.tell("bob cyd", [text])
    pen = desk.pen("bob")
    forged = [pen.write(Edit("what bob wishes"), ref=text), pen.write(Delete(), ref=text)]
    desk.tell("ann cyd", forged)
    for name in ("ann", "cyd"):
        view = desk[name].projection.views[text.id]
        assert (view.text, view.edited_hlc, view.is_deleted) == ("what ann said", 0, False)
        held = desk[name].holdings.logs.held[text.id]
        assert held.encoded == text.encoded
    with pytest.raises(NotAllowed):
        desk["bob"].speaker.compose(Edit("what bob wishes"), text.id)
    desk.tell("ann", [desk.pen("cyd", highest=True).write(Edit("nor a moderator"), ref=text)])
    assert desk["ann"].projection.views[text.id].text == "what ann said"


def test_what_only_moderators_may_say_is_void_from_others() -> None:
    desk = Desk(bob=Level.MEMBER)
    text = desk.say("ann", "a")
    pen = desk.pen("bob")
    desk.tell("ann", [pen.write(Pin(True), ref=text), pen.write(Title("bob's"))])
    assert not desk["ann"].projection.views[text.id].is_pinned
    assert desk["ann"].projection.settings.title == ""
    assert desk["ann"].holdings.void_count == 2


def with_policy(history: int) -> Table:
    """ann and bob talk; dan is let in later. The policy of the founding: 1 since joining, 2 none."""
    room = table("ann", "bob", levels={"bob": Level.MEMBER})
    control = room.desk.room
    room.link("ann", "bob")
    room.run()
    room.say("ann", "before")
    room.run()
    control.now_ms += 5000
    control.set_level("dan", Level.MEMBER)
    control.share("ann", "bob", "dan")
    room["dan"]
    for name in ("ann", "bob", "dan"):
        authority = control.authority(name)
        genesis = authority.genesis
        authority.genesis = type(genesis)(1, genesis.owners, 0, history, 1000, genesis.salt)  # type: ignore[misc,arg-type]
        room[name].rules_changed(room.desk.rules(name), now=room.now)
        room.drain(name)
    room.run()
    control.now_ms += 5000
    return room


@pytest.mark.parametrize("policy", [1, 2])
def test_history_before_joining_is_refused_where_policy_forbids(policy: int) -> None:
    """Whoever asks, and whatever it says of itself: what was said before is in no answer."""
    room = with_policy(policy)
    room.link("bob", "dan")
    room.run()
    room.say("bob", "since")
    room["bob"].receive(member("dan"), MessageSummary(EVERYTHING, 0, True), now=room.now)
    room.drain("bob")
    told = [frame for source, target, frame in room.waiting if target == "dan" and isinstance(frame, MessageEvents)]
    assert not any(b"before" in data for frame in told for data in frame.events)
    room.run()
    room.pass_time(60.0)
    assert room.texts("dan") == ["since"]


def test_history_is_told_where_policy_allows() -> None:
    room = with_policy(0)
    room.link("bob", "dan")
    room.run()
    assert room.texts("dan") == ["before"]


def test_summary_that_asks_for_much_is_answered_in_bounds() -> None:
    """No amplification without end: one answer at a time, some frames on their way, and a pace for questions."""
    room = table("ann", "bob")
    room.link("ann", "bob")
    room.run()
    pen = room.desk.pen("bob")
    many = [pen.write(Text("x" * 8000)).encoded for _ in range(150)]
    room["ann"].journal.receive(many, now_ms=room.desk.room.now_ms)
    room.drain("ann")
    for _ in range(20):
        room["ann"].receive(member("bob"), MessageSummary(EVERYTHING, 0, True), now=room.now)
    room.drain("ann")
    told = [frame for _, target, frame in room.waiting if target == "bob" and isinstance(frame, MessageEvents)]
    assert len(told) == 8
    part = decode_part(EVERYTHING, max_bytes=2**16)
    assert len(missing(part, room["ann"].journal.holdings, 0)) == 150
    assert digest_of(room["ann"].journal.holdings, 0)
