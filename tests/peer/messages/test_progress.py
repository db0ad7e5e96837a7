"""How far we, and the others, have got."""

from __future__ import annotations

from peer.ids import MemberId
from peer.log.control import Level
from peer.messages.bodies import Delete
from peer.messages.progress import MAX_REGISTERS, Progress
from peer.messages.receipts import Entry, Mark, Status
from peer.messages.said import Said

from ..log.replicas import member, public_key
from .desks import Desk


def key(said: Said) -> bytes:
    return said.author + said.log.incarnation


def test_log_is_delivered_as_far_as_it_is_held_without_a_hole() -> None:
    """Past holes once its author was found to hold the same: a third member may lack the same as we do."""
    desk = Desk(bob=Level.MEMBER)
    texts = desk.pen("bob").texts(5)
    desk.tell("ann", [texts[0], texts[1], texts[3]])
    progress = desk["ann"].progress
    assert progress.ours.of(texts[0].log) == Mark(2, 0)
    assert progress.is_due
    assert progress.take_due() == {public_key("bob"): (Entry(key(texts[0]), 2, 0),)}
    assert not progress.is_due
    desk.say("ann", "our own log is delivered to us anyhow")
    progress.catch_up(public_key("cyd"))
    assert progress.ours.of(texts[0].log) == Mark(2, 0)
    progress.catch_up(public_key("bob"))
    assert progress.ours.of(texts[0].log) == Mark(4, 0)
    assert progress.told_to(public_key("bob")) == (Entry(key(texts[0]), 4, 0),)
    assert progress.told_to(public_key("ann")) == ()


def test_nothing_behind_a_hole_is_called_read_to_others() -> None:
    """They would take what is missing for read, though nobody here has seen it."""
    desk = Desk(bob=Level.MEMBER)
    texts = desk.pen("bob").texts(3)
    desk.tell("ann", [texts[0], texts[2]])
    desk["ann"].mark_read()
    progress = desk["ann"].progress
    assert progress.unread == {}
    assert progress.take_due() == {public_key("bob"): (Entry(key(texts[0]), 1, 1),)}
    desk.tell("ann", [texts[1]])
    assert progress.take_due_to(public_key("bob")) == (Entry(key(texts[0]), 3, 3),)


def test_unread_are_others_messages_beyond_what_was_read() -> None:
    desk = Desk(bob=Level.MEMBER)
    texts = desk.pen("bob").texts(3)
    desk.tell("ann", texts)
    desk.say("ann", "mine")
    progress = desk["ann"].progress
    assert set(progress.unread) == {said.id for said in texts}
    desk["ann"].mark_read(texts[1].place)
    assert set(progress.unread) == {texts[2].id}
    delete = desk.pen("bob", b"elsewher").write(Delete(), ref=texts[2], ms=texts[2].hlc // 65536 + 9)
    desk.tell("ann", [delete])
    assert progress.unread == {}


def test_what_was_said_before_we_came_is_not_unread() -> None:
    desk = Desk()
    old = desk.say("ann", "old")
    desk.room.set_level("bob", Level.MEMBER)
    desk.room.share("ann", "bob")
    new = desk.say("ann", "new")
    desk.tell("bob", [old, new])
    assert set(desk["bob"].progress.unread) == {new.id}


def test_status_rises_when_all_others_have_got_there() -> None:
    desk = Desk(bob=Level.MEMBER, cyd=Level.MEMBER)
    first, second = desk.say("ann", "1"), desk.say("ann", "2")
    progress, log = desk["ann"].progress, first.log
    others = [member("bob"), member("cyd")]
    assert progress.status_of(log, 1) is Status.SENT
    assert progress.hear(member("bob"), [Entry(key(first), 2, 2)])
    assert list(progress.review(others)) == []
    assert progress.hear(member("cyd"), [Entry(key(first), 1, 0)])
    assert list(progress.review(others)) == [(first.id, Status.DELIVERED)]
    assert progress.hear(member("cyd"), [Entry(key(first), 2, 1)])
    assert list(progress.review(others)) == [(first.id, Status.READ), (second.id, Status.DELIVERED)]
    assert progress.of_member(member("cyd"), log) == Mark(2, 1)
    assert progress.of_member(member("dan"), log) == Mark()


def test_status_never_falls() -> None:
    """Whoever comes or goes, and whatever is told late."""
    desk = Desk(bob=Level.MEMBER)
    said = desk.say("ann", "1")
    progress = desk["ann"].progress
    progress.hear(member("bob"), [Entry(key(said), 1, 1)])
    assert list(progress.review([member("bob")])) == [(said.id, Status.READ)]
    assert not progress.hear(member("bob"), [Entry(key(said), 1, 0)])
    assert list(progress.review([member("bob"), member("dan")])) == []
    assert progress.status_of(said.log, 1) is Status.READ


def test_nobody_has_got_further_than_we_have_written() -> None:
    """Nor is anything kept that does not concern us."""
    desk = Desk(bob=Level.MEMBER)
    said = desk.say("ann", "1")
    progress = desk["ann"].progress
    progress.hear(member("bob"), [Entry(key(said), 99, 99), Entry(bytes(40), 5, 5)])
    assert progress.of_member(member("bob"), said.log) == Mark(1, 1)
    assert progress.is_confirmed(said.log, 1)
    assert not progress.is_confirmed(said.log, 2)


def test_rows_outlive_the_process() -> None:
    desk = Desk(bob=Level.MEMBER)
    said, theirs = desk.say("ann", "1"), desk.pen("bob").write("2")
    desk.tell("ann", [theirs])
    progress = desk["ann"].progress
    progress.hear(member("bob"), [Entry(key(said), 1, 1)])
    list(progress.review([member("bob")]))
    rows = {name: row for name, row in progress.take_stir().items() if row is not None}
    assert progress.take_stir() == {}
    again = Progress(desk["ann"].holdings, me=public_key("ann"), rows=rows)
    assert again.status_of(said.log, 1) is Status.READ
    assert again.ours.of(theirs.log) == Mark(1, 0)
    assert again.is_confirmed(said.log, 1)
    again.forget([member("dan")])
    assert again.take_stir() == {b"r" + member("bob").encode(): None}
    again.forget([])


def test_registers_of_others_are_bounded() -> None:
    """Those that are known go on rising."""
    desk = Desk(bob=Level.MEMBER)
    said = desk.say("ann", "1")
    progress = desk["ann"].progress
    for number in range(MAX_REGISTERS):
        progress.hear(MemberId(str(number)), [])
    assert not progress.hear(member("bob"), [Entry(key(said), 1, 1)])
    assert progress.hear(MemberId("7"), [Entry(key(said), 1, 1)])
