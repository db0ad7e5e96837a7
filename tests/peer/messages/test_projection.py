"""The view kept up to date is the view made anew."""

from __future__ import annotations

from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from peer.log.control import Level
from peer.messages.bodies import Delete, Edit, Pin, Reaction, SlowMode, Title
from peer.messages.holdings import Holdings
from peer.messages.projection import Projection
from peer.messages.rules import PrivateRules
from peer.messages.said import Said
from peer.messages.view import Settings, view_of
from peer.messages.window import Limits

from .desks import Desk, holding, public_pen


def followed(holdings: Holdings) -> Projection:
    projection = Projection(holdings)
    projection.follow(holdings.take_stir())
    return projection


def test_turn_says_what_looks_different() -> None:
    pen = public_pen("ann")
    text = pen.write("a")
    holdings = holding([text])
    projection = Projection(holdings)
    turn = projection.follow(holdings.take_stir())
    assert [view.text for view in turn.shown.values() if view] == ["a"]
    assert projection.last is not None
    holdings.put(pen.write(Edit("b"), ref=text))
    assert [view.text for view in projection.follow(holdings.take_stir()).shown.values() if view] == ["b"]
    holdings.put(pen.write(Edit("b"), ref=text, ref_hlc=text.hlc - 1))
    assert projection.follow(holdings.take_stir()).shown == {}
    holdings.put(pen.write(Delete(), ref=pen.write("not held")))
    assert projection.follow(holdings.take_stir()).shown == {}


def test_pages_go_from_the_newest_to_the_oldest() -> None:
    texts = public_pen("ann").texts(5)
    projection = followed(holding(texts))
    first = projection.before(None, 2)
    assert [view.text for view in first] == ["text 4", "text 3"]
    assert [view.text for view in projection.before(first[-1].place, 9)] == ["text 2", "text 1", "text 0"]
    assert followed(holding([])).last is None


def test_slow_mode_frees_a_slot_when_its_text_goes() -> None:
    desk = Desk(bob=Level.MEMBER)
    start = 1_700_000_010_000
    slow = desk.pen("ann").write(SlowMode(10), ms=start)
    pen = desk.pen("bob")
    first, second = pen.write("first", ms=start + 5), pen.write("second", ms=start + 6)
    other = pen.write("other slot", ms=start + 10_006)
    holdings = holding([slow, first, second, other], rules=desk.rules(), limits=Limits())
    projection = followed(holdings)
    assert projection.settings == Settings("", 10)
    assert [view.text for view in projection.before(None, 9)] == ["other slot", "first"]
    assert not projection.is_slot_free(pen.identity.public_key, (first.hlc + 9, first.id), Level.MEMBER)
    assert projection.is_slot_free(pen.identity.public_key, (first.hlc + 9, first.id), Level.MODERATOR)
    holdings._let_go(first)
    projection.follow(holdings.take_stir())
    assert [view.text for view in projection.before(None, 9)] == ["other slot", "second"]
    for said in (second, other, slow):
        holdings._let_go(said)
    turn = projection.follow(holdings.take_stir())
    assert turn.has_settings
    assert projection.views == {}


@cache
def lonely() -> Desk:
    """A room where nobody but ann may speak."""
    return Desk()


@cache
def story() -> tuple[Desk, list[Said]]:
    desk = Desk(bob=Level.MODERATOR, cyd=Level.MEMBER)
    ann, bob, cyd = desk.pen("ann"), desk.pen("bob", highest=True), desk.pen("cyd")
    said: list[Said] = [ann.write(Title("t")), ann.write(SlowMode(1))]
    for number in range(4):
        text = cyd.write(f"c {number}", ms=cyd.now_ms + 300 * number)
        said += [text, cyd.write(Edit(f"better {number}"), ref=text, ms=cyd.now_ms + 2000)]
        said += [bob.write(Reaction("x", False, number % 2 == 0), ref=text, ms=bob.now_ms + 3000 + number)]
        said += [bob.write(Delete() if number == 1 else Pin(number != 2), ref=text, ms=bob.now_ms + 4000 + number)]
    said.append(ann.write(SlowMode(0), ms=ann.now_ms + 9000))
    return desk, said


@settings(max_examples=40, deadline=None)
@given(st.permutations(range(19)), st.integers(0, 18), st.sets(st.integers(0, 18), max_size=6))
def test_incremental_is_recomputed(order: list[int], turn_at: int, gone: set[int]) -> None:
    """In any order, while members come and go and events are let go (DESIGN, section 7, 1)."""
    desk, said = story()
    everybody = PrivateRules(desk.room.authority("ann"))
    holdings = Holdings(everybody, Limits())
    projection = Projection(holdings)
    for step, number in enumerate(order):
        holdings.put(said[number])
        if step == turn_at:
            holdings.weigh_again(PrivateRules(lonely().room.authority("ann")))
        projection.follow(holdings.take_stir())
        assert (projection.views, projection.settings) == view_of(holdings.weighed())
    holdings.weigh_again(everybody)
    for number in gone:
        holdings._let_go(holdings.logs.held[said[number].id])
    projection.follow(holdings.take_stir())
    assert (projection.views, projection.settings) == view_of(holdings.weighed())
    assert [view.place for view in projection.before(None, 99)] == sorted(
        (view.place for view in projection.views.values()), reverse=True
    )
