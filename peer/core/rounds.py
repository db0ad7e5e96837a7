"""When to compare control logs again with somebody, and with whom (anti-entropy, DESIGN section 5).

What is learned is told at once on every link; a frame that is lost with its link, or a proof that somebody keeps back,
is found by this.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

__all__ = ["Rounds"]

T = TypeVar("T")


class Rounds:
    """Of one room. `draw(n)` is a number from 0 to n - 1 by chance; `now` is monotonic seconds."""

    def __init__(self, *, every_s: float, draw: Callable[[int], int]) -> None:
        self._every_s = every_s
        self._draw = draw
        self.next_at: float | None = None
        """None while nobody is there."""

    def begin(self, *, now: float) -> None:
        """Somebody is there; nothing where a round is planned already."""
        if self.next_at is None:
            self._plan(now=now)

    def take(self, present: Sequence[T], *, now: float) -> T | None:
        """Whom to compare with now; None before it is time, or where nobody is left."""
        if self.next_at is None or now < self.next_at:
            return None
        self.next_at = None
        if not present:
            return None
        self._plan(now=now)
        return present[self._draw(len(present))]

    def _plan(self, *, now: float) -> None:
        """Between three and five quarters of the time, so that rooms do not fall into step."""
        self.next_at = now + self._every_s * (0.75 + self._draw(1024) / 2048)
