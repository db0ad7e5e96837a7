"""When to compare control logs again, and with whom."""

from __future__ import annotations

from peer.core.rounds import Rounds


def test_round_comes_at_three_to_five_quarters_of_the_time() -> None:
    """By chance, so that rooms do not fall into step."""
    for drawn, at in ((0, 115.0), (512, 120.0), (1023, 124.99)):
        rounds = Rounds(every_s=20.0, draw=lambda below, drawn=drawn: min(drawn, below - 1))  # type: ignore[misc]
        rounds.begin(now=100.0)
        assert rounds.next_at is not None
        assert abs(rounds.next_at - at) < 0.02
        rounds.begin(now=500.0)
        assert rounds.next_at < 130.0


def test_one_of_those_present_is_drawn() -> None:
    """And the next round is planned."""
    rounds = Rounds(every_s=20.0, draw=lambda below: below - 1)
    assert rounds.take(["ann"], now=0.0) is None
    rounds.begin(now=0.0)
    assert rounds.take(["ann", "bob"], now=1.0) is None
    assert rounds.take(["ann", "bob"], now=30.0) == "bob"
    assert rounds.next_at is not None
    assert rounds.next_at > 30.0


def test_rounds_end_where_nobody_is_left() -> None:
    """Until somebody comes."""
    rounds = Rounds(every_s=20.0, draw=lambda _: 0)
    rounds.begin(now=0.0)
    assert rounds.take([], now=30.0) is None
    assert rounds.next_at is None
