"""How long to wait before the server is tried again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer.signaling.backoff import Backoff


def backoff() -> Backoff:
    return Backoff(base_s=0.25, max_s=30.0)


def test_pauses_double_up_to_the_longest() -> None:
    """Chance at its highest shows the ceiling."""
    pauses = backoff()
    delays = [pauses.next_delay_s(now=0.0, chance=1.0) for _ in range(9)]
    assert delays == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


def test_jitter_is_full() -> None:
    """A thousand peers that lost their server together come back spread over the whole pause."""
    assert backoff().next_delay_s(now=0.0, chance=0.0) == 0.0
    assert backoff().next_delay_s(now=0.0, chance=0.5) == 0.125


def test_server_may_ask_for_more() -> None:
    """Its wish is the least; the jitter still spreads the peers behind it."""
    assert backoff().next_delay_s(now=0.0, chance=1.0, retry_after_s=7.0) == 7.25


def test_server_cannot_send_us_away_for_ever() -> None:
    assert backoff().next_delay_s(now=0.0, chance=0.0, retry_after_s=1e9) == 300.0


def test_connection_that_held_starts_the_pauses_anew() -> None:
    pauses = backoff()
    pauses.next_delay_s(now=0.0, chance=1.0)
    pauses.next_delay_s(now=1.0, chance=1.0)
    pauses.connected(now=2.0)
    assert pauses.next_delay_s(now=32.0, chance=1.0) == 0.25
    assert pauses.next_delay_s(now=99.0, chance=1.0) == 0.5


def test_connection_that_broke_soon_does_not() -> None:
    """A server that lets us in and drops us is not hammered."""
    pauses = backoff()
    pauses.next_delay_s(now=0.0, chance=1.0)
    pauses.connected(now=1.0)
    assert pauses.next_delay_s(now=2.0, chance=1.0) == 0.5


@pytest.mark.parametrize("failures", [100, 10_000])
def test_pauses_stay_finite(failures: int) -> None:
    pauses = backoff()
    assert all(pauses.next_delay_s(now=0.0, chance=0.9) <= 27.0 for _ in range(failures))


@given(chance=st.floats(0, 1, exclude_max=True), wish=st.none() | st.floats(0, 1e12), failures=st.integers(1, 50))
def test_pause_is_bounded_and_never_shorter_than_the_wish(chance: float, wish: float | None, failures: int) -> None:
    pauses = backoff()
    delay_s = [pauses.next_delay_s(now=0.0, chance=chance, retry_after_s=wish) for _ in range(failures)][-1]
    assert min(wish or 0.0, 300.0) <= delay_s <= 330.0
