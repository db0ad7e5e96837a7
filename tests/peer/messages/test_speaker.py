"""What we may say, and when it is said."""

from __future__ import annotations

import pytest

from peer.errors import BadSetting, NotAllowed, OutboxFull
from peer.log.control import Level
from peer.log.event import EventId
from peer.messages.bodies import Body, Delete, Edit, Pin, Reaction, SlowMode, Text, Title
from peer.messages.news import Dropped, Sealed

from .desks import Desk


def desk() -> Desk:
    return Desk(bob=Level.MEMBER, cyd=Level.MODERATOR)


@pytest.mark.parametrize(
    ("body", "who"),
    [
        (Edit("mine"), "its author"),
        (Delete(), "moderators, admins and owners"),
        (Pin(True), "moderators, admins and owners"),
        (SlowMode(3), "moderators, admins and owners"),
        (Title("t"), "admins and owners"),
    ],
)
def test_refusal_says_who_may(body: Body, who: str) -> None:
    room = desk()
    text = room.say("ann", "a")
    room.tell("bob", [text])
    with pytest.raises(NotAllowed, match=who):
        room["bob"].speaker.compose(body, text.id)
    assert len(room["bob"].drafts) == 0


def test_whoever_was_removed_says_nothing_more() -> None:
    room = desk()
    room["bob"].speaker.compose(Text("too late"))
    room.room.tell("bob", room.room.kick("bob"))
    room.learn("bob")
    with pytest.raises(NotAllowed, match="members of the room"):
        room["bob"].speaker.compose(Text("a"))
    assert room["bob"].seal(now_ms=room.room.now_ms) == []
    assert len(room["bob"].drafts) == 1


def test_message_that_is_not_here_is_nothing_to_talk_about() -> None:
    with pytest.raises(BadSetting, match="not here any more"):
        desk()["ann"].speaker.compose(Delete(), EventId(bytes(32)))


def test_drafts_are_sealed_in_the_order_written() -> None:
    room = desk()
    journal = room["bob"]
    keys = [journal.speaker.compose(Text(text)).key for text in "abc"]
    journal.speaker.rewrite(keys[1], Text("B"))
    sealed = journal.seal(now_ms=room.room.now_ms)
    assert [said.body for said in sealed] == [Text("a"), Text("B"), Text("c")]
    assert [news for news in journal.take_news() if isinstance(news, Sealed)] == [
        Sealed(key, said.id) for key, said in zip(keys, sealed, strict=True)
    ]
    assert journal.seal(now_ms=room.room.now_ms) == []


def test_drafts_are_bounded() -> None:
    journal = desk()["ann"]
    for number in range(256):
        journal.speaker.compose(Text(str(number)))
    with pytest.raises(OutboxFull):
        journal.speaker.compose(Text("more"))


def test_moderators_act_by_their_own_right() -> None:
    room = desk()
    text = room.say("bob", "a")
    room.tell("cyd", [text])
    room.say("cyd", Pin(True), text)
    room.say("cyd", Reaction("x", False, True), text)
    room.say("cyd", Delete(), text)
    own = room.say("cyd", "mine")
    room.say("cyd", Delete(), own)
    assert room["cyd"].projection.views[text.id].is_deleted
    assert room["cyd"].projection.views[text.id].is_pinned
    assert room["cyd"].projection.views[own.id].is_deleted


def test_draft_to_which_the_right_was_lost_is_dropped_and_holds_up_nothing() -> None:
    room = Desk(cyd=Level.MEMBER)
    room.room.set_level("cyd", Level.MODERATOR)
    room.room.share("ann", "cyd")
    text = room.say("ann", "a")
    room.tell("cyd", [text])
    pin = room["cyd"].speaker.compose(Pin(True), text.id).key
    room["cyd"].speaker.compose(Text("still here"))
    room.room.tell("cyd", room.room.set_level("cyd", Level.MEMBER))
    room.learn("cyd")
    [said] = room["cyd"].seal(now_ms=room.room.now_ms)
    assert said.body == Text("still here")
    assert Dropped(pin) in room["cyd"].take_news()


def test_slow_mode_seals_one_text_in_each_slot() -> None:
    """And says when the next one may go; moderators go on as they like."""
    room = desk()
    slow = room.say("ann", SlowMode(10))
    room.tell("bob cyd", [slow])
    now_ms = 1_700_000_020_000
    bob, cyd = room["bob"], room["cyd"]
    assert bob.speaker.next_slot_ms(now_ms=now_ms) is None
    for text in "ab":
        bob.speaker.compose(Text(text))
        cyd.speaker.compose(Text(text))
    assert len(bob.seal(now_ms=now_ms)) == 1
    assert bob.seal(now_ms=now_ms + 9_999) == []
    assert bob.speaker.next_slot_ms(now_ms=now_ms) == now_ms + 10_000
    assert len(bob.seal(now_ms=now_ms + 10_000)) == 1
    assert len(cyd.seal(now_ms=now_ms)) == 2


def test_slow_mode_says_when_we_may_speak_again() -> None:
    """Before anything is written; to moderators and strangers it says nothing."""
    room = desk()
    now_ms = 1_700_000_020_000
    bob, cyd = room["bob"], room["cyd"]
    assert bob.speaker.next_turn_ms(now_ms=now_ms) is None
    room.tell("bob cyd", [room.say("ann", SlowMode(10))])
    assert bob.speaker.next_turn_ms(now_ms=now_ms) is None
    for journal in (bob, cyd):
        journal.speaker.compose(Text("a"))
        journal.seal(now_ms=now_ms)
    assert bob.speaker.next_turn_ms(now_ms=now_ms + 1) == now_ms + 10_000
    assert bob.speaker.next_turn_ms(now_ms=now_ms + 10_000) is None
    assert cyd.speaker.next_turn_ms(now_ms=now_ms + 1) is None


def test_key_that_contradicted_itself_too_often_is_silent() -> None:
    room = desk()
    for number in range(16):
        pen = room.pen("bob", bytes([number]) * 8)
        first = pen.write("1")
        room.tell("bob", [first, pen.write("1'", after=None, seq=1, prev=b"", hlc=first.hlc + 5)])
    with pytest.raises(NotAllowed, match="two places at once"):
        room["bob"].speaker.compose(Text("a"))
