"""What a line chat does about people: who comes in and goes, what they may, and whether they are who they say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast, get_args

from ..errors import UsageError
from ..events import Member, Role
from ..ids import short
from ..qr import qr_terminal
from ..shown import VERIFIED, describe_member, find, plain_name
from .desk import Desk, Order

__all__ = ["PEOPLE_ORDERS", "digits", "with_qr"]

_ROLES = [role for role in get_args(Role) if role != "owner"]
_DIGITS_A_LINE = 24


def with_qr(link: str) -> str:
    return f"{qr_terminal(link)}\n{link}"


def digits(number: str) -> list[str]:
    """A safety number in lines that are easy to read aloud."""
    return [f"      {number[at : at + _DIGITS_A_LINE].rstrip()}" for at in range(0, len(number), _DIGITS_A_LINE)]


async def _invite(desk: Desk, rest: str) -> str:
    if rest == "one":
        return with_qr(await desk.room.create_invite())
    if rest:
        raise UsageError("/invite shows the link for all, /invite one makes one for one guest")
    link = desk.room.invite
    return with_qr(link) if link else desk.style.grey("there is no link for all: /invite one makes one")


async def _lobby(desk: Desk, _: str) -> str:
    waiting = "\n".join(desk.style.grey(describe_member(member)) for member in desk.room.lobby)
    return waiting or desk.style.grey("nobody waits")


async def _admit(desk: Desk, rest: str) -> str:
    await desk.room.admit(find(desk.room.lobby, _name(rest, "/admit NAME")))
    return ""


async def _kick(desk: Desk, rest: str) -> str:
    await desk.room.kick(find(desk.room.members, _name(rest, "/kick NAME")))
    return desk.style.grey("removed; open links of this room have ended: /invite shows the new one")


async def _msg(desk: Desk, rest: str) -> str:
    """To the longest name that the words begin with, since names may hold blanks."""
    for end in range(len(rest), 0, -1):
        if rest[end : end + 1] == " " and (member := _maybe(desk, rest[:end])) is not None:
            await (await desk.me.direct(member)).send(rest[end:].strip())
            return desk.style.grey(f"to {plain_name(member.name)} alone: {rest[end:].strip()}")
    raise UsageError("/msg NAME WORDS writes to one member alone; /who lists names")


def _maybe(desk: Desk, name: str) -> Member | None:
    try:
        return find(desk.room.members, name)
    except UsageError:
        return None


async def _role(desk: Desk, rest: str) -> str:
    name, _, role = rest.rpartition(" ")
    if not name or role not in _ROLES:
        raise UsageError(f"/role NAME ROLE makes somebody {', '.join(_ROLES)}")
    await desk.room.promote(find(desk.room.members, name), cast(Role, role))
    return ""


async def _verify(desk: Desk, rest: str) -> str:
    """Names may hold blanks, so what is to be done stands last."""
    name, _, last = _name(rest, "/verify NAME").rpartition(" ")
    if name and (last == "yes" or ":" in last):
        member = find(desk.room.members, name)
        desk.me.verify(member, code=None if last == "yes" else last)
        return desk.style.grey(
            f"{plain_name(member.name)}'s key is verified: it has a {VERIFIED} before it in every room"
        )
    member = find(desk.room.members, rest)
    who = plain_name(member.name)
    lines = [desk.style.grey(f"read this to {who}, face to face or by a voice you know; they type /verify too:")]
    lines += digits(desk.room.safety_number(member))
    lines += [desk.style.grey(f"the same on both sides? then /verify {short(member.id)} yes")]
    return "\n".join(lines)


async def _unverify(desk: Desk, rest: str) -> str:
    member = find(desk.room.members, _name(rest, "/unverify NAME"))
    desk.me.unverify(member)
    return desk.style.grey(f"{plain_name(member.name)}'s key is no longer verified")


async def _qr(desk: Desk, rest: str) -> str:
    member = find(desk.room.members, _name(rest, "/qr NAME"))
    code = desk.me.verification_code(member)
    return f"{qr_terminal(code)}\n{desk.style.grey(f'for {plain_name(member.name)} alone: {code}')}"


def _name(text: str, example: str) -> str:
    if not text:
        raise UsageError(f"who? {example}; /who and /lobby list names")
    return text


PEOPLE_ORDERS: Mapping[str, Order] = {
    "/invite": _invite,
    "/lobby": _lobby,
    "/admit": _admit,
    "/kick": _kick,
    "/role": _role,
    "/msg": _msg,
    "/verify": _verify,
    "/unverify": _unverify,
    "/qr": _qr,
}
