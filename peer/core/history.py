"""The message plane of one room: all that is said there, kept, compared with others and shown (DESIGN, section 5).

One machine: frames, intents and the time go in; `outputs()` says what to keep, whom to tell what, and what is new. The
log is the outbox: what we say goes to all who are linked, and whoever comes later, or missed it, finds it by comparing.
Whatever was taken in or written is in a `Save` that comes first. Members only are told anything, by what is known of
the control log: its news come in by `rules_changed`, and are to be told to a member before our messages are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import assert_never

from ..config import Config
from ..crypto.identity import member_id_of, public_key_of
from ..errors import MalformedFrame, UnexpectedFrame
from ..ids import MemberId
from ..log.control import Cut
from ..log.event import EventId, hlc_at
from ..messages.bodies import Body, Text
from ..messages.door import Intake
from ..messages.journal import Journal
from ..messages.news import Fact
from ..messages.receipts import Entry, Mark, Status, decode_entries, encode_entries
from ..messages.rules import Rules
from ..messages.said import HIGHEST, Place
from ..messages.view import View
from ..wire.message_frames import MessageDigest, MessageEvents, MessageFrame, MessageMore, MessageSummary, Receipts
from .history_link import HistoryLink
from .history_outputs import AskControl, HistoryOutput, Save, Tell
from .late import Late
from .machine import earliest
from .message_exchange import MessageExchange, pack_events
from .pace import Pace
from .rounds import Rounds

__all__ = ["History"]

_PATIENCE_S = 5.0
"""Longest that old messages wait for those before them."""
_TOLD_OF_NEWS = 2
"""Members to whom what came from another one is announced."""


@dataclass(slots=True)
class History:
    """Of one room. `now` is monotonic seconds, `wall_ms` the time of day, `draw(n)` a number from 0 to n - 1."""

    journal: Journal
    config: Config
    wall_ms: Callable[[], int]
    draw: Callable[[int], int]
    _links: dict[MemberId, HistoryLink] = field(default_factory=dict, init=False)
    _told: list[HistoryOutput] = field(default_factory=list, init=False)
    _news: list[Fact] = field(default_factory=list, init=False)
    _late: Late = field(default_factory=Late, init=False)
    _late_until: float | None = field(default=None, init=False)
    """No answer is awaited longer than this."""
    _rounds: Rounds = field(init=False)
    _announce_at: float | None = field(default=None, init=False)
    _sources: set[MemberId] = field(default_factory=set, init=False)
    """Who need not be told of what is announced next."""
    _receipts_at: float | None = field(default=None, init=False)
    _slot_at: float | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._rounds = Rounds(every_s=self.config.compare_every_s, draw=self.draw)
        self._news = self.journal.take_news()  # what was told to nobody in an earlier run waits for no answer

    # ---- the four verbs

    def receive(self, member: MemberId, frame: MessageFrame, *, now: float) -> None:
        """A frame of a member that is linked; raise MalformedFrame, UnexpectedFrame: end that link without a word.

        What was taken in before is kept nevertheless.
        """
        link = self._links.get(member)
        if link is None:
            return
        if not link.frames.spend(link.cost_of(frame), now=now):
            raise UnexpectedFrame("more questions about messages than anybody needs")
        if not self._rules.is_member(member):
            return
        match frame:
            case MessageDigest():
                self._tell(member, *link.exchange.receive_digest(frame, now=now))
                self._note_level(link, now=now)
            case MessageSummary():
                self._tell(member, *link.exchange.receive_summary(frame, now=now))
            case MessageMore():
                self._tell(member, *link.exchange.receive_more())
            case MessageEvents():
                self._take_in(link, frame, now=now)
            case Receipts():
                self._hear(member, frame)
            case _:  # pragma: no cover - the type checker proves that none is left
                assert_never(frame)

    def outputs(self) -> list[HistoryOutput]:
        """What must happen now, in this order."""
        changes, told = self.journal.take_changes(), self._told
        news = [*self._news, *self._late.sift(self.journal.take_news())]
        self._told, self._news = [], []
        return [*([Save(changes)] if changes else []), *told, *news]

    def next_deadline(self) -> float | None:
        again = (link.exchange.next_at for link in self._links.values())
        due = self._announce_at, self._receipts_at, self._slot_at, self._late_until
        return earliest(self._rounds.next_at, *due, *again)

    def handle_timeout(self, *, now: float) -> None:
        """Announce, compare, tell receipts, say what slow mode held back."""
        if self._announce_at is not None and now >= self._announce_at:
            self._announce()
        for link in [each for each in self._links.values() if each.exchange.is_due(now=now)]:
            self._compare(link)
        present = sorted(self._links)
        chosen = self._rounds.take(present, now=now)
        if chosen is not None:
            self._compare(self._links[chosen])
        if self._receipts_at is not None and now >= self._receipts_at:
            self._tell_receipts()
        if self._late_until is not None and now >= self._late_until:
            self._show_late()
        if self._slot_at is not None and now >= self._slot_at:
            self._slot_at = None
            self._speak(now=now)

    # ---- who is there, and what the control log says

    def link_up(self, member: MemberId, *, now: float) -> None:
        """A member is linked and knows our control log: it is told what we have to say, and compares."""
        linked_hlc, me = hlc_at(self.wall_ms()), self.journal.me

        def since() -> int:
            horizons = (self._rules.horizon_of(each, linked_hlc=linked_hlc) for each in (me, member))
            return max(horizons)

        config = self.config
        self._links[member] = HistoryLink(
            member,
            MessageExchange(self.journal.holdings, since, window=config.answer_window),
            Pace(burst=config.receive_burst, per_s=config.receive_per_s, now=now),
            Pace(burst=2 * self.journal.holdings.limits.most_kept, per_s=config.receive_per_s, now=now),
            Pace(burst=config.message_frames_burst, per_s=config.message_frames_per_s, now=now),
            linked_hlc,
        )
        self._rounds.begin(now=now)
        if self._rules.is_member(member):
            self._speak(now=now)
            self._compare(self._links[member])
            self._tell_all_receipts(member)

    def link_down(self, member: MemberId) -> None:
        """The last link to a member ended."""
        self._links.pop(member, None)
        if not self._links:
            self._show_late()

    def rules_changed(self, rules: Rules, *, now: float) -> None:
        """The control log has changed: what is void is weighed again, and who was ahead of us is asked again."""
        self.journal.weigh_again(rules, now_ms=self.wall_ms())
        self._speak(now=now)
        for link in self._links.values():
            if link.is_behind and rules.is_member(link.member):
                link.is_behind = False
                self._compare(link)
        self._plan_announcement(now=now)
        self.journal.review(self._others())
        self._plan_receipts(now=now)

    @property
    def _rules(self) -> Rules:
        return self.journal.holdings.rules

    def _heard(self) -> list[MemberId]:
        """Who is linked and may hear what is said."""
        return [member for member in sorted(self._links) if self._rules.is_member(member)]

    def _others(self) -> list[MemberId]:
        others = self._rules.others(self.journal.me)
        return sorted(others) if others is not None else self._heard()

    # ---- what we say

    def say(self, body: Body, about: EventId | None = None, *, now: float) -> bytes:
        """Say something, of a message or of nothing; the key of its draft, which `Sealed` names.

        Raises NotAllowed, BadSetting, MessageTooLarge, OutboxFull.
        """
        draft = self.journal.speaker.compose(body, about)
        self._speak(now=now)
        return draft.key

    def rewrite_draft(self, key: bytes, text: Text) -> bool:
        """Other words for what was not said yet; False if it was."""
        if key not in self.journal.drafts:
            return False
        self.journal.speaker.rewrite(key, text)
        return True

    def drop_draft(self, key: bytes) -> bool:
        """Take back what was not said yet; False if it was."""
        if key not in self.journal.drafts:
            return False
        self.journal.drafts.drop(key)
        return True

    def _speak(self, *, now: float) -> None:
        """Seal and tell what may be said, if anybody is there."""
        heard, now_ms = self._heard(), self.wall_ms()
        if not heard:
            return
        sealed = self.journal.seal(now_ms=now_ms)
        for batch in pack_events([said.encoded for said in sealed]):
            for member in heard:
                self._tell(member, MessageEvents(batch, False))
        slot_ms = self.journal.speaker.next_slot_ms(now_ms=now_ms)
        self._slot_at = now + (slot_ms - now_ms) / 1000 if slot_ms is not None else None

    def mark_read(self, place: Place = HIGHEST, *, now: float) -> None:
        """All that is shown at or below this place was seen."""
        self.journal.mark_read(place)
        self._plan_receipts(now=now)

    # ---- what others say

    def _take_in(self, link: HistoryLink, frame: MessageEvents, *, now: float) -> None:
        is_asked = link.exchange.is_asking(now=now)
        paces = [link.answers] if is_asked else [link.answers, link.events]
        if not all(pace.spend(len(frame.events), now=now) for pace in paces):
            link.is_behind = True
            link.exchange.wonder(now=now)
            return
        self._news += self._late.sift(self.journal.take_news())
        intake = self.journal.receive(frame.events, now_ms=self.wall_ms())
        facts = self.journal.take_news()
        marked = [link.marked(fact) if is_asked else fact for fact in facts]
        self._news += self._late.sift(marked, self._has_gap if self._is_behind(now=now) else lambda _: False)
        self._note_intake(link, intake, now=now)
        if intake.is_hostile:
            raise MalformedFrame("a message event that is not what it says")
        told = link.exchange.receive_events(
            is_last=frame.is_last, is_news=intake.is_news, has_left_over=intake.has_left_over, now=now
        )
        self._tell(link.member, *told)
        if is_asked and frame.is_last:
            self._note_level(link, now=now)
        self._wait_for_answers(now=now)

    def _wait_for_answers(self, *, now: float) -> None:
        """What is late is shown in order when all of it is there."""
        if not self._is_behind(now=now):
            self._show_late()
        elif self._late and self._late_until is None:
            self._late_until = now + _PATIENCE_S

    def _is_behind(self, *, now: float) -> bool:
        """What somebody holds whom we are linked to may be on its way."""
        exchanges = [link.exchange for link in self._links.values()]
        return any(exchange.is_asking(now=now) or not exchange.is_settled for exchange in exchanges)

    def _has_gap(self, view: View) -> bool:
        return view.seq > 1 and self.journal.holdings.logs.at(view.log, view.seq - 1) is None

    def _show_late(self) -> None:
        self._late_until = None
        self._news += self._late.release()

    def _note_intake(self, link: HistoryLink, intake: Intake, *, now: float) -> None:
        link.is_behind |= intake.has_left_over
        if intake.is_behind:
            self._told.append(AskControl(link.member))
        if intake.is_news:
            self._sources.add(link.member)
            self._sources.update(member_id_of(said.author) for said in intake.accepted)
            self._plan_announcement(now=now)
        self._plan_receipts(now=now)

    def _plan_announcement(self, *, now: float) -> None:
        if self._announce_at is None:
            self._announce_at = now + self.config.announce_after_s

    def _announce(self) -> None:
        """A missing link between two others is made good by whoever hears both."""
        self._announce_at = None
        others = [member for member in self._heard() if member not in self._sources]
        self._sources.clear()
        for _ in range(min(_TOLD_OF_NEWS, len(others))):
            self._compare(self._links[others.pop(self.draw(len(others)))])

    def _compare(self, link: HistoryLink) -> None:
        if self._rules.is_member(link.member):
            self._tell(link.member, *link.exchange.begin())

    def _note_level(self, link: HistoryLink, *, now: float) -> None:
        if link.exchange.is_equal:
            link.level = self.journal.pen.log, self.journal.pen.state.seq
            progress = self.journal.progress
            progress.catch_up(public_key_of(link.member))
            if self._has_receipts:
                self._tell_register(link.member, progress.take_due_to(public_key_of(link.member)))
            self._plan_receipts(now=now)

    # ---- receipts

    def _hear(self, member: MemberId, frame: Receipts) -> None:
        entries = decode_entries(frame.register)
        if self._has_receipts and self.journal.progress.hear(member, entries):
            self.journal.review(self._others())

    @property
    def _has_receipts(self) -> bool:
        return len(self._others()) < self.config.max_receipt_members

    def _plan_receipts(self, *, now: float) -> None:
        if self._receipts_at is None and self.journal.progress.is_due and self._links:
            self._receipts_at = now + self.config.receipts_after_s

    def _tell_receipts(self) -> None:
        self._receipts_at = None
        for author, entries in self.journal.progress.take_due().items():
            if (member := member_id_of(author)) in self._links:
                self._tell_register(member, entries)

    def _tell_all_receipts(self, member: MemberId) -> None:
        self._tell_register(member, self.journal.entries_for(public_key_of(member)))

    def _tell_register(self, member: MemberId, entries: Iterable[Entry]) -> None:
        if self._has_receipts and (told := tuple(entries)):
            self._tell(member, Receipts(encode_entries(told)))

    @property
    def is_owing(self) -> bool:
        """Whether somebody who is linked has yet to confirm something that we said."""
        return any(True for _ in self._unconfirmed())

    def hurry(self) -> None:
        """We are about to leave: whoever has not confirmed all that we said is to do so at once."""
        for link in list(self._unconfirmed()):
            self._compare(link)

    def _unconfirmed(self) -> Iterator[HistoryLink]:
        """By receipts, or, as in rooms that are too large for them, by what was last compared."""
        pen, progress = self.journal.pen, self.journal.progress
        for link in self._links.values() if pen.state.seq else ():
            has_all = link.level == (pen.log, pen.state.seq)
            is_behind = progress.of_member(link.member, pen.log).delivered < pen.state.seq
            if is_behind and not has_all and self._rules.is_member(link.member):
                yield link

    # ---- telling

    def _tell(self, member: MemberId, *frames: MessageFrame) -> None:
        self._told += [Tell(member, frame) for frame in frames]

    # ---- questions

    def page(self, before: Place | None = None, *, limit: int = 50) -> list[View]:
        """The newest messages that are older than this place, newest first."""
        return self.journal.projection.before(before, limit)

    def status_of(self, message: EventId) -> Status:
        """How far one of ours has got that is no draft any more."""
        view = self.journal.projection.views[message]
        return self.journal.progress.status_of(view.log, view.seq)

    def reach_of(self, message: EventId, member: MemberId) -> Mark:
        """Up to where this member holds, and has read, the log of one of our messages."""
        return self.journal.progress.of_member(member, self.journal.projection.views[message].log)

    def cuts_of(self, member: MemberId) -> tuple[Cut, ...]:
        """For `acts.kick`, `acts.set_level`, `acts.leave`: what this member said that shall stand."""
        return self.journal.cuts_of(public_key_of(member))
