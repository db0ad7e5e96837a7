"""One member's replica of all that is said in a room: what is held and shown, how far it was read, and our own words.

Takes in events, whole batches at a time, and what we want to say; afterwards `take_changes` is what to keep, in one
transaction, and `take_news` what to tell the user. Knows nothing of links.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Literal

import msgspec

from ..crypto.identity import Identity
from ..errors import MalformedFrame
from ..ids import MemberId, RoomId
from ..log.control import Cut
from ..log.event import MAX_HLC, EventId, LogId, Plane, VerifyAll, hlc_at
from ..log.record import MAX_PREVIEW_CHARS, LogChanges, LogRecord, Shown, Summary
from .door import Door, Intake
from .drafts import Drafts
from .handover import HandOver
from .holdings import Holdings
from .news import Changed, Dropped, Fact, Forked, Sealed, SettingsChanged, StatusRaised, UnreadChanged, Vanished
from .pen import Pen, PenState
from .progress import Progress
from .projection import Projection
from .receipts import Entry
from .rules import Rules
from .said import HIGHEST, Place, Said, decode_said
from .speaker import Speaker
from .view import View, encode_row
from .window import Limits

__all__ = ["Journal"]


class _State(msgspec.Struct, array_like=True, frozen=True):
    """What must be kept together with the events; fields that a later version adds come last, with a default."""

    version: Literal[1] = 1
    pen: PenState = PenState()
    begin_hlc: int = MAX_HLC
    tally: bytes = b""
    life: bytes = b""
    """Of the disk, when this was kept."""
    bare: tuple[Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)], ...] = ()
    """Proofs that were no messages: `Holdings.bare_proofs`."""


_state_decoder = msgspec.msgpack.Decoder(_State)
_NOTHING = LogChanges()


class Journal:
    """Of one member in one room. `now_ms` is the time of day, UTC."""

    def __init__(  # noqa: PLR0913 - all that a replica is made of, by name
        self,
        room_id: RoomId,
        *,
        identity: Identity,
        rules: Rules,
        random_bytes: Callable[[int], bytes],
        now_ms: int,
        limits: Limits | None = None,
        max_drafts: int = 256,
        verify_all: VerifyAll | None = None,
        record: LogRecord | None = None,
    ) -> None:
        """Raise MalformedFrame for a record that is not ours; one of another life of the disk begins another log."""
        record = record or LogRecord()
        state = _decode_state(record.state)
        self.holdings = Holdings(rules, limits or Limits())
        self.projection = Projection(self.holdings)
        self.progress = Progress(self.holdings, me=identity.public_key, rows=record.registers)
        self.handover = HandOver(me=identity.public_key, rows=record.registers)
        self.drafts = Drafts(limit=max_drafts, rows=record.drafts)
        self.pen = Pen(identity, room_id, random_bytes, state.pen)
        self.speaker = Speaker(identity, self.holdings, self.projection, self.pen, self.drafts, self._follow)
        self._door = Door(self.holdings, room_id=room_id, verify_all=verify_all)
        self._identity = identity
        self._room_id = room_id
        self._begin_hlc = state.begin_hlc
        self._life = record.life
        self._changes = _NOTHING
        self._kept_state = record.state
        self._encoded_state: tuple[object, bytes] = None, b""
        self._drawn_summary: tuple[object, Summary | None] = None, None
        self._kept_summary: Summary | None = None
        self._told_unread = 0
        self._news: list[Fact] = []
        self._restore(record, state, now_ms=now_ms)
        if state.life != record.life:
            self.pen.begin_log()

    @property
    def me(self) -> MemberId:
        return self._identity.member_id

    # ---- what was kept

    def _restore(self, record: LogRecord, state: _State, *, now_ms: int) -> None:
        """Afterwards what is to be kept is what was kept, but for what no more holds."""
        self._begin(now_ms=now_ms)
        self._door.restore(record.events)
        self.holdings.let_go_of_proofs(map(EventId, state.bare))
        self._follow()
        owed = self.handover.restore(self.projection.views.values(), since_hlc=self._begin_hlc)
        self._changes, self._news = _NOTHING, [Changed(view, None, is_late=True) for view in owed]
        self._told_unread = len(self.progress.unread)
        proofs = (proof for fork in self.holdings.logs.forks.values() for proof in fork.proof)
        wanted = {said.id: said.encoded for said in (*proofs, *self.holdings.logs.held.values())}
        kept = {said.id: said for data in record.events if (said := self._maybe_said(data)) is not None}
        same = state.tally == self._tally
        stale: dict[EventId, Shown | None] = dict.fromkeys(kept)
        shown = {} if same else stale | _rows(self.projection.views)
        self._changes = LogChanges(
            events={event: data for event, data in wanted.items() if event not in kept or kept[event].encoded != data},
            purged=kept.keys() - wanted.keys(),
            shown=shown,
        )
        self._kept_summary = self._summary() if same and record.events else None

    def _maybe_said(self, data: bytes) -> Said | None:
        try:
            return decode_said(data, room_id=self._room_id)
        except MalformedFrame:
            return None

    def _begin(self, *, now_ms: int) -> None:
        """What was said before we came is not unread."""
        since = self.holdings.rules.since(self.me)
        if since is None:
            since = self._begin_hlc if self._begin_hlc < MAX_HLC else hlc_at(now_ms)
        self._begin_hlc = min(self._begin_hlc, since)
        if self.progress.begin_hlc != self._begin_hlc:
            self.progress.begin_hlc = self._begin_hlc
            self.progress.look(self.projection.views)

    # ---- what comes in

    def receive(self, encoded: Iterable[bytes], *, now_ms: int) -> Intake:
        """Take in events that somebody told us."""
        intake = self._door.receive(encoded, now_ms=now_ms)
        self._mind_our_log(intake)
        self.progress.advance({said.log for said in intake.accepted})
        self._news += [Forked(fork.log.author) for fork in intake.forks]
        self._settle()
        return intake

    def _mind_our_log(self, intake: Intake) -> None:
        """Somebody holds more of it than we remember, or a contradiction in it: our disk was set back."""
        ahead = any(said.log == self.pen.log and said.seq > self.pen.state.seq for said in intake.accepted)
        if ahead or any(fork.log == self.pen.log for fork in intake.forks):
            self.pen.begin_log()

    def weigh_again(self, rules: Rules, *, now_ms: int) -> None:
        """The control log has changed."""
        self.holdings.weigh_again(rules)
        others = rules.others(self.me)
        if others is not None:
            self.progress.forget(others)
        self._begin(now_ms=now_ms)
        self._settle()

    def review(self, others: Iterable[MemberId]) -> None:
        """How far these have got, who are all others."""
        self._news += [StatusRaised(event, status) for event, status in self.progress.review(list(others))]

    # ---- what we say

    def seal(self, *, now_ms: int) -> list[Said]:
        """All drafts that may be said now become events."""
        sealed: list[Said] = []
        for draft, said in self.speaker.seal(now_ms=now_ms):
            self._news.append(Sealed(draft.key, said.id) if said is not None else Dropped(draft.key))
            sealed += [said] if said is not None else []
        self._settle()
        return sealed

    def mark_read(self, place: Place = HIGHEST) -> None:
        """All that is shown at or below this place was seen."""
        self.progress.mark_read(place)

    # ---- what others need

    def cuts_of(self, member: bytes) -> tuple[Cut, ...]:
        """How far the message logs of this key are held and count: the cuts of its removal, the latest log last."""
        last: dict[LogId, Said] = {}
        for said in self.holdings.logs.of_author(member):
            if self.holdings.counts(said.id):
                last[said.log] = said
        ends = sorted(last.values(), key=lambda said: said.place)
        return tuple(Cut(said.log.incarnation, Plane.MESSAGE, said.seq) for said in ends)

    def entries_for(self, member: bytes) -> tuple[Entry, ...]:
        """How far we have got in the logs of this key."""
        return self.progress.told_to(member)

    # ---- what follows

    def _settle(self) -> None:
        self._follow()
        self.holdings.settle(self._is_spared)
        self._follow()

    def _is_spared(self, said: Said) -> bool:
        """Nobody has read it here, or nobody else is known to have it."""
        if said.author == self._identity.public_key:
            return not self.progress.is_confirmed(said.log, said.seq)
        return said.id in self.progress.unread

    def _follow(self) -> None:
        if not self.holdings.is_stirred:
            return
        stir = self.holdings.take_stir()
        turn = self.projection.follow(stir)
        self.progress.look(turn.shown)
        for event, view in sorted(turn.shown.items(), key=_order):
            self._note_shown(event, view, turn.before[event])
        if turn.has_settings:
            self._news.append(SettingsChanged(self.projection.settings))
        if stir.events or stir.purged or turn.shown:
            later = LogChanges(events=stir.events, purged=frozenset(stir.purged), shown=_rows(turn.shown))
            self._changes = self._changes.then(later)

    def _note_shown(self, event: EventId, view: View | None, before: View | None) -> None:
        if view is None:
            self.handover.vanish(event)
        elif before is None:
            self.handover.appear(view, since_hlc=self._begin_hlc)
        self._news.append(Vanished(event) if view is None else Changed(view, before))

    def take_news(self) -> list[Fact]:
        """For the user, since it was last asked."""
        if self._told_unread != len(self.progress.unread):
            self._told_unread = len(self.progress.unread)
            self._news.append(UnreadChanged(self._told_unread))
        taken, self._news = self._news, []
        return taken

    def take_changes(self) -> LogChanges:
        """To be kept, in one transaction; false where there is nothing."""
        state, summary = self._state(), self._summary()
        drafts, registers = self.drafts.take_stir(), self.progress.take_stir() | self.handover.take_stir()
        taken, self._changes = self._changes, _NOTHING
        if drafts or registers or state != self._kept_state or summary != self._kept_summary:
            taken = taken.then(
                LogChanges(
                    drafts=drafts,
                    registers=registers,
                    state=state if state != self._kept_state else None,
                    summary=summary if summary != self._kept_summary else None,
                )
            )
        self._kept_state, self._kept_summary = state, summary
        return taken

    def _state(self) -> bytes:
        """Encoded anew only where it changed: this is asked after each input."""
        bare = self.holdings.bare_proofs if self.holdings.logs.forks else ()
        parts = self.pen.state, self._begin_hlc, self.holdings.tally, self._life, bare
        if self._encoded_state[0] != parts:
            state = _State(1, self.pen.state, self._begin_hlc, self._tally, self._life, bare)
            self._encoded_state = parts, msgspec.msgpack.encode(state)
        return self._encoded_state[1]

    @property
    def _tally(self) -> bytes:
        return self.holdings.tally.to_bytes(32, "big")

    def _summary(self) -> Summary:
        """Likewise."""
        parts = self.projection.last, len(self.progress.unread), self.projection.settings.title
        if self._drawn_summary[0] != parts:
            self._drawn_summary = parts, _summary_of(*parts)
        assert self._drawn_summary[1] is not None
        return self._drawn_summary[1]


def _summary_of(last: View | None, unread: int, title: str) -> Summary:
    if last is None:
        return Summary(title=title, unread=unread)
    text = last.text[:MAX_PREVIEW_CHARS]
    return Summary(title=title, unread=unread, hlc=last.hlc, author=last.author, text=text)


def _order(shown: tuple[EventId, View | None]) -> Place:
    """As people are to hear of it: first what vanished, then in the order of the room."""
    event, view = shown
    return view.place if view is not None else (-1, event)


def _rows(views: Mapping[EventId, View | None]) -> dict[EventId, Shown | None]:
    return {event: encode_row(view) if view is not None else None for event, view in views.items()}


def _decode_state(encoded: bytes) -> _State:
    try:
        return _state_decoder.decode(encoded) if encoded else _State()
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise MalformedFrame(f"not the state of a log: {error}") from error
