"""How much of something one remote may make us do: a burst, then so much a second (GCRA)."""

from __future__ import annotations

__all__ = ["Pace"]


class Pace:
    """The allowance of one remote; `now` is monotonic seconds."""

    def __init__(self, *, burst: int, per_s: float, now: float) -> None:
        self._cost_s = 1.0 / per_s
        self._slack_s = burst * self._cost_s
        self._paid_until = now

    def spend(self, count: int = 1, *, now: float) -> bool:
        """Whether there is allowance left for all of it; what is refused costs nothing."""
        paid_until = max(self._paid_until, now) + count * self._cost_s
        if paid_until > now + self._slack_s:
            return False
        self._paid_until = paid_until
        return True

    def reserve(self, *, now: float) -> float:
        """Spend one in any case; how many seconds to wait for one's turn first."""
        self._paid_until = max(self._paid_until, now) + self._cost_s
        return max(0.0, self._paid_until - now - self._slack_s)
