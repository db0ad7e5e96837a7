"""The view kept up to date as events come and go; at each moment what `view_of` makes of all that counts.

A message is looked at again where something that counts is said, or no more said, about it; all of them where slow mode
changed. Which text of a slot is shown depends on the others of that slot alone.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from dataclasses import dataclass, field

from ..log.control import Level
from ..log.event import EventId
from .bodies import Kind
from .holdings import Holdings, Stir
from .said import HIGHEST, Place
from .view import Settings, Slot, Slots, View, look_of, settings_of

__all__ = ["Projection", "Turn"]


@dataclass(slots=True)
class Turn:
    """What looks different."""

    shown: dict[EventId, View | None] = field(default_factory=dict)
    """None: shown no more."""
    before: dict[EventId, View | None] = field(default_factory=dict)
    """How these looked until now; None: not shown."""
    has_settings: bool = False


class Projection:
    """Of one room."""

    def __init__(self, holdings: Holdings) -> None:
        self._holdings = holdings
        self.views: dict[EventId, View] = {}
        self.settings = Settings()
        self._places: list[Place] = []
        """Of what is shown, sorted."""
        self._slots = Slots(())
        self._slot_of: dict[EventId, Slot] = {}
        self._in_slot: defaultdict[Slot, set[Place]] = defaultdict(set)

    def follow(self, stir: Stir) -> Turn:
        """Look again at what was touched."""
        turn = Turn()
        due = set(stir.messages)
        if stir.has_settings:
            due |= self._follow_settings(turn)
        for message in list(due) if self._slots or self._slot_of else ():
            due |= self._place_in_slot(message)
        for message in due:
            self._look(message, turn)
        return turn

    def before(self, place: Place | None, limit: int) -> list[View]:
        """A page: the newest that are older than this place, newest first."""
        end = bisect_left(self._places, place if place is not None else HIGHEST)
        return [self.views[event] for _, event in reversed(self._places[max(0, end - limit) : end])]

    @property
    def last(self) -> View | None:
        """The newest message."""
        return self.views[self._places[-1][1]] if self._places else None

    def is_slot_free(self, author: bytes, place: Place, level: Level) -> bool:
        """Whether slow mode lets this author speak at this place."""
        slot = self._slots.slot_at(author, place, level)
        return slot is None or slot not in self._in_slot

    def _follow_settings(self, turn: Turn) -> set[EventId]:
        settings = self._holdings.settings()
        before, self.settings = self.settings, settings_of(settings)
        turn.has_settings = before != self.settings
        self._slots = Slots(settings)
        return {said.id for said in self._holdings.counting() if said.kind is Kind.TEXT}

    def _place_in_slot(self, message: EventId) -> set[EventId]:
        """Whom else this concerns: those of the slot that it leaves, and of the one that it comes into."""
        said, level = self._holdings.get(message), self._holdings.levels.get(message)
        is_text = said is not None and level is not None and said.kind is Kind.TEXT
        slot = self._slots.slot_at(said.author, said.place, level) if is_text and said and level else None
        before = self._slot_of.get(message)
        if slot == before:
            return set()
        concerned: set[EventId] = set()
        if before is not None:
            self._in_slot[before] = {place for place in self._in_slot[before] if place[1] != message}
            concerned |= {event for _, event in self._in_slot[before]}
            del self._slot_of[message]
            if not self._in_slot[before]:
                del self._in_slot[before]
        if slot is not None and said is not None:
            concerned |= {event for _, event in self._in_slot[slot]}
            self._in_slot[slot].add(said.place)
            self._slot_of[message] = slot
        return concerned

    def _look(self, message: EventId, turn: Turn) -> None:
        view, before = self._view_of(message), self.views.get(message)
        if view == before:
            return
        turn.shown[message] = view
        turn.before[message] = before
        if view is None:
            assert before is not None
            del self.views[message]
            del self._places[bisect_left(self._places, before.place)]
            return
        if before is None:
            insort(self._places, view.place)
        self.views[message] = view

    def _view_of(self, message: EventId) -> View | None:
        said = self._holdings.get(message)
        if said is None or said.kind is not Kind.TEXT or not self._holdings.counts(message):
            return None
        slot = self._slot_of.get(message)
        if slot is not None and said.place != min(self._in_slot[slot]):
            return None
        return look_of(said, self._holdings.about(message))
