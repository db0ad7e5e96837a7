"""The public rooms in order: one list for whoever walks them, one for each broadcaster's name.

Both lists are sorted, so that no step scans them: a room is found, put in and taken out by halving. Private rooms are
never in here.
"""

from bisect import bisect_left, bisect_right, insort
from typing import NamedTuple, TypeVar

from ..ids import RoomId
from .port import Cursor, RoomRecord

__all__ = ["Directory"]

T = TypeVar("T", "_Rank", Cursor)


class _Rank(NamedTuple):
    """The order among public rooms whose broadcasters have one name."""

    is_by_guest: bool
    created_at: float
    room_id: RoomId


def _rank(record: RoomRecord) -> _Rank:
    return _Rank(record.is_by_guest, record.created_at, record.room_id)


def _place(record: RoomRecord) -> Cursor:
    return Cursor(record.created_at, record.room_id)


def _drop(ordered: list[T], item: T) -> None:
    """Without comparing it to all that stand before it."""
    del ordered[bisect_left(ordered, item)]


class Directory:
    """Where public rooms are found."""

    def __init__(self) -> None:
        self._places: list[Cursor] = []
        self._ranks: dict[str, list[_Rank]] = {}

    def add(self, record: RoomRecord) -> None:
        """A room that is not in yet."""
        insort(self._places, _place(record))
        insort(self._ranks.setdefault(record.broadcaster_name, []), _rank(record))

    def remove(self, record: RoomRecord) -> None:
        """A room that is in."""
        _drop(self._places, _place(record))
        ranks = self._ranks[record.broadcaster_name]
        _drop(ranks, _rank(record))
        if not ranks:
            del self._ranks[record.broadcaster_name]

    def find(self, broadcaster_name: str) -> RoomId | None:
        """See Store.find_public."""
        ranks = self._ranks.get(broadcaster_name)
        return ranks[0].room_id if ranks else None

    def page(self, after: Cursor | None, limit: int) -> tuple[list[RoomId], bool]:
        """The rooms behind a position, and whether more follow."""
        start = bisect_right(self._places, after) if after else 0
        return [place.room_id for place in self._places[start : start + limit]], start + limit < len(self._places)
