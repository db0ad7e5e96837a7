"""One line of JSON a figure: ours, the baselines of the same run, and their ratios."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence

__all__ = ["print_comparison", "print_figure", "print_values"]


def print_values(name: str, **values: float | str) -> None:
    """Figures of any kind; units are part of their names."""
    print(json.dumps({"benchmark": name, **values}), flush=True)


def print_figure(name: str, seconds: Sequence[float]) -> None:
    """A distribution of times."""
    print_values(name, **_summary(seconds))


def print_comparison(name: str, ours: Sequence[float], bare: Sequence[float]) -> None:
    """Ours beside the baseline; `ratio` is that of the medians."""
    ratio = statistics.median(ours) / statistics.median(bare)
    figures = {**_summary(ours), **{f"bare_{key}": value for key, value in _summary(bare).items()}}
    print_values(name, **figures, ratio=round(ratio, 2))


def _summary(seconds: Sequence[float]) -> dict[str, float | int]:
    ordered = sorted(seconds)
    p99 = ordered[len(ordered) * 99 // 100]
    return {"count": len(ordered), "p50_ms": _ms(statistics.median(ordered)), "p99_ms": _ms(p99)}


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
