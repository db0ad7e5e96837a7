"""How fast something grows: the slope of a straight line through samples, by least squares."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["least_squares", "warmed_up"]

MIN_SAMPLES = 6


def least_squares(samples: Sequence[tuple[float, float]]) -> float:
    """The slope of y over x; 0 where all x are the same."""
    count = len(samples)
    mean_x = sum(x for x, _ in samples) / count
    mean_y = sum(y for _, y in samples) / count
    spread = sum((x - mean_x) ** 2 for x, _ in samples)
    return sum((x - mean_x) * (y - mean_y) for x, y in samples) / spread if spread else 0.0


def warmed_up(samples: Sequence[tuple[float, float]], *, warm_up_s: float) -> Sequence[tuple[float, float]]:
    """Those after so many seconds of the first; none where they are too few to tell anything."""
    kept = [(x, y) for x, y in samples if x >= samples[0][0] + warm_up_s]
    return kept if len(kept) >= MIN_SAMPLES else ()
