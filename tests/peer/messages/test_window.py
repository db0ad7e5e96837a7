"""What is kept of all that counts."""

from __future__ import annotations

from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from peer.messages.bodies import Delete, Edit, Pin, Reaction, SlowMode, Title
from peer.messages.said import HIGHEST, LOWEST, Said
from peer.messages.window import Limits, pinned_in, window_of

from .desks import public_pen

SMALL = Limits(max_texts=3, max_about=4, max_about_of_author=3, max_deletions=3, max_deletions_of_author=2, max_pins=3,
               max_settings=2)  # fmt: skip


def kept(said: list[Said], limits: Limits = SMALL) -> list[str]:
    names = {each.id: f"{each.kind.name.lower()} {each.seq}" for each in said}
    return [names[each.id] for each in said if each.id in window_of(said, limits).kept]


def test_newest_texts_are_kept() -> None:
    texts = public_pen("ann").texts(5)
    assert kept(texts) == ["text 3", "text 4", "text 5"]
    assert window_of(texts, SMALL).floor == texts[2].place
    assert window_of(texts[:2], SMALL).floor == LOWEST
    assert window_of(texts, Limits(max_texts=0)).floor == HIGHEST
    assert window_of(texts, Limits(max_texts=0)).kept == frozenset()


def test_pinned_messages_stay_beyond_the_newest() -> None:
    """And an unpinning is remembered as long as the pinning."""
    pen = public_pen("ann")
    old, *_ = pen.texts(5)
    pin = pen.write(Pin(True), ref=old)
    reaction = pen.write(Reaction("x", False, True), ref=old)
    assert kept(pen.said) == ["text 1", "text 3", "text 4", "text 5", "pin 6", "reaction 7"]
    unpin = pen.write(Pin(False), ref=old)
    assert kept(pen.said) == ["text 3", "text 4", "text 5", "pin 6", "pin 8"]
    assert pinned_in([unpin, pin]) == frozenset()
    assert reaction.id not in window_of(pen.said, SMALL).kept


def test_what_is_said_about_a_message_goes_with_it() -> None:
    pen = public_pen("ann")
    old, *_, new = pen.texts(5)
    pen.write(Edit("a"), ref=old)
    pen.write(Edit("b"), ref=new)
    assert kept(pen.said)[-1] == "edit 7"
    assert "edit 6" not in kept(pen.said)


def test_reactions_are_bounded_by_author_and_in_all() -> None:
    pen, other = public_pen("ann"), public_pen("bob", ms=50)
    text = pen.write("a")
    reactions = [pen.write(Reaction(str(number), False, True), ref=text) for number in range(5)]
    others = [other.write(Reaction(str(number), False, True), ref=text) for number in range(3)]
    window = window_of([text, *reactions, *others], SMALL)
    assert window.kept == {text.id, reactions[-1].id, *(each.id for each in others)}


def test_deletions_are_remembered_below_the_floor() -> None:
    """What is deleted stays so, though a purge brings older messages back."""
    pen = public_pen("ann")
    old, *_ = pen.texts(5)
    pen.write(Delete(), ref=old)
    assert "delete 6" in kept(pen.said)


def test_settings_are_kept_by_kind() -> None:
    pen = public_pen("ann")
    for number in range(3):
        pen.write(Title(str(number)))
        pen.write(SlowMode(number))
    assert kept(pen.said) == ["setting 3", "setting 4", "setting 5", "setting 6"]


def test_all_bounds_together_bound_what_is_told() -> None:
    """Pinned messages count besides the newest."""
    assert SMALL.most_kept == 3 + 3 + 4 + 3 + 3 + 2 * 2 + 2 * 256
    assert Limits().most_kept < 15_000


@cache
def story() -> list[Said]:
    """Two who talk, react, delete and pin."""
    ann, bob = public_pen("ann"), public_pen("bob", ms=3)
    for number in range(6):
        text = ann.write(f"a {number}")
        ann.write(Reaction("x", False, number % 2 == 0), ref=text)
        other = bob.write(f"b {number}", ms=ann.now_ms + 1)
        bob.write(Delete() if number % 3 else Edit("better"), ref=other, ms=ann.now_ms + 2)
        ann.write(Title(str(number)), ms=ann.now_ms + 2)
    return [*ann.said, *bob.said]


@settings(max_examples=60)
@given(st.sets(st.integers(0, 29)), st.sets(st.integers(0, 29)))
def test_truncating_then_merging_is_merging_then_truncating(left: set[int], right: set[int]) -> None:
    """For any two sets of events (DESIGN, section 7, 9)."""
    ours, theirs = [story()[each] for each in left], [story()[each] for each in right]
    few = [said for said in ours if said.id in window_of(ours, SMALL).kept]
    both = {said.id: said for said in (*ours, *theirs)}
    late = {said.id: said for said in (*few, *theirs)}
    assert window_of(late.values(), SMALL).kept == window_of(both.values(), SMALL).kept
