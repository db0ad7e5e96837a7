"""What is held, parked, stripped and let go."""

from __future__ import annotations

from peer.log.control import Level
from peer.log.event import EventId
from peer.messages.bodies import Delete, Edit, Reaction, Title
from peer.messages.holdings import Holdings, Stir
from peer.messages.said import Said, stripped
from peer.messages.window import Limits

from .desks import Desk, holding, public_pen

SMALL = Limits(max_texts=3, slack=2, max_void=2, max_spared=1)


def never(_: Said) -> bool:
    return False


def test_what_counts_is_news_for_the_view_and_for_the_disk() -> None:
    text = public_pen("ann").write("ahoy")
    holdings = holding([text])
    assert holdings.counts(text.id)
    assert holdings.take_stir() == Stir({text.id: text.encoded}, set(), {text.id}, False)
    assert holdings.take_stir() == Stir()
    assert holdings.weighed() == [(text, Level.MEMBER)]
    assert holdings.tally == int.from_bytes(text.id, "big")


def test_deletion_takes_the_words_whichever_comes_first() -> None:
    """Of the message and of its edits, here and on the disk."""
    pen = public_pen("ann")
    text = pen.write("secret")
    edit, delete = pen.write(Edit("secret too"), ref=text), pen.write(Delete(), ref=text)
    for order in ([text, edit, delete], [delete, edit, text], [edit, delete, text]):
        holdings = holding(order)
        assert holdings.logs.held[text.id].body is None
        assert holdings.logs.held[edit.id].body is None
        assert not any(b"secret" in data for data in holdings.take_stir().events.values())
        assert not holdings.lacks_words(holdings.logs.held[text.id])


def test_deletion_by_somebody_else_takes_nothing() -> None:
    text = public_pen("ann").write("mine")
    holdings = holding([text, public_pen("bob", ms=9).write(Delete(), ref=text)])
    assert holdings.logs.held[text.id].body is not None
    assert [said.kind.name for said, _ in holdings.about(text.id)] == ["DELETE"]


def test_missing_words_are_wanted_until_they_come() -> None:
    text = public_pen("ann").write("ahoy")
    holdings = holding([stripped(text)])
    assert holdings.lacks_words(holdings.logs.held[text.id])
    assert not holdings.put_words(stripped(text))
    assert holdings.put_words(text)
    assert holdings.logs.held[text.id].encoded == text.encoded
    assert not holdings.put_words(text)


def test_words_that_were_taken_back_do_not_come_again() -> None:
    pen = public_pen("ann")
    text = pen.write("secret")
    holdings = holding([stripped(text), pen.write(Delete(), ref=text)])
    assert not holdings.put_words(text)


def test_void_events_are_parked_and_count_again() -> None:
    """DESIGN, section 5: tested again after each control change, and never deleted for being void."""
    desk = Desk(bob=Level.MEMBER)
    pen = desk.pen("bob")
    text = pen.write("ahoy")
    delete = pen.write(Delete(), ref=text)
    holdings = holding([text, delete], rules=desk.rules())
    assert holdings.logs.held[text.id].body is None
    kick = desk.room.kick("bob")
    holdings.weigh_again(desk.rules())
    assert holdings.void_count == 2
    assert list(holdings.about(text.id)) == []
    assert holdings.counting() == []
    assert holdings.tally == 0
    from peer.log.acts import Act
    from peer.log.control import Revoke
    from peer.log.event import decode_event

    ends = [decode_event(data, room_id=desk.room.id) for data in kick]
    desk.room.say("ann", [Act(Revoke(), ref=end.id) for end in ends if end.header.kind in (2, 6)])
    holdings.weigh_again(desk.rules())
    assert holdings.void_count == 0
    assert holdings.counts(text.id)


def test_deletion_that_became_void_gives_nothing_back_by_itself() -> None:
    """But the words are wanted again from whoever has them."""
    desk = Desk(bob=Level.MEMBER, cyd=Level.MODERATOR)
    text = desk.pen("bob").write("ahoy")
    delete = desk.pen("cyd", highest=True).write(Delete(), ref=text)
    holdings = holding([text, delete], rules=desk.rules())
    desk.room.kick("cyd")
    holdings.weigh_again(desk.rules())
    assert holdings.lacks_words(holdings.logs.held[text.id])
    assert holdings.put_words(text)


def test_limbo_is_bounded_and_the_oldest_go() -> None:
    desk = Desk(bob=Level.MEMBER)
    texts = desk.pen("bob").texts(4)
    holdings = holding(texts, rules=desk.rules(), limits=SMALL)
    desk.room.kick("bob")
    holdings.weigh_again(desk.rules())
    holdings.settle(never)
    assert set(holdings.logs.held) == {said.id for said in texts[2:]}
    assert holdings.take_stir().purged == {said.id for said in texts[:2]}


def test_what_is_beyond_the_window_goes_some_at_a_time() -> None:
    texts = public_pen("ann").texts(6)
    holdings = holding([], limits=SMALL)
    for said in texts[:2]:
        holdings.put(said)
    holdings.settle(never)
    assert len(holdings.logs.held) == 2
    for said in texts[2:]:
        holdings.put(said)
    assert holdings.window.floor == texts[3].place
    pen = public_pen("bob", ms=50)
    for said in (pen.write(Reaction("x", False, True), ref=texts[0]), pen.write(Edit("x"), ref=texts[0])):
        holdings.put(said)
    holdings.settle(never)
    assert set(holdings.logs.held) == {said.id for said in texts[3:]}


def test_what_nobody_has_read_stays_with_all_that_is_about_it() -> None:
    """As far as the bound goes: the newest of them."""
    pen = public_pen("ann")
    texts = pen.texts(6)
    reaction = pen.write(Reaction("x", False, True), ref=texts[2])
    holdings = holding([*texts, reaction], limits=SMALL)
    holdings.settle(lambda said: said.seq <= 3)
    assert set(holdings.logs.held) == {reaction.id, *(said.id for said in texts[2:])}


def test_floor_drops_where_a_purge_leaves_place() -> None:
    """Older messages can come back then."""
    desk = Desk(bob=Level.MEMBER)
    old, ours = desk.pen("ann").texts(2)
    flood = desk.pen("bob", b"flooding").texts(3)
    holdings = holding([old, ours, *flood], rules=desk.rules(), limits=Limits(max_texts=3))
    assert holdings.last_window is None
    assert not holdings.window.spans(old.place)
    assert holdings.last_window is holdings.window
    desk.room.kick("bob")
    holdings.weigh_again(desk.rules())
    assert holdings.window.spans(old.place)


def test_fork_keeps_its_proof_without_words_and_nothing_else_of_what_fell() -> None:
    pen = public_pen("ann")
    first, second = pen.write("1"), pen.write("2")
    third = pen.write("3")
    holdings = holding([first, second, third])
    holdings.take_stir()
    fork = holdings.logs.fork_by(other := pen.write("2'", after=first))
    assert fork is not None
    holdings.cut(fork)
    stir = holdings.take_stir()
    assert stir.purged == {third.id}
    assert stir.events == {each.id: stripped(each).encoded for each in (second, other)}
    lower = holdings.logs.fork_by(pen.write("1'", seq=1, prev=b""))
    assert lower is not None
    holdings.cut(lower)
    assert holdings.take_stir().purged == {second.id, other.id}


def test_proof_that_is_let_go_as_a_message_stays_as_a_proof() -> None:
    pen = public_pen("ann")
    first = pen.write("1")
    holdings = holding([first, pen.write("5", seq=5, prev=bytes(32), hlc=first.hlc)])
    holdings.take_stir()
    holdings.limits = Limits(max_texts=0, slack=0)
    holdings._window = None
    holdings.settle(never)
    stir = holdings.take_stir()
    assert first.id not in holdings.logs.held
    assert stir.events == {first.id: stripped(first).encoded}
    assert stir.purged == set()


def test_settings_count_in_the_order_of_all() -> None:
    desk = Desk()
    pen = desk.pen("ann")
    second, first = pen.write(Title("b")), pen.write(Title("a"), seq=1, prev=b"", hlc=1)
    holdings = holding([], rules=desk.rules())
    assert holdings.settings() == []
    assert isinstance(holdings, Holdings)
    holdings.put(second)
    assert holdings.settings() == [second]
    assert holdings.take_stir().has_settings
    assert holdings.get(EventId(first.id)) is None
