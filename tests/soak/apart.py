"""How long two members that both are up have no link."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping

__all__ = ["Apart"]


class Apart:
    """Looks every now and then; times are exact to that."""

    def __init__(self) -> None:
        self._since: dict[tuple[str, str], float] = {}
        self.times: list[tuple[float, float, str]] = []
        """How long, since which moment, and who."""

    def look(self, up: Collection[str], links: Mapping[str, Collection[str]], *, now: float) -> None:
        """`links` are those that each has by its own word; a pair is linked where both say so."""
        for pair in itertools.combinations(sorted(up), 2):
            left, right = pair
            if right in links.get(left, ()) and left in links.get(right, ()):
                self._end(pair, now)
            else:
                self._since.setdefault(pair, now)
        for pair in [pair for pair in self._since if not set(pair) <= set(up)]:
            self._end(pair, now)

    def _end(self, pair: tuple[str, str], now: float) -> None:
        since = self._since.pop(pair, None)
        if since is not None:
            self.times.append((now - since, since, " and ".join(pair)))
