"""Places for connections."""

from signaling.crowd import Crowd


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
