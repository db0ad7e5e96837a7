"""The lines that were typed, to be called back; and the line that was not finished meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["TypedLines"]

_MAX_LINES = 200


@dataclass(slots=True)
class TypedLines:
    """Newest last. Kept in memory alone: what was typed may have been a secret."""

    _lines: list[str] = field(default_factory=list)
    _back: int = 0
    """How many lines back we look; 0: at the line that is being typed."""
    _unfinished: str = ""

    def add(self, line: str) -> None:
        """A line was sent; the same again is kept once."""
        self._back, self._unfinished = 0, ""
        if line and self._lines[-1:] != [line]:
            self._lines = [*self._lines, line][-_MAX_LINES:]

    def previous(self, current: str) -> str:
        """The one before; the oldest stays."""
        if self._back == 0:
            self._unfinished = current
        self._back = min(self._back + 1, len(self._lines))
        return self._shown()

    def next(self, current: str) -> str:
        """The one after; behind the newest comes what was not finished."""
        if self._back == 0:
            return current
        self._back -= 1
        return self._shown()

    def _shown(self) -> str:
        return self._lines[-self._back] if self._back else self._unfinished
