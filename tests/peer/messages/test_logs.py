"""Logs with holes, and the forks in them."""

from __future__ import annotations

import itertools

from peer.messages.logs import Logs, contradiction
from peer.messages.said import Said

from .desks import holding, public_pen


def logs_of(*said: Said) -> Logs:
    return holding(said).logs


def test_two_events_in_one_place_contradict_each_other() -> None:
    pen = public_pen("ann")
    first = pen.write("a")
    second, other = pen.write("b"), pen.write("c", after=first)
    assert contradiction(second, other) == contradiction(other, second) == 2
    assert contradiction(first, second) is None
    assert contradiction(first, first) is None


def test_wrong_predecessor_contradicts_the_one_before() -> None:
    pen = public_pen("ann")
    first = pen.write("a")
    assert contradiction(pen.write("b", prev=bytes(32)), first) == 1
    assert contradiction(pen.write("c", seq=3, prev=bytes(32)), first) is None


def test_clock_that_does_not_rise_is_a_contradiction() -> None:
    pen = public_pen("ann")
    first = pen.write("a")
    assert contradiction(first, pen.write("b", seq=5, prev=bytes(32), hlc=first.hlc)) == 5


def test_fork_is_cut_at_the_same_place_in_any_order() -> None:
    """Holes included: what is not next to each other in the log is next to each other in what is held."""
    pen = public_pen("ann")
    first = pen.write("1")
    second, third = pen.write("2"), pen.write("3")
    other = pen.write("2'", after=first)
    late = pen.write("5", seq=5, prev=bytes(32), hlc=third.hlc - 1)
    for order in itertools.permutations([first, second, third, other, late]):
        logs = logs_of(*order)
        assert [fork.seq for fork in logs.forks.values()] == [2]
        assert set(logs.held) <= {first.id}
        assert logs.is_cut(first.log, 2)
        assert not logs.is_cut(first.log, 1)


def test_fork_hidden_by_a_hole_is_found_behind_it() -> None:
    """The branches differ at 2, which nobody holds any more; 3 and 4 tell."""
    pen = public_pen("ann")
    one = pen.write("1")
    ours = [pen.write("2"), pen.write("3"), pen.write("4")]
    theirs = [pen.write("2'", after=one), pen.write("3'"), pen.write("4'")]
    logs = logs_of(one, ours[1], theirs[2])
    assert [fork.seq for fork in logs.forks.values()] == [3]


def test_lower_fork_takes_the_place_of_a_higher_one() -> None:
    """Also by an event of the part that was cut, and never the other way round."""
    pen = public_pen("ann")
    one, two = pen.write("1"), pen.write("2")
    three = pen.write("3")
    logs = logs_of(one, two, three, pen.write("3'", after=two))
    assert logs.forks[one.log].seq == 3
    assert logs.fork_by(pen.write("4", after=three)) is None
    lower = logs.fork_by(pen.write("3''", seq=3, prev=bytes(32)))
    assert lower is not None
    assert lower.seq == 2
    logs.cut(lower)
    assert list(logs.held) == [one.id]
    assert logs.fork_by(pen.write("3", after=two)) is None


def test_whoever_forks_too_many_logs_has_no_others() -> None:
    """The lowest are kept, on every replica the same."""
    pens = [public_pen("ann", bytes([number]) * 8) for number in range(4)]
    holdings = holding([pen.write("kept?") for pen in pens])
    logs = holdings.logs
    logs._max_author_forks = 2
    for pen in pens[::-1][:3]:
        second, other = pen.write("2"), pen.write("2'", after=pen.said[0])
        logs.put(second)
        fork = logs.fork_by(other)
        assert fork is not None
        logs.cut(fork)
    assert [log.incarnation[0] for log in sorted(logs.forks)] == [1, 2]
    assert logs.is_cut(pens[0].said[0].log, 1)
    assert {said.log.incarnation[0] for said in logs.held.values()} <= {1, 2}


def test_forks_are_bounded_in_all() -> None:
    said = []
    for name in ("ann", "bob", "cyd"):
        pen = public_pen(name)
        first = pen.write("1")
        said += [first, pen.write("2"), pen.write("2'", after=first)]
    logs = Logs(max_forks=2, max_author_forks=9)
    for each in said:
        fork = logs.fork_by(each)
        if fork is not None:
            logs.cut(fork)
        else:
            logs.put(each)
    assert len(logs.forks) == 2


def test_logs_are_looked_at_by_author_and_place() -> None:
    pen, other = public_pen("ann"), public_pen("bob")
    one, two, three = pen.texts(3)
    logs = logs_of(one, three, two, other.write("x"))
    assert list(logs.of_author(one.author)) == [one, two, three]
    assert list(logs.of_author(b"nobody")) == []
    assert logs.at(one.log, 2) is two
    assert logs.at(one.log, 9) is None
    assert logs.tip(one.log) == 3
    assert logs.everything()[0].id == min((one, other.said[0]), key=lambda said: said.place).id
    for said in (two, one, three):
        logs.remove(said)
    assert logs.tip(one.log) == 0
    assert list(logs.of_log(one.log)) == []
    logs.put(one)
    logs.put(one)
    assert list(logs.of_log(one.log)) == [one]
