"""How much of something one remote may make us do."""

from __future__ import annotations

from peer.core.pace import Pace


def test_burst_is_allowed_and_then_no_more() -> None:
    """What is refused costs nothing: the allowance comes back at its pace."""
    pace = Pace(burst=10, per_s=2.0, now=100.0)
    assert all(pace.spend(now=100.0) for _ in range(10))
    assert not any(pace.spend(now=100.0) for _ in range(100))
    assert pace.spend(now=100.5)
    assert not pace.spend(now=100.5)


def test_many_at_once_are_allowed_together_or_not_at_all() -> None:
    """A batch is not half refused."""
    pace = Pace(burst=10, per_s=1.0, now=0.0)
    assert not pace.spend(11, now=0.0)
    assert pace.spend(10, now=0.0)
    assert not pace.spend(now=0.0)


def test_allowance_that_was_not_used_does_not_grow_past_the_burst() -> None:
    """Who was silent for a day may not flood after it."""
    pace = Pace(burst=3, per_s=1.0, now=0.0)
    assert [pace.spend(now=86_400.0) for _ in range(4)] == [True, True, True, False]


def test_turns_are_given_in_order() -> None:
    """Whoever asks later waits longer, at the pace; who comes after a while waits for nothing."""
    pace = Pace(burst=2, per_s=4.0, now=0.0)
    assert [pace.reserve(now=0.0) for _ in range(4)] == [0.0, 0.0, 0.25, 0.5]
    assert pace.reserve(now=1.0) == 0.0
