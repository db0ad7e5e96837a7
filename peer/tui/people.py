"""How members look: the colour of a name, and the list of who is here, by role."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from ..ids import MemberId
from ..member import Member, Role
from ..shown import mark
from .lines import Line, Span
from .plain import crop, plain_name

__all__ = ["NICK_COLOURS", "nick_list", "nick_style"]

NICK_COLOURS = 12
_PRESENCES = {"online": "●", "away": "◐", "offline": "○"}
_HEADINGS: tuple[tuple[Role, str], ...] = (
    ("owner", "owners"),
    ("admin", "admins"),
    ("moderator", "moderators"),
    ("member", "members"),
)


def nick_style(member: MemberId) -> str:
    """One colour for a key, the same everywhere and every day; a name that is changed keeps it."""
    return f"nick-{hashlib.sha256(member.encode()).digest()[0] % NICK_COLOURS}"


def nick_list(members: Iterable[Member], *, width: int) -> list[Line]:
    """Who is here, under the heading of what they may do; then who is not."""
    everybody = sorted(members, key=lambda member: (plain_name(member).casefold(), member.id))
    here = [member for member in everybody if member.presence != "offline"]
    groups = [(heading, [each for each in here if each.role == role]) for role, heading in _HEADINGS]
    groups.append(("not here", [member for member in everybody if member.presence == "offline"]))
    return [line for heading, group in groups if group for line in _group(heading, group, width)]


def _group(heading: str, members: Sequence[Member], width: int) -> list[Line]:
    return [(Span(crop(f"{heading} {len(members)}", width), "heading"),), *(_row(member, width) for member in members)]


def _row(member: Member, width: int) -> Line:
    presence = Span(_PRESENCES[member.presence] + " ", member.presence)
    name_style = "faint" if member.presence == "offline" else nick_style(member.id)
    me = " (you)" if member.is_me else ""
    marks = Span(mark(member), "verified" if member.verified else "doubted")
    name = Span(crop(plain_name(member), max(1, width - 2 - len(marks.text) - len(me))), name_style)
    return (presence, marks, name, Span(me, "faint"))
