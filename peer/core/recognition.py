"""What one room makes of the people we know: who here is verified, who comes under the name of somebody else."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ..events import Event, KeyChanged, Member, VerificationChanged
from ..ids import MemberId, RoomId
from .people import People
from .presence import Presences

__all__ = ["Recognition", "news_of"]

_DAY_MS = 86_400_000


class Recognition:
    """Of one room; the people are those of all rooms."""

    def __init__(self, people: People, *, public_room: RoomId | None, wall_ms: Callable[[], int]) -> None:
        """`public_room` is None in a private one."""
        self._people = people
        self._public_room = public_room
        self._wall_ms = wall_ms
        self._reviewed: int | None = None
        """The version of the people when everybody here was last looked at; None where somebody has changed since."""

    def meet(self, member: Member) -> Member:
        """They are here, or bear another claim: their key is remembered. The member as we regard it."""
        self._reviewed = None
        return self._people.meet(member, public_room=self._public_room, today=self._wall_ms() // _DAY_MS)

    def regard(self, member: Member) -> Member:
        """The same for somebody who is away: nothing is remembered."""
        return self._people.regard(member, public_room=self._public_room)

    def name_of(self, member_id: MemberId) -> str:
        """What somebody called itself when we last met, in whichever room; empty where we do not know it."""
        return self._people.name_of(member_id)

    def review(self, presences: Presences) -> list[Event]:
        """Look at everybody anew, after somebody was met or verified in any room; what to tell of those here."""
        if self._reviewed == self._people.version:
            return []
        self._reviewed = self._people.version
        changes = presences.regard(partial(self._people.regard, public_room=self._public_room))
        here = [(before, after) for before, after in changes if presences.get(after.id) is not None]
        return [event for before, after in here for event in news_of(before, after)]


def news_of(before: Member | None, after: Member) -> list[Event]:
    """What there is to tell of a member who was seen so before, or not at all."""
    news: list[Event] = []
    if after.changed_from is not None and (before is None or before.changed_from != after.changed_from):
        news.append(KeyChanged(after, after.changed_from))
    if before is not None and before.verified != after.verified:
        news.append(VerificationChanged(after))
    return news
