"""Places for connections."""

from dataclasses import dataclass

import pytest

from signaling.bounds.crowd import Crowd, hoarders


class Caller:
    """A connection, to a crowd."""


def callers(crowd: Crowd[Caller], count: int) -> list[Caller]:
    entered = [Caller() for _ in range(count)]
    for each in entered:
        crowd.enter(each)
    return entered


def test_longest_idle_goes_first() -> None:
    """One that was answered lately is the last to go."""
    crowd = Crowd[Caller](3)
    first, second, third = callers(crowd, 3)
    assert crowd.is_full
    crowd.begin(first)
    crowd.end(first)
    assert [crowd.maybe_yield() for _ in range(4)] == [second, third, first, None]
    assert (len(crowd), crowd.is_full) == (0, False)


def test_who_is_at_work_stays() -> None:
    """However many want in."""
    crowd = Crowd[Caller](1)
    (busy,) = callers(crowd, 1)
    crowd.begin(busy)
    assert crowd.maybe_yield() is None
    assert crowd.is_full


def test_who_has_left_takes_no_place() -> None:
    """Also when its call ends after it."""
    crowd = Crowd[Caller](1)
    (caller,) = callers(crowd, 1)
    crowd.begin(caller)
    crowd.leave(caller)
    crowd.end(caller)
    crowd.leave(caller)
    assert not crowd.is_full
    assert crowd.maybe_yield() is None


def test_who_had_to_go_does_not_come_back() -> None:
    """A request that arrives on a connection that is being closed."""
    crowd = Crowd[Caller](1)
    (caller,) = callers(crowd, 1)
    assert crowd.maybe_yield() is caller
    crowd.begin(caller)
    crowd.end(caller)
    assert len(crowd) == 0


@dataclass
class Hoard:
    """A connection in which so much waits."""

    name: str
    buffered_bytes: int

    def cut(self) -> None:
        """Up to the caller."""


@pytest.mark.parametrize(("most", "gone"), [(100, ""), (16, ""), (15, "c"), (7, "c"), (6, "cb"), (1, "cb"), (0, "cba")])
def test_who_holds_most_goes_first(most: int, gone: str) -> None:
    """And no more of them than it takes."""
    held = [Hoard("a", 1), Hoard("b", 6), Hoard("c", 9), Hoard("d", 0)]
    assert hoarders(held, most) == [each for name in gone for each in held if each.name == name]
