"""What we say: checked against what we may, kept as a draft while nobody is there, then sealed in the order written.

Whoever has learned of its own removal says nothing more: what it wrote would count nowhere. Where slow mode is on, a
plain member's texts are sealed one in each slot; what comes behind one that waits, waits with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..crypto.identity import Identity
from ..errors import BadSetting, NotAllowed
from ..ids import MemberId
from ..log.control import Level
from ..log.event import EventId, hlc_at, ms_of
from .bodies import Body, Delete, Edit, Kind, Pin, SlowMode, Text, Title, check_body, kind_of
from .drafts import Draft, Drafts
from .holdings import Holdings
from .pen import Pen
from .projection import Projection
from .said import HIGHEST, Place, Said
from .view import View

__all__ = ["Speaker"]

_LEAST: dict[type[Body], Level] = {Pin: Level.MODERATOR, SlowMode: Level.MODERATOR, Title: Level.ADMIN}
_WHO = {Level.MODERATOR: "moderators, admins and owners", Level.ADMIN: "admins and owners"}
_ACTION: dict[type[Body], str] = {
    Pin: "pin messages here",
    SlowMode: "slow this room down",
    Title: "name this room",
    Delete: "take back what somebody else said",
    Edit: "rewrite what somebody else said",
}


@dataclass(slots=True)
class Speaker:
    """Of one member in one room. `now_ms` is the time of day, UTC."""

    identity: Identity
    holdings: Holdings
    projection: Projection
    pen: Pen
    drafts: Drafts
    follow: Callable[[], None]
    """Brings the projection up to date with the holdings."""

    @property
    def _me(self) -> MemberId:
        return self.identity.member_id

    # ---- what we want to say

    def compose(self, body: Body, about: EventId | None = None) -> Draft:
        """One more draft; raise NotAllowed, BadSetting, MessageTooLarge, OutboxFull."""
        check_body(body)
        ref = self._place_of(about) if about is not None else None
        least = self._least(body, self.projection.views[about] if about is not None else None)
        if self._is_silenced:
            raise NotAllowed("speak here any more", who="members whose key has never been in two places at once")
        if self.holdings.rules.right_of(self._me, least) is None:
            raise NotAllowed(_ACTION.get(type(body), "speak here"), who=_WHO.get(least, "members of the room"))
        return self.drafts.add(body, ref)

    def rewrite(self, key: bytes, text: Text) -> Draft:
        """Other words for a draft."""
        check_body(text)
        return self.drafts.replace(key, text)

    def _place_of(self, message: EventId) -> Place:
        view = self.projection.views.get(message)
        if view is None:
            raise BadSetting("this message is not here any more: look at the history again")
        return view.place

    def _least(self, body: Body, message: View | None) -> Level:
        """The level that this takes; raise NotAllowed where no level is enough."""
        is_ours = message is not None and message.author == self.identity.public_key
        if isinstance(body, Edit) and not is_ours:
            raise NotAllowed(_ACTION[Edit], who="its author")
        if isinstance(body, Delete) and not is_ours:
            return Level.MODERATOR
        return _LEAST.get(type(body), Level.MEMBER)

    # ---- sealing

    def seal(self, *, now_ms: int) -> Iterator[tuple[Draft, Said | None]]:
        """All drafts that may be said now, each held and numbered; None for what we may say no more, which is dropped.

        To be asked when somebody is there to hear them.
        """
        for draft in self.drafts:
            if self._is_silenced or self.holdings.rules.right_of(self._me, Level.MEMBER) is None:
                return
            auth = self._right_for(draft)
            if auth is not None and isinstance(draft.body, Text) and not self._is_slot_free(auth, self._next(now_ms)):
                return
            self.drafts.drop(draft.key)
            yield draft, self._write(draft, auth, now_ms=now_ms) if auth is not None else None

    def next_slot_ms(self, *, now_ms: int) -> int | None:
        """When the first of the drafts may be said that slow mode holds back; None where none waits for that."""
        seconds = self.projection.settings.slow_mode_s
        if not len(self.drafts) or not seconds:
            return None
        return self._slot_after(now_ms, seconds)

    def next_turn_ms(self, *, now_ms: int) -> int | None:
        """When slow mode lets us speak again; None: now, as far as slow mode goes."""
        rules, seconds = self.holdings.rules, self.projection.settings.slow_mode_s
        above = rules.right_of(self._me, Level.MODERATOR)
        auth = above if above is not None else rules.right_of(self._me, Level.MEMBER)
        if not seconds or auth is None or self._is_slot_free(auth, self._next(now_ms)):
            return None
        return self._slot_after(now_ms, seconds)

    def _slot_after(self, now_ms: int, seconds: int) -> int:
        dated_ms = max(now_ms, ms_of(self.pen.state.hlc))
        return (dated_ms // (seconds * 1000) + 1) * seconds * 1000

    @property
    def _is_silenced(self) -> bool:
        """Our key contradicted itself so often that nothing it says in any log counts."""
        return self.holdings.logs.is_cut(self.pen.log, self.pen.state.seq + 1)

    def _right_for(self, draft: Draft) -> EventId | None:
        """The lowest that is enough; a moderator's own where slow mode would hold it back else."""
        rules = self.holdings.rules
        message = self.projection.views.get(draft.ref[1]) if draft.ref is not None else None
        is_ours = message is None or message.author == self.identity.public_key
        is_deletion = isinstance(draft.body, Delete)
        least = Level.MODERATOR if is_deletion and not is_ours else _LEAST.get(type(draft.body), Level.MEMBER)
        if kind_of(draft.body) is Kind.TEXT and self.projection.settings.slow_mode_s:
            above = rules.right_of(self._me, Level.MODERATOR)
            return above if above is not None else rules.right_of(self._me, least)
        return rules.right_of(self._me, least)

    def _next(self, now_ms: int) -> Place:
        return max(hlc_at(now_ms), self.pen.state.hlc + 1), HIGHEST[1]

    def _is_slot_free(self, auth: EventId, place: Place) -> bool:
        moderates = self.holdings.rules.right_of(self._me, Level.MODERATOR) == auth
        level = Level.MODERATOR if moderates else Level.MEMBER
        return self.projection.is_slot_free(self.identity.public_key, place, level)

    def _write(self, draft: Draft, auth: EventId, *, now_ms: int) -> Said:
        auth_hlc = self.holdings.rules.hlc_of(auth)
        said = self.pen.write(draft.body, auth=auth, auth_hlc=auth_hlc, ref=draft.ref, now_ms=now_ms)
        self.holdings.put(said)
        self.follow()
        return said
