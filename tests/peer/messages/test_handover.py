"""What was told to nobody before a crash is told after it, and nothing twice."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peer.errors import MalformedFrame
from peer.log.event import EventId
from peer.messages.handover import MAX_MARKS, HandOver
from peer.messages.view import View

ME, BOB, CYD = b"m" * 32, b"b" * 32, b"c" * 32


def view(author: bytes, seq: int, *, hlc: int = 0, incarnation: bytes = b"i" * 8, is_deleted: bool = False) -> View:
    event = EventId((author[:2] + incarnation[:2] + seq.to_bytes(28, "big"))[:32])
    return View(event, hlc or seq, author, incarnation, seq, "words", is_deleted=is_deleted)


class Room:
    """What is shown, and a disk."""

    def __init__(self, *, since_hlc: int = 0) -> None:
        self.since_hlc = since_hlc
        self.shown: dict[EventId, View] = {}
        self.rows: dict[bytes, bytes] = {}
        self.start()

    def start(self) -> list[View]:
        """A process begins with what the disk has."""
        self.handover = HandOver(me=ME, rows=self.rows)
        for each in self.shown.values():
            self.handover.appear(each, since_hlc=self.since_hlc)
        return self.handover.restore(self.shown.values(), since_hlc=self.since_hlc)

    def show(self, *views: View) -> None:
        for each in views:
            self.shown[each.id] = each
            self.handover.appear(each, since_hlc=self.since_hlc)
        self.keep()

    def vanish(self, gone: View) -> None:
        del self.shown[gone.id]
        self.handover.vanish(gone.id)
        self.keep()

    def finish(self, *views: View) -> None:
        for each in views:
            self.handover.finish(each.id)
        self.keep()

    def keep(self) -> bool:
        """Whether there was anything to write."""
        stir = self.handover.take_stir()
        self.rows |= {key: row for key, row in stir.items() if row is not None}
        return bool(stir)


def test_what_nobody_was_done_with_is_told_again_in_the_order_of_the_room() -> None:
    """And nothing is written before somebody was."""
    room = Room()
    room.show(view(BOB, 1, hlc=3), view(CYD, 1, hlc=2), view(BOB, 2, hlc=4))
    assert room.rows == {}
    room.finish(view(BOB, 1))
    assert room.start() == [view(CYD, 1, hlc=2), view(BOB, 2, hlc=4)]
    room.finish(view(BOB, 2), view(CYD, 1))
    assert room.start() == []
    assert not room.keep()


def test_what_was_passed_over_is_told_again() -> None:
    """Handlers of different members work side by side, and one member's of an old and a new process too."""
    room = Room()
    room.show(*(view(BOB, seq) for seq in (1, 2, 3, 4)))
    room.finish(view(BOB, 3))
    assert room.start() == [view(BOB, 1), view(BOB, 2), view(BOB, 4)]
    room.finish(view(BOB, 2))
    room.finish(view(BOB, 4))
    assert room.start() == [view(BOB, 1)]


def test_what_becomes_visible_below_the_mark_is_told() -> None:
    room = Room()
    room.show(view(BOB, 2))
    room.finish(view(BOB, 2))
    room.show(view(BOB, 1))
    assert room.start() == [view(BOB, 1)]
    room.vanish(view(BOB, 1))
    assert room.start() == []


def test_what_vanished_while_nobody_ran_is_told_to_nobody() -> None:
    room = Room()
    room.show(view(BOB, 1), view(BOB, 2))
    room.finish(view(BOB, 2))
    del room.shown[view(BOB, 1).id]
    assert room.start() == []
    assert room.keep()


def test_our_own_words_what_was_said_before_we_came_and_what_was_taken_back_are_told_to_nobody() -> None:
    room = Room(since_hlc=10)
    room.show(view(ME, 1, hlc=11), view(BOB, 1, hlc=9), view(BOB, 2, hlc=12, is_deleted=True))
    assert room.start() == []


def test_message_that_is_shown_twice_waits_once_and_one_that_was_never_told_is_passed_over() -> None:
    room = Room()
    room.show(view(BOB, 1), view(BOB, 1))
    room.finish(view(CYD, 1), view(BOB, 1), view(BOB, 1))
    assert room.start() == []


def test_marks_are_bounded_and_the_oldest_goes() -> None:
    room = Room()
    logs = [view(BOB, 1, incarnation=number.to_bytes(8, "big")) for number in range(MAX_MARKS + 1)]
    logs = [View(EventId(number.to_bytes(32, "big")), 1, BOB, each.incarnation, 1) for number, each in enumerate(logs)]
    room.show(*logs)
    room.finish(*logs)
    assert room.start() == logs[:1]


def test_who_begins_many_logs_makes_nobody_else_be_told_again() -> None:
    """One member may write under any number of incarnations: what others asked of a bot is not done twice."""
    room, asked = Room(), view(BOB, 1)
    room.show(asked)
    room.finish(asked)
    for number in range(MAX_MARKS + 1):
        chatter = view(CYD, 1, incarnation=number.to_bytes(8, "big"))
        room.shown[chatter.id] = chatter
        room.handover.appear(chatter, since_hlc=0)
        room.handover.finish(chatter.id)
    room.keep()
    assert asked.id not in {each.id for each in room.start()}


@pytest.mark.parametrize("row", [b"", b"\x92\x90", b"\x92\x91\x92\xc4\x01a\x01\x90"])
def test_row_that_is_not_ours_is_refused(row: bytes) -> None:
    with pytest.raises(MalformedFrame):
        HandOver(me=ME, rows={b"h": row})


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["show", "finish", "vanish", "crash"]), st.sampled_from([BOB, CYD]),
                          st.integers(1, 5))))  # fmt: skip
def test_each_is_told_until_somebody_is_done_with_it_and_never_after(steps: list[tuple[str, bytes, int]]) -> None:
    """DESIGN, section 7, 3: whatever is shown, dealt with and crashed in whatever order."""
    room, owed = Room(), dict[EventId, View]()
    for step, author, seq in steps:
        one = view(author, seq)
        if step == "show" and one.id not in room.shown:
            room.show(one)
            owed[one.id] = one
        elif step == "finish" and one.id in room.shown:
            room.finish(one)
            owed.pop(one.id, None)
        elif step == "vanish" and one.id in room.shown:
            room.vanish(one)
            owed.pop(one.id, None)
        elif step == "crash":
            assert room.start() == sorted(owed.values(), key=lambda each: each.place)
    assert room.start() == sorted(owed.values(), key=lambda each: each.place)
