"""The lines around the messages: topic, rooms, who is typing, and how things stand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from ..events import RoomState
from ..member import Member
from .lines import Line, Span, line_width
from .notices import STATES
from .plain import crop, plain_name

__all__ = ["Activity", "RoomRow", "room_list", "status_bar", "topic_bar", "typing_line"]

_MAX_TYPISTS = 3


class Activity(IntEnum):
    """What happened in a room since we looked at it last."""

    NONE = 0
    EVENTS = 1
    """Somebody came or went."""
    MESSAGES = 2
    HIGHLIGHT = 3
    """Somebody named us, or wrote to us alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomRow:
    """A room, as the list of rooms shows it."""

    number: int
    """What Alt+digit takes."""
    name: str
    unread: int = 0
    activity: Activity = Activity.NONE
    is_current: bool = False
    is_entered: bool = True
    """Else it is kept here, and we are not in it."""


def topic_bar(name: str, members: Sequence[Member], state: RoomState, *, kind: str, width: int) -> Line:
    """Title, how many are here, how we stand, who can enter (`kind`), how safe it is; the last go first where it is
    narrow."""
    here = sum(member.presence != "offline" for member in members)
    others = [member for member in members if not member.is_me]
    verified = sum(member.verified for member in others)
    doubted = sum(member.changed_from is not None and not member.verified for member in others)
    crowd = f"{here} of {len(members)} here" if len(members) > here else f"{here} here"
    keys = f"{verified} of {len(others)} verified" if others else ""
    parts = [
        Span(plain_name(name), "title"),
        Span(crowd, "faint"),
        Span(STATES[state], "good" if state is RoomState.JOINED else "warning"),
        Span(f"{doubted} with another key than before", "doubted") if doubted else Span(""),
        Span(kind, "faint"),
        Span("end-to-end encrypted", "good"),
        Span(keys, "good" if verified == len(others) else "faint"),
    ]
    return _fitted([part for part in parts if part.text], width)


def _fitted(parts: Sequence[Span], width: int) -> Line:
    """As many as have room, the first one cut to it."""
    line: list[Span] = [Span(crop(parts[0].text, max(1, width - 2)), parts[0].style)]
    for part in parts[1:]:
        if line_width(line) + 3 + len(part.text) <= width:
            line += [Span(" │ ", "bar"), part]
    return tuple(line)


def room_list(rooms: Iterable[RoomRow], *, width: int) -> list[Line]:
    """One line a room: its number, its name, and how many messages wait."""
    return [_room_line(room, width) for room in rooms]


def _room_line(room: RoomRow, width: int) -> Line:
    waiting = f" {room.unread}" if room.unread else ""
    sign = "!" if room.activity is Activity.HIGHLIGHT else ""
    number = f"{room.number:>2} "
    name = crop(plain_name(room.name), max(1, width - len(number) - len(waiting) - len(sign)))
    blank = " " * (width - len(number) - line_width([Span(name)]) - len(waiting) - len(sign))
    style = "current" if room.is_current else _style_of(room)
    return (Span(number, "current" if room.is_current else "faint"), Span(name + blank + waiting + sign, style))


def _style_of(room: RoomRow) -> str:
    if not room.is_entered:
        return "faint"
    return {Activity.HIGHLIGHT: "highlight", Activity.MESSAGES: "busy"}.get(room.activity, "text")


def typing_line(names: Sequence[str]) -> Line:
    """Who is typing; empty where nobody is."""
    shown = [plain_name(name) for name in names]
    if not shown:
        return ()
    if len(shown) > _MAX_TYPISTS:
        return (Span(f"{len(shown)} are typing ...", "faint"),)
    together = ", ".join(shown[:-1]) + " and " + shown[-1] if len(shown) > 1 else shown[0]
    return (Span(f"{together} {'are' if len(shown) > 1 else 'is'} typing ...", "faint"),)


def status_bar(me: Member, rooms: Sequence[RoomRow], *, doing: str, width: int) -> Line:
    """Who we are, which room this is, where something happened; `doing`: what the next line typed will do, if that
    is not to say it, or how far our last message got."""
    current = next((room for room in rooms if room.is_current), None)
    busy = [room for room in rooms if room.activity > Activity.EVENTS and not room.is_current]
    parts = [
        Span(f"[{plain_name(me)}]" if me.presence == "online" else f"[{plain_name(me)}: {me.presence}]", "text"),
        Span(crop(doing, max(1, width - 20)), "info"),
        Span("news in " + " ".join(map(_short, busy)) if busy else "", "highlight"),
        Span(f"room {current.number} of {len(rooms)}" if current else "", "faint"),
    ]
    return _fitted([part for part in parts if part.text], width)


def _short(room: RoomRow) -> str:
    sign = "!" if room.activity is Activity.HIGHLIGHT else ""
    return f"{room.number}:{crop(plain_name(room.name), 12)}({room.unread}{sign})"
