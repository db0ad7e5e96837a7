"""What a member sees: a pure function of the events that count, message by message.

The author's last edit replaces the words; a deletion, by the author or a moderator, wins for ever; of each member and
emoji the last reaction counts, and the last pin of a message. Where slow mode was on, of the texts that a plain member
dated within one slot of that many seconds the first is shown. Settings are those written last.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from ..log.control import Level
from ..log.event import EventId, LogId, Plane, ms_of
from ..log.record import Shown
from .bodies import Body, Edit, Kind, Reaction, SlowMode, Text, Title
from .rules import may_edit, takes_back
from .said import Place, Said, place_of
from .window import pinned_in

__all__ = [
    "Given",
    "Settings",
    "Slot",
    "Slots",
    "View",
    "decode_row",
    "encode_row",
    "look_of",
    "settings_of",
    "view_of",
]

Weighed = tuple[Said, Level]
Slot = tuple[bytes, Place, int]
"""Author, the setting that is in force, and the number of the slot."""


@dataclass(frozen=True, slots=True)
class Given:
    """One emoji at a message, and who gave it, in the order in which they did."""

    emoji: str
    is_custom: bool
    members: tuple[bytes, ...]
    """Ed25519 keys."""


class View(msgspec.Struct, frozen=True):
    """One message as it looks now."""

    id: EventId
    hlc: int
    author: bytes
    incarnation: bytes
    seq: int
    text: str = ""
    emote_ids: tuple[str, ...] = ()
    emoji_ids: tuple[str, ...] = ()
    answers: EventId | None = None
    """The message that it replies to, be that here or not."""
    edited_hlc: int = 0
    """When its words were last replaced; 0 never."""
    is_deleted: bool = False
    is_pinned: bool = False
    given: tuple[Given, ...] = ()
    """In the order in which each emoji was first given."""

    @property
    def place(self) -> Place:
        return self.hlc, self.id

    @property
    def log(self) -> LogId:
        return LogId(self.author, self.incarnation, Plane.MESSAGE)


@dataclass(frozen=True, slots=True)
class Settings:
    """Of the room."""

    title: str = ""
    slow_mode_s: int = 0
    """Seconds; 0 none."""


def settings_of(settings: Iterable[Said]) -> Settings:
    """Of those that count, in any order: the last of each kind."""
    title, slow_mode_s = "", 0
    for said in sorted(settings, key=place_of):
        match said.body:
            case Title(text):
                title = text
            case SlowMode(seconds):
                slow_mode_s = seconds
            case _:
                pass
    return Settings(title, slow_mode_s)


class Slots:
    """Slow mode over time: which texts take part in it, and in which slot each stands."""

    def __init__(self, settings: Iterable[Said]) -> None:
        self._changes = sorted((said.place, said.body.seconds) for said in settings if isinstance(said.body, SlowMode))

    def __bool__(self) -> bool:
        """Whether slow mode was ever on."""
        return bool(self._changes)

    def slot_at(self, author: bytes, place: Place, level: Level) -> Slot | None:
        """Where a text of this author would stand; None where slow mode is off, or not for this level."""
        before = bisect_left(self._changes, (place, 0))
        if not before or level >= Level.MODERATOR:
            return None
        setting, seconds = self._changes[before - 1]
        return (author, setting, ms_of(place[0]) // (seconds * 1000)) if seconds else None


def view_of(weighed: Iterable[Weighed]) -> tuple[dict[EventId, View], Settings]:
    """All that is shown of any set of events that count."""
    everything = list(weighed)
    settings = [said for said, _ in everything if said.kind is Kind.SETTING]
    about: defaultdict[EventId, list[Weighed]] = defaultdict(list)
    for said, level in everything:
        if said.anchor != said.place:
            about[said.anchor[1]].append((said, level))
    texts = sorted(((said, level) for said, level in everything if said.kind is Kind.TEXT), key=_place)
    slots, taken = Slots(settings), set[Slot]()
    views: dict[EventId, View] = {}
    for said, level in texts:
        slot = slots.slot_at(said.author, said.place, level)
        if slot is None or slot not in taken:
            views[said.id] = look_of(said, about[said.id])
        if slot is not None:
            taken.add(slot)
    return views, settings_of(settings)


def _place(weighed: Weighed) -> Place:
    return weighed[0].place


def look_of(text: Said, about: Iterable[Weighed]) -> View:
    """How a message looks by all that counts of what is said about it."""
    fitting = sorted((each for each in about if each[0].anchor == text.place), key=_place)
    if not fitting:
        return _as_written(text, text.body)
    is_pinned = text.id in pinned_in(said for said, _ in fitting if said.kind is Kind.PIN)
    is_gone = any(said.kind is Kind.DELETE and takes_back(said, text, level) for said, level in fitting)
    edits = [said for said, _ in fitting if said.kind is Kind.EDIT and may_edit(said, text) and said.body is not None]
    last = edits[-1] if edits else text
    look = _as_written(text, None if is_gone else last.body)
    if look.is_deleted:
        return msgspec.structs.replace(look, is_pinned=is_pinned)
    given = _given(said for said, _ in fitting if said.kind is Kind.REACTION)
    return msgspec.structs.replace(look, edited_hlc=last.hlc if edits else 0, is_pinned=is_pinned, given=given)


def _as_written(text: Said, words: Body | None) -> View:
    """Without what others make of it; None: taken back, or nobody whom we asked has them."""
    hlc, incarnation = text.place[0], text.log.incarnation
    if not isinstance(words, Text | Edit):
        return View(text.id, hlc, text.author, incarnation, text.seq, is_deleted=True)
    return View(
        text.id, hlc, text.author, incarnation, text.seq, words.text, words.emote_ids, words.emoji_ids, text.target
    )


def _given(reactions: Iterable[Said]) -> tuple[Given, ...]:
    """Of each member and emoji the last counts; those that are on, by when it was put."""
    on: dict[tuple[str, bool], dict[bytes, None]] = {}
    for said in reactions:
        if isinstance(said.body, Reaction):
            members = on.setdefault((said.body.emoji, said.body.is_custom), {})
            if not said.body.is_on:
                members.pop(said.author, None)
            else:
                members.setdefault(said.author)
    return tuple(Given(emoji, custom, tuple(members)) for (emoji, custom), members in on.items() if members)


# ---- rows of the store


class _Row(msgspec.Struct, array_like=True, frozen=True):
    """What a row says besides author, clock and words. Fields that a later version adds come last, with a default."""

    incarnation: bytes
    seq: int
    emote_ids: tuple[str, ...]
    emoji_ids: tuple[str, ...]
    answers: bytes
    edited_hlc: int
    is_deleted: bool
    is_pinned: bool
    given: tuple[tuple[str, bool, tuple[bytes, ...]], ...]


_row_decoder = msgspec.msgpack.Decoder(_Row)
MAX_ROW_GIVEN = 1024
"""Reactions that a row of the store holds, in all; the view itself holds those of every member."""


def encode_row(view: View) -> Shown:
    """For the store."""
    left, given = MAX_ROW_GIVEN, []
    for each in view.given:
        given.append((each.emoji, each.is_custom, each.members[:left]))
        left -= min(left, len(each.members))
    row = _Row(view.incarnation, view.seq, view.emote_ids, view.emoji_ids, view.answers or b"", view.edited_hlc,
               view.is_deleted, view.is_pinned, tuple(each for each in given if each[2]))  # fmt: skip
    return Shown(view.id, view.hlc, view.author, view.text, msgspec.msgpack.encode(row))


def decode_row(shown: Shown) -> View:
    """What was kept of a message; it was sealed, so it is as we wrote it."""
    row = _row_decoder.decode(shown.content)
    given = tuple(Given(*each) for each in row.given)
    answers = EventId(row.answers) if row.answers else None
    return View(shown.id, shown.hlc, shown.author, row.incarnation, row.seq, shown.text, row.emote_ids, row.emoji_ids,
                answers, row.edited_hlc, row.is_deleted, row.is_pinned, given)  # fmt: skip
