"""What was written long ago and comes in answer to a question: shown in order, once the answer is there.

Answers bring the newest first, in several frames. Until the last of them what appears is held back, and so is what the
same author says meanwhile; what becomes of it is part of how it appears.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from ..log.event import EventId
from ..messages.news import Changed, Fact, Vanished
from ..messages.view import View

__all__ = ["Late"]


@dataclass(slots=True)
class Late:
    """Of one room."""

    _held: dict[EventId, Changed] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self._held)

    def sift(self, facts: Iterable[Fact], has_gap: Callable[[View], bool] = lambda _: False) -> Iterator[Fact]:
        """What is to be told now; `has_gap`: what its author said before is on its way."""
        for fact in facts:
            if isinstance(fact, Changed) and self._is_early(fact, has_gap):
                self._hold(fact)
            elif isinstance(fact, Vanished) and fact.id in self._held:
                del self._held[fact.id]
            else:
                yield fact

    def _is_early(self, fact: Changed, has_gap: Callable[[View], bool]) -> bool:
        if fact.is_late or fact.view.id in self._held:
            return True
        is_behind_another = any(held.view.log == fact.view.log for held in self._held.values())
        return fact.is_new and (is_behind_another or has_gap(fact.view))

    def _hold(self, fact: Changed) -> None:
        held = self._held.get(fact.view.id)
        self._held[fact.view.id] = fact if held is None else replace(held, view=fact.view)

    def release(self) -> list[Changed]:
        """All of it, oldest first."""
        taken, self._held = self._held, {}
        return sorted(taken.values(), key=lambda fact: fact.view.place)
