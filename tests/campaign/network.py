"""Frames on their way between members: lost, doubled, delayed past each other, or stopped by a partition."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

__all__ = ["Network"]


@dataclass
class Network:
    """Seconds of simulated time."""

    chance: Random
    loss: float = 0.3
    doubled: float = 0.1
    now: float = 0.0
    groups: dict[str, int] = field(default_factory=dict)
    """Who is in the same partition."""
    is_faulty: bool = True
    _queue: list[tuple[float, int, str, str, Any]] = field(default_factory=list)
    _count: int = 0

    def reaches(self, source: str, target: str) -> bool:
        return self.groups.get(source, 0) == self.groups.get(target, 0)

    def send(self, source: str, target: str, frame: Any) -> None:
        if not self.reaches(source, target):
            return
        copies = 1
        if self.is_faulty:
            copies = (self.chance.random() > self.loss) + (self.chance.random() < self.doubled)
        for _ in range(copies):
            delay = self.chance.uniform(0.01, 0.2)
            if self.is_faulty and self.chance.random() < 0.1:
                delay = self.chance.uniform(1, 8)
            self._count += 1
            heapq.heappush(self._queue, (self.now + delay, self._count, source, target, frame))

    def clear(self) -> None:
        self._queue.clear()

    def run(self, until: float, deliver: Callable[[str, str, Any], None], wake: Callable[[], float | None]) -> None:
        """Deliver what arrives, and wake whoever is to be woken; `wake` gives the next moment of that."""
        while True:
            alarm = wake()
            at = min(
                [each for each in (self._queue[0][0] if self._queue else None, alarm) if each is not None] or [until]
            )
            if at >= until:
                self.now = until
                return
            self.now = max(self.now, at)
            while self._queue and self._queue[0][0] <= self.now:
                _, _, source, target, frame = heapq.heappop(self._queue)
                if self.reaches(source, target):
                    deliver(source, target, frame)
