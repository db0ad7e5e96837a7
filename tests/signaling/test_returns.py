"""When clients of a server that stops are asked back."""

from collections import Counter
from random import Random

import pytest

from signaling.returns import Returns, plan_returns


@pytest.mark.parametrize(
    ("clients", "latest_s"),
    [(0, 1), (1, 1), (1000, 1), (1001, 2), (2000, 2), (20_000, 20), (1_000_000, 25)],
)
def test_time_grows_with_their_number_within_a_third_of_the_lease(clients: int, latest_s: int) -> None:
    """A thousand a second, and nobody so late that the others are told that it left."""
    assert plan_returns(clients, per_s=1000, lease_s=75.0) == Returns(1, latest_s)


def test_short_lease_asks_everybody_back_at_once() -> None:
    """There is nothing to spread over."""
    assert plan_returns(9999, per_s=1, lease_s=1.0) == Returns(1, 1)


def test_each_second_is_drawn_about_as_often() -> None:
    """No stampede at the ends."""
    chance = Random(7)  # noqa: S311 - the same in each run
    drawn = Counter(Returns(1, 4).draw(chance.randbytes) for _ in range(4000))
    assert set(drawn) == {1, 2, 3, 4}
    assert min(drawn.values()) > 900


@pytest.mark.parametrize(("byte", "seconds"), [(b"\x00", 1), (b"\xff", 4)])
def test_ends_are_included(byte: bytes, seconds: int) -> None:
    """The first and the last second."""
    assert Returns(1, 4).draw(lambda count: byte * count) == seconds
