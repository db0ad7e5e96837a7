"""Control events as evaluation sees them: read once, and only as far as each log is whole.

A log counts from its first event on, as long as each next one is held and names the one before. Where its author said
two things in one place it counts up to there, on every replica and in any order of arrival: two signed headers for one
(log, seq), or a signed `prev` that contradicts what is held.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from ..ids import RoomId
from .control import Control, Grant, Join, Level, decode_control
from .event import Event, EventId, LogId, decode_event

__all__ = ["Fact", "decode_fact", "fact_of", "order_of", "whole_logs"]


_LEVELS = tuple(Level)


@dataclass(frozen=True, slots=True)
class Fact:
    """A control event and its body."""

    event: Event
    control: Control
    id: EventId
    author: bytes
    log: LogId
    seq: int
    hlc: int
    auth: EventId
    """Empty for an owner of the genesis."""
    target: EventId | None
    """What it refers to."""
    member: bytes
    """Whom a grant is for; else the author."""
    gives: Level
    """What its member may by it: NOBODY, but for grants and joins."""

    @property
    def order(self) -> tuple[int, EventId]:
        """The total order of all events, the same on every replica."""
        return self.hlc, self.id


def order_of(fact: Fact) -> tuple[int, EventId]:
    """To sort by."""
    return fact.order


def decode_fact(encoded: bytes, *, room_id: RoomId) -> Fact:
    """Read a control event; raise MalformedFrame, and nothing else."""
    return fact_of(decode_event(encoded, room_id=room_id))


def fact_of(event: Event) -> Fact:
    """Raise MalformedFrame for an event that is no control event of this version."""
    header, control = event.header, decode_control(event)
    member, gives = header.author, Level.MEMBER if isinstance(control, Join) else Level.NOBODY
    if isinstance(control, Grant):
        member, gives = control.member, _LEVELS[control.level]
    return Fact(
        event,
        control,
        event.id,
        header.author,
        header.log,
        header.seq,
        header.hlc,
        EventId(header.auth),
        EventId(header.ref.id) if header.ref is not None else None,
        member,
        gives,
    )


def whole_logs(facts: Iterable[Fact]) -> list[Fact]:
    """What counts of any set of facts: of each log the part before its first gap or contradiction."""
    logs: defaultdict[LogId, defaultdict[int, dict[EventId, Fact]]] = defaultdict(lambda: defaultdict(dict))
    for fact in facts:
        logs[fact.log][fact.seq][fact.id] = fact
    return [fact for log in logs.values() for fact in _whole(log)]


def _whole(log: dict[int, dict[EventId, Fact]]) -> list[Fact]:
    whole: list[Fact] = []
    while said := [fact for fact in log.get(len(whole) + 1, {}).values() if not whole or fact.hlc > whole[-1].hlc]:
        if whole and any(fact.event.header.prev != whole[-1].id for fact in said):
            return whole[:-1]
        if len(said) > 1:
            return whole
        whole.extend(said)
    return whole
