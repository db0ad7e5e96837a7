"""What all members shall hold in the end, by the rules of docs/protocol.md read slowly and literally.

Written from the page, with the naive reading of the control log beside it: reads bytes with a plain MessagePack
decoder, keeps nothing, compares everything with everything.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec

from ..properties.naive_authority import JOIN, MEMBER, MODERATOR, Naive
from .cast import LIMITS

__all__ = ["Expected", "Words", "cuts_of"]

TEXT, EDIT, DELETE, REACTION, PIN, SETTING = range(1, 7)
ADMIN = 3


@dataclass(frozen=True)
class Words:
    """A message event, taken apart."""

    id: bytes
    author: bytes
    incarnation: bytes
    seq: int
    prev: bytes
    hlc: int
    kind: int
    auth: bytes
    ref: tuple[bytes, int] | None
    body: Any
    """None where it is gone."""

    @classmethod
    def read(cls, encoded: bytes, room_id: bytes) -> Words:
        header, _, body = msgspec.msgpack.decode(encoded)
        _, author, incarnation, plane, seq, prev, hlc, kind, auth, ref, _ = msgspec.msgpack.decode(header)
        assert plane == 1
        event_id = hashlib.sha256(b"speaktube v1 event id\0" + room_id + header).digest()
        said = msgspec.msgpack.decode(body) if body else None
        return cls(event_id, author, incarnation, seq, prev, hlc, kind, auth, tuple(ref) if ref else None, said)

    @property
    def place(self) -> tuple[int, bytes]:
        return self.hlc, self.id

    @property
    def anchor(self) -> tuple[int, bytes]:
        is_about = self.ref is not None and self.kind in (EDIT, DELETE, REACTION, PIN)
        return (self.ref[1], self.ref[0]) if is_about and self.ref is not None else self.place

    @property
    def log(self) -> tuple[bytes, bytes]:
        return self.author, self.incarnation


def cuts_of(events: Iterable[bytes], room_id: bytes) -> dict[tuple[bytes, bytes], int]:
    """Of each log the lowest place of any contradiction among these events."""
    said = [Words.read(data, room_id) for data in events]
    places: dict[tuple[bytes, bytes], int] = {}
    for one in said:
        for other in said:
            if one.log != other.log or one.id == other.id or one.seq > other.seq:
                continue
            if one.seq == other.seq or (other.seq == one.seq + 1 and other.prev != one.id):
                places[one.log] = min(one.seq, places.get(one.log, one.seq))
            elif other.hlc <= one.hlc:
                places[one.log] = min(other.seq, places.get(one.log, other.seq))
    return places


class Expected:
    """What follows from a set of message events and a set of control events."""

    def __init__(
        self, events: Iterable[bytes], control: Naive | None, room_id: bytes, cuts: dict[tuple[bytes, bytes], int]
    ) -> None:
        """`cuts`: of each forked log the place that all agree upon. `control`: None in a public room."""
        self.cuts = cuts
        self.weighed: list[tuple[Words, int]] = []
        self._levels: dict[bytes, int] = {}
        found: dict[bytes, Words] = {}
        for data in events:
            said = Words.read(data, room_id)
            if said.id not in found or found[said.id].body is None:
                found[said.id] = said
        self.all = list(found.values())
        self.control = control

    # forks

    def is_cut(self, said: Words) -> bool:
        forked = [log for log in self.cuts if log[0] == said.author]
        if said.log in forked:
            return said.seq >= self.cuts[said.log]
        return len(forked) >= LIMITS.max_author_forks

    # rights

    def level(self, said: Words) -> int:
        """Of the right that it cites; 0 where that does not cover it, or is not enough."""
        if said.id not in self._levels:
            self._levels[said.id] = self._level_of(said)
        return self._levels[said.id]

    def _level_of(self, said: Words) -> int:
        level = self._level_of_right(said)
        least = {PIN: MODERATOR, SETTING: MODERATOR if said.body and said.body[0] == 2 else ADMIN}
        return level if level >= least.get(said.kind, MEMBER) else 0

    def _level_of_right(self, said: Words) -> int:
        control = self.control
        if control is None:
            return MEMBER if not said.auth else 0
        if not said.auth:
            return 4 if said.author in control.owners else 0
        right = control.by_id.get(said.auth)
        if right is None or right.hlc >= said.hlc or not control.lawful(right):
            return 0
        if right.kind not in (1, JOIN) or control.holder(right) != said.author:
            return 0
        ends = [*control.removals_that_end(right), *control.resignations_of(right.id)]
        if all(said.seq <= self._cut_of(said, end) for end in ends):
            return int(control.level_of_right(right))
        return 0

    def _cut_of(self, said: Words, end: Any) -> int:
        assert self.control is not None
        return int({(cut[0], cut[1]): cut[2] for cut in self.control.cuts(end)}.get((said.incarnation, 1), 0))

    @cached_property
    def counting(self) -> list[tuple[Words, int]]:
        weighed = ((said, self.level(said)) for said in self.all if not self.is_cut(said))
        return sorted(((said, level) for said, level in weighed if level), key=lambda each: each[0].place)

    # what is kept

    @cached_property
    def kept(self) -> set[bytes]:
        everything = [said for said, _ in self.counting]
        texts = [said for said in everything if said.kind == TEXT]
        pins = [said for said in everything if said.kind == PIN][-LIMITS.max_pins :]
        state = {said.anchor[1]: said.body[0] for said in pins}
        pinned = {message for message, is_on in state.items() if is_on}
        floor = texts[-LIMITS.max_texts].place if len(texts) >= LIMITS.max_texts else (-1, b"")
        kept = [*pins, *(said for said in texts if said.place >= floor or said.id in pinned)]
        about = [said for said in everything if said.kind in (EDIT, REACTION)]
        about = [said for said in about if said.anchor >= floor or said.anchor[1] in pinned]
        kept += _last(about, LIMITS.max_about_of_author, LIMITS.max_about)
        deletions = [said for said in everything if said.kind == DELETE]
        kept += _last(deletions, LIMITS.max_deletions_of_author, LIMITS.max_deletions)
        for tag in (1, 2):
            settings = [said for said in everything if said.kind == SETTING and said.body[0] == tag]
            kept += settings[-LIMITS.max_settings :]
        return {said.id for said in kept}

    # what is seen

    def keep(self, kept: set[bytes]) -> None:
        """What is seen is to follow from this."""
        self.weighed = [(said, level) for said, level in self.counting if said.id in kept]

    def is_deleted(self, message: Words) -> bool:
        return any(
            one.kind == DELETE and one.anchor == message.place and (one.author == message.author or level >= MODERATOR)
            for one, level in self.weighed
        )

    def seen(self) -> list[tuple[Any, ...]]:
        """(id, author, words or None where deleted, reactions, pinned?) in the order of all."""
        return [self._look(said) for said, level in self.weighed if said.kind == TEXT and self._is_shown(said, level)]

    def _is_shown(self, text: Words, level: int) -> bool:
        """Nobody but moderators may say two things in one slot."""
        slot = self._slot(text, level)
        others = ((each, rank) for each, rank in self.weighed if each.kind == TEXT and each.place < text.place)
        return slot is None or all(
            each.author != text.author or self._slot(each, rank) != slot for each, rank in others
        )

    def _slot(self, text: Words, level: int) -> Any:
        modes = [
            said for said, _ in self.weighed if said.kind == SETTING and said.body[0] == 2 and said.place < text.place
        ]
        if not modes or level >= MODERATOR or not modes[-1].body[1]:
            return None
        return modes[-1].id, (text.hlc >> 16) // (modes[-1].body[1] * 1000)

    def _look(self, text: Words) -> tuple[Any, ...]:
        about = [said for said, _ in self.weighed if said.ref and said.anchor == text.place]
        pins = [said.body[0] for said in about if said.kind == PIN]
        is_pinned = bool(pins and pins[-1])
        if self.is_deleted(text):
            return text.id, text.author, None, set(), is_pinned
        edits = [said for said in about if said.kind == EDIT and said.author == text.author]
        words = (edits[-1] if edits else text).body
        state = {(said.author, *said.body[:2]): said.body[2] for said in about if said.kind == REACTION}
        return text.id, text.author, words[0] if words else None, {key for key, on in state.items() if on}, is_pinned


def _last(group: list[Words], of_author: int, limit: int) -> list[Words]:
    ordered = sorted(group, key=lambda said: (said.anchor, said.place))
    shares = {
        author: [said for said in ordered if said.author == author][-of_author:] for author in {s.author for s in group}
    }
    return [said for said in ordered if said in shares[said.author]][-limit:]
