"""What is said in a room, as its user sees it: what the history knows as ids and keys becomes messages and members.

Intents go in and become events of the log; its facts come out as events for the bot. A draft has an id of its own,
which goes on to name the message after it was sent. What the history asks for, `take_orders` passes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from ..crypto.identity import member_id_of, public_key_of
from ..errors import BadSetting, MessageTooLarge
from ..events import (
    AuthorForked,
    Event,
    Message,
    MessageDeleted,
    MessageEdited,
    MessagePinned,
    MessageStatus,
    MessageVanished,
    Reaction,
    ReactionChanged,
    SlowModeChanged,
    StatusChanged,
    TitleChanged,
    UnreadChanged,
)
from ..ids import MemberId, MessageId, Topic
from ..log.event import EventId, hlc_at, ms_of
from ..log.record import LogChanges
from ..message import Arrival, MessageActions, Notice
from ..messages import news
from ..messages.bodies import Body, Delete, Edit, Kind, Pin, SlowMode, Text, Title, kind_of
from ..messages.bodies import Reaction as Reacting
from ..messages.drafts import Draft
from ..messages.said import HIGHEST, Place
from ..messages.view import Settings, View
from ..wire.frames import MAX_NAME_CHARS
from .company import Company
from .history import History
from .history_outputs import AskControl, Save, Tell
from .names import clean_name
from .notices import notice_of

__all__ = ["MUTED_ROW", "Messages", "Order"]

Order = Save | Tell | AskControl

_STATUSES: tuple[MessageStatus, ...] = ("draft", "sent", "delivered", "read")
MUTED_ROW = b"m"
"""Among the registers of a room: there is one where it is muted."""
_MAX_ALIASES = 4096
"""Drafts whose first id still names them after they were sent; of more, the oldest go."""


@dataclass(slots=True)
class Messages:
    """Of one room. `take_orders` and `take_events` after each call."""

    history: History
    company: Company
    room: Topic
    max_text_bytes: int
    wall_ms: Callable[[], int]
    is_direct: Callable[[], bool] = lambda: False
    """Whether the room is one of two."""
    is_muted: bool = False
    introduced: Callable[[], str] = lambda: ""
    """What members call the room while no event has named it."""
    actions: MessageActions | None = None
    """The room, for `Message.reply` and its like."""
    _events: list[Event] = field(default_factory=list)
    _orders: list[Order] = field(default_factory=list)
    _aliases: dict[bytes, EventId] = field(default_factory=dict)
    """What became of drafts, by their keys."""
    _wordless: set[EventId] = field(default_factory=set)
    """Messages that nobody was told of yet, since their words are still to come."""
    _settings: Settings = field(init=False)

    def __post_init__(self) -> None:
        self._settings = self.history.journal.projection.settings

    @property
    def title(self) -> str:
        """What the room was last called, by an event or else by its members; empty while nobody has told us."""
        return clean_name(self._settings.title, max_chars=MAX_NAME_CHARS) or self.introduced()

    @property
    def slow_mode_s(self) -> int:
        return self._settings.slow_mode_s

    @property
    def may_speak_at(self) -> datetime | None:
        """When slow mode lets us speak again, UTC; None: now."""
        turn_ms = self.history.journal.speaker.next_turn_ms(now_ms=self.wall_ms())
        return datetime.fromtimestamp(turn_ms / 1000, UTC) if turn_ms is not None else None

    @property
    def unread(self) -> int:
        """Messages of others that were not read."""
        return len(self.history.journal.progress.unread)

    # ---- what we say; each raises NotAllowed, BadSetting, MessageTooLarge, OutboxFull

    def send(
        self,
        text: str,
        *,
        emote_ids: Iterable[str] = (),
        custom_emoji_ids: Iterable[str] = (),
        reply_to: MessageId | None = None,
        now: float,
    ) -> Message:
        """Say it to all who are linked, and keep it for everybody else."""
        self._check_text(text)
        about = self._sent(reply_to) if reply_to is not None else None
        body = Text(text, tuple(emote_ids), tuple(custom_emoji_ids))
        key = self.history.say(body, about, now=now)
        self.follow()
        if key in self._aliases:
            self._events = [each for each in self._events if not _tells_of(each, key)]
            return self._message(self._view(self._aliases[key]))
        return self._draft(Draft(key, body, (0, about) if about is not None else None))

    def edit(self, message: MessageId, text: str, *, now: float) -> None:
        """Other words, of one of ours."""
        self._check_text(text)
        raw = _raw(message)
        if not self.history.rewrite_draft(raw, Text(text)):
            self._say(Edit(text), message, now=now)

    def delete(self, message: MessageId, *, now: float) -> None:
        """Take it back for ever."""
        if not self.history.drop_draft(_raw(message)):
            self._say(Delete(), message, now=now)

    def react(self, message: MessageId, emoji: str, *, is_custom: bool, is_on: bool, now: float) -> None:
        """Put an emoji at it, or take ours away."""
        self._say(Reacting(emoji, is_custom, is_on), message, now=now)

    def pin(self, message: MessageId, *, is_on: bool, now: float) -> None:
        """Keep it beyond the newest, or no longer."""
        self._say(Pin(is_on), message, now=now)

    def set_title(self, title: str, *, now: float) -> None:
        """What the room is called from now on."""
        self._say(Title(title), now=now)

    def set_slow_mode(self, seconds: int, *, now: float) -> None:
        """How often plain members may speak."""
        self._say(SlowMode(seconds), now=now)

    def mark_read(self, upto: MessageId | None = None, *, now: float) -> None:
        """All that is shown up to this message, or all, was seen."""
        place = HIGHEST if upto is None else self._view(self._sent(upto)).place
        self.history.mark_read(place, now=now)
        self.follow()

    def mute(self, is_muted: bool) -> None:
        """Whether nobody is to be told of what is said here; kept with the room."""
        if is_muted != self.is_muted:
            self.is_muted = is_muted
            self._orders.append(Save(LogChanges(registers={MUTED_ROW: b"\1" if is_muted else None})))

    def finish(self, message: MessageId) -> None:
        """Whoever was told of this message is done with it: after a restart it is not told again."""
        self.history.journal.handover.finish(EventId(_raw(message)))

    def _say(self, body: Body, about: MessageId | None = None, *, now: float) -> None:
        self.history.say(body, self._sent(about) if about is not None else None, now=now)
        self.follow()

    def _sent(self, message: MessageId) -> EventId:
        """What everybody calls it."""
        raw = _raw(message)
        if raw in self.history.journal.drafts:
            raise BadSetting("this message waits for somebody to come: until then nothing refers to it")
        return self._aliases.get(raw, EventId(raw))

    def _check_text(self, text: str) -> None:
        try:
            actual_bytes = len(text.encode())
        except UnicodeEncodeError as error:
            raise BadSetting("the text holds half a character (a lone surrogate): decode it properly first") from error
        if actual_bytes > self.max_text_bytes:
            raise MessageTooLarge(actual_bytes=actual_bytes, limit_bytes=self.max_text_bytes)

    # ---- what is shown

    def page(self, before: Place | None = None, *, limit: int) -> list[Message]:
        """Newest first."""
        return [self._message(view) for view in self.history.page(before, limit=limit)]

    def drafts(self) -> list[Message]:
        """What waits for somebody to come, newest first."""
        drafts = [each for each in self.history.journal.drafts if kind_of(each.body) is Kind.TEXT]
        return [self._draft(each) for each in reversed(drafts)]

    def place_of(self, message: MessageId) -> Place:
        """For the page before it; raise BadSetting for a message that is not here."""
        return self._view(self._sent(message)).place

    def name_of(self, member: MemberId) -> str:
        """What somebody who said something here is called."""
        return self.company.anyone(member).name

    def as_message(self, view: View) -> Message:
        """A row of the store, which need not be shown any more."""
        return self._message(view)

    def _view(self, message: EventId) -> View:
        view = self.history.journal.projection.views.get(message)
        if view is None:
            raise BadSetting("this message is not here any more: look at the history again")
        return view

    def _message(self, view: View, arrival: Arrival = "live") -> Message:
        return Message(
            id=_hex(view.id),
            room=self.room,
            sender=self.company.anyone(member_id_of(view.author)),
            text=view.text,
            sent_at=_when(view.hlc),
            status=self._status_of(view),
            emote_ids=view.emote_ids,
            custom_emoji_ids=view.emoji_ids,
            reply_to=_hex(view.answers) if view.answers else None,
            edited_at=_when(view.edited_hlc) if view.edited_hlc else None,
            is_deleted=view.is_deleted,
            is_pinned=view.is_pinned,
            reactions=tuple(
                Reaction(each.emoji, tuple(map(member_id_of, each.members)), each.is_custom) for each in view.given
            ),
            arrival=arrival,
            actions=self.actions,
        )

    def _draft(self, draft: Draft) -> Message:
        body = draft.body
        assert isinstance(body, Text), "a draft of something else"
        return Message(
            id=_hex(draft.key),
            room=self.room,
            sender=self.company.me,
            text=body.text,
            sent_at=_when(hlc_at(self.wall_ms())),
            status="draft",
            emote_ids=body.emote_ids,
            custom_emoji_ids=body.emoji_ids,
            reply_to=_hex(draft.ref[1]) if draft.ref is not None else None,
            actions=self.actions,
        )

    def _status_of(self, view: View) -> MessageStatus:
        is_ours = view.author == public_key_of(self.company.me.id)
        return _STATUSES[self.history.journal.progress.status_of(view.log, view.seq)] if is_ours else "sent"

    # ---- what the history has to say

    def take_orders(self) -> list[Order]:
        """What it asks for, in this order."""
        taken, self._orders = self._orders, []
        return taken

    def take_events(self) -> list[Event]:
        taken, self._events = self._events, []
        return taken

    def follow(self) -> None:
        """After each input of the history."""
        for output in self.history.outputs():
            if isinstance(output, Save | Tell | AskControl):
                self._orders.append(output)
            else:
                self._events += self._tell(output)

    def _tell(self, fact: news.Fact) -> Iterator[Event]:
        match fact:
            case news.Changed(view=view, before=None, is_late=is_late):
                yield from self._appear(view, is_late=is_late)
            case news.Changed(view=view, before=before) if before is not None:
                yield from self._change(before, view)
            case news.Vanished(id=event):
                if event not in self._wordless:
                    yield MessageVanished(_hex(event))
                self._wordless.discard(event)
            case news.Sealed(key=key, id=event):
                yield from self._seal(key, event)
            case news.Dropped(key=key):
                yield StatusChanged(_hex(key), "failed")
            case news.StatusRaised(id=event, status=status):
                if event in self.history.journal.projection.views:
                    yield StatusChanged(_hex(event), _STATUSES[status])
            case _:
                yield from self._tell_of_all(fact)

    def _tell_of_all(self, fact: news.Fact) -> Iterator[Event]:
        """What concerns no single message."""
        match fact:
            case news.Forked(author=author):
                yield AuthorForked(self.company.anyone(member_id_of(author)))
            case news.UnreadChanged(count=count):
                yield UnreadChanged(count)
            case news.SettingsChanged(settings=settings):
                yield from self._set(settings)
            case _:  # pragma: no cover - the others are of single messages
                raise AssertionError(fact)

    def _appear(self, view: View, *, is_late: bool) -> Iterator[Event]:
        """What we say is no news, unless another process of ours did, or it comes back to us who have lost it."""
        self.company.stop_typing(member_id_of(view.author))
        if view.is_deleted and self._lacks_words(view.id):
            self._wordless.add(view.id)
        elif view.log != self.history.journal.pen.log:
            before_us = view.hlc < self.history.journal.progress.begin_hlc
            message = self._message(view, "history" if before_us else "missed" if is_late else "live")
            yield replace(message, notice=self._notice_of(message, view))

    def _notice_of(self, message: Message, view: View) -> Notice | None:
        if view.id not in self.history.journal.progress.unread:
            return None
        answered = self.history.journal.projection.views.get(view.answers) if view.answers is not None else None
        return notice_of(
            message,
            our_name=self.company.me.name,
            answers_us=answered is not None and answered.author == public_key_of(self.company.me.id),
            is_direct=self.is_direct(),
            is_muted=self.is_muted,
        )

    def _lacks_words(self, message: EventId) -> bool:
        """Somebody passed it on without them, though nobody has taken it back."""
        said = self.history.journal.holdings.get(message)
        return said is not None and self.history.journal.holdings.lacks_words(said)

    def _change(self, before: View, view: View) -> Iterator[Event]:
        if view.id in self._wordless:
            if not view.is_deleted:
                self._wordless.discard(view.id)
                yield from self._appear(view, is_late=True)
            return
        message = self._message(view)
        if view.is_deleted and not before.is_deleted:
            yield MessageDeleted(message)
            return
        if (view.text, view.edited_hlc) != (before.text, before.edited_hlc):
            yield MessageEdited(message)
        if view.is_pinned != before.is_pinned:
            yield MessagePinned(message)
        old, new = _reactions(before), _reactions(view)
        for each in [*(old.keys() - new.keys()), *(each for each in new if each not in old)]:
            emoji, is_custom, member = each
            yield ReactionChanged(message, self.company.anyone(member), emoji, each in new, is_custom)

    def _seal(self, key: bytes, event: EventId) -> Iterator[Event]:
        if event in self.history.journal.projection.views:
            self._aliases[key] = event
            if len(self._aliases) > _MAX_ALIASES:
                del self._aliases[next(iter(self._aliases))]
            yield StatusChanged(_hex(event), "sent", _hex(key))

    def _set(self, settings: Settings) -> Iterator[Event]:
        before, called, self._settings = self._settings, self.title, settings
        if self.title != called:
            yield TitleChanged(self.title)
        if settings.slow_mode_s != before.slow_mode_s:
            yield SlowModeChanged(settings.slow_mode_s)


def _tells_of(event: Event, key: bytes) -> bool:
    return isinstance(event, StatusChanged) and event.draft_id == _hex(key)


def _reactions(view: View) -> dict[tuple[str, bool, MemberId], None]:
    given = ((each.emoji, each.is_custom, member_id_of(key)) for each in view.given for key in each.members)
    return dict.fromkeys(given)


def _hex(name: bytes) -> MessageId:
    return MessageId(name.hex())


def _raw(message: MessageId) -> bytes:
    try:
        return bytes.fromhex(message)
    except ValueError as error:
        raise BadSetting("this is no message's id: take it from a message's `id`") from error


def _when(hlc: int) -> datetime:
    return datetime.fromtimestamp(ms_of(hlc) / 1000, UTC)
