"""One line of JSON a figure: ours, the bare baseline of the same run, and their ratio."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence

__all__ = ["print_comparison", "print_figure"]


def print_figure(name: str, seconds: Sequence[float]) -> None:
    """A distribution of times."""
    print(json.dumps({"benchmark": name, **_summary(seconds)}), flush=True)


def print_comparison(name: str, ours: Sequence[float], bare: Sequence[float]) -> None:
    """Ours beside the baseline; `ratio` is that of the medians."""
    ratio = statistics.median(ours) / statistics.median(bare)
    figures = {**_summary(ours), **{f"bare_{key}": value for key, value in _summary(bare).items()}}
    print(json.dumps({"benchmark": name, **figures, "ratio": round(ratio, 2)}), flush=True)


def _summary(seconds: Sequence[float]) -> dict[str, float | int]:
    ordered = sorted(seconds)
    p99 = ordered[len(ordered) * 99 // 100]
    return {"count": len(ordered), "p50_ms": _ms(statistics.median(ordered)), "p99_ms": _ms(p99)}


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
