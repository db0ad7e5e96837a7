"""What a member sees."""

from __future__ import annotations

from peer.log.control import Level
from peer.log.event import EventId
from peer.messages.bodies import Delete, Edit, Pin, Reaction, SlowMode, Text, Title
from peer.messages.said import Said, stripped
from peer.messages.view import Given, Settings, View, decode_row, encode_row, settings_of, view_of

from ..log.replicas import public_key
from .desks import Desk, public_pen


def seen(*said: Said, level: Level = Level.MEMBER) -> dict[EventId, View]:
    return view_of((each, level) for each in said)[0]


def test_message_is_shown_as_it_was_written() -> None:
    pen = public_pen("ann")
    text = pen.write(Text("ahoy", ("kappa",), ("yes",)))
    answer = pen.write("hi", ref=text)
    view = seen(text, answer)[text.id]
    assert (view.text, view.emote_ids, view.emoji_ids, view.author) == ("ahoy", ("kappa",), ("yes",), public_key("ann"))
    assert view.place == text.place
    assert view.log == text.log
    assert seen(answer)[answer.id].answers == text.id


def test_last_edit_of_the_author_counts() -> None:
    pen = public_pen("ann")
    text = pen.write("a")
    first, second = pen.write(Edit("b"), ref=text), pen.write(Edit("c"), ref=text)
    theirs = public_pen("bob", ms=50).write(Edit("mine"), ref=text)
    view = seen(second, theirs, text, first)[text.id]
    assert (view.text, view.edited_hlc) == ("c", second.hlc)
    assert seen(text, first, stripped(second))[text.id].text == "b"


def test_deletion_wins_for_ever() -> None:
    pen = public_pen("ann")
    text = pen.write("a")
    delete, edit = pen.write(Delete(), ref=text), pen.write(Edit("b"), ref=text)
    view = seen(text, delete, edit)[text.id]
    assert view.is_deleted
    assert view.text == ""
    theirs = public_pen("bob", ms=50).write(Delete(), ref=text)
    assert not seen(text, theirs)[text.id].is_deleted
    assert seen(text, theirs, level=Level.MODERATOR)[text.id].is_deleted


def test_words_that_nobody_has_are_shown_as_deleted() -> None:
    text = public_pen("ann").write("a")
    assert seen(stripped(text))[text.id].is_deleted


def test_last_reaction_of_each_member_counts() -> None:
    pen, other = public_pen("ann"), public_pen("bob", ms=1)
    text = pen.write("a")
    said = [
        other.write(Reaction("x", False, True), ref=text, ms=text.hlc // 65536 + 1),
        pen.write(Reaction("y", True, True), ref=text),
        pen.write(Reaction("x", False, True), ref=text),
        other.write(Reaction("x", False, False), ref=text),
        other.write(Reaction("z", False, False), ref=text),
        stripped(other.write(Reaction("z", False, True), ref=text)),
    ]
    view = seen(text, *said)[text.id]
    assert set(view.given) == {Given("y", True, (public_key("ann"),)), Given("x", False, (public_key("ann"),))}


def test_pins_and_references_that_do_not_fit() -> None:
    pen = public_pen("ann")
    text = pen.write("a")
    pin = pen.write(Pin(True), ref=text)
    assert seen(text, pin)[text.id].is_pinned
    wrong = pen.write(Pin(False), ref=text, ref_hlc=text.hlc - 1)
    assert seen(text, pin, wrong)[text.id].is_pinned
    assert not seen(text, pin, pen.write(Pin(False), ref=text))[text.id].is_pinned
    assert seen(text, pin, pen.write(Delete(), ref=text))[text.id].is_pinned


def test_settings_are_those_written_last() -> None:
    pen = Desk().pen("ann")
    said = [pen.write(Title("a")), pen.write(SlowMode(5)), pen.write(Title("b")), pen.write(SlowMode(0))]
    assert settings_of(said[::-1]) == Settings("b", 0)
    assert settings_of([said[1], stripped(said[2])]) == Settings("", 5)


def test_slow_mode_shows_one_text_in_each_slot() -> None:
    """The first by its clock; moderators speak as they like, and before and after it everybody does."""
    pen = public_pen("ann")
    start = 1_700_000_010_000
    before = [pen.write(f"before {n}", ms=start - 20 + n) for n in range(2)]
    slow = pen.write(SlowMode(10), ms=start)
    during = [pen.write(f"during {n}", ms=start + 1 + 4000 * n) for n in range(4)]
    off = pen.write(SlowMode(0), ms=start + 40_000)
    after = [pen.write(f"after {n}", ms=start + 40_001 + n) for n in range(2)]
    everything = [*before, slow, *during, off, *after]
    shown = [view.text for view in seen(*everything).values()]
    assert shown == ["before 0", "before 1", "during 0", "during 3", "after 0", "after 1"]
    assert len(seen(*everything, level=Level.MODERATOR)) == 8


def test_row_of_the_store_is_read_as_it_was_written() -> None:
    pen = public_pen("ann")
    text = pen.write(Text("ahoy", ("kappa",)))
    answer = pen.write("hi", ref=text)
    reaction = pen.write(Reaction("x", False, True), ref=text)
    for view in seen(text, answer, reaction).values():
        row = encode_row(view)
        assert decode_row(row) == view
        assert row.cursor == view.place


def test_row_of_the_store_is_bounded() -> None:
    given = tuple(Given(str(n), False, tuple(bytes([m]) * 32 for m in range(200))) for n in range(9))
    view = View(public_pen("ann").write("a").id, 7, b"a" * 32, b"i" * 8, 1, "x" * 8192, given=given)
    row = encode_row(view)
    assert len(row.content) < 40_000
    assert sum(len(each.members) for each in decode_row(row).given) == 1024
