"""`verify`: whether a key is the person's whom you mean, by number, by code, or by what their screen shows."""

from __future__ import annotations

import sys
from argparse import Namespace

from ..errors import UsageError
from ..events import Member
from ..peer import Peer
from ..qr import qr_terminal
from ..room import Room
from ..shown import find, plain_name
from .account import choose_account
from .invite import write_svg
from .orders_on_people import digits
from .output import say
from .place import Watch, enter, named_place
from .running import run_loop

__all__ = ["await_member", "run", "settle"]


def run(options: Namespace) -> int:
    where = named_place(options.where)
    account = choose_account(options, where)
    return run_loop(_verify(account.peer(), where or "", options))


async def _verify(peer: Peer, where: str, options: Namespace) -> int:
    async with peer as me:
        room = await enter(me, where)
        member = await await_member(room, options.member, timeout_s=options.timeout)
        for line in settle(me, room, member, options):
            say(line)
    return 0


async def await_member(room: Room, name: str, *, timeout_s: float) -> Member:
    """Once they are here, or at once where we know them as a member. Raises UsageError."""

    def is_known() -> bool:
        try:
            find(room.members, name)
        except UsageError as error:
            return str(error).startswith("2")
        return True

    await Watch(room).until(is_known, timeout_s=timeout_s)
    return find(room.members, name)


def settle(me: Peer, room: Room, member: Member, options: Namespace) -> list[str]:
    """Do what was asked for; what to print. Raises VerificationFailed."""
    who = plain_name(member.name)
    if options.undo:
        me.unverify(member)
        return [f"{who}'s key is no longer verified"]
    if options.yes or options.code:
        me.verify(member, code=options.code)
        return [f"{who}'s key is verified: it is marked so in every room"]
    code = me.verification_code(member)
    if options.svg:
        write_svg(options.svg, code)
    return [
        f"read this to {who}, face to face or by a voice you know; they look at theirs:",
        *digits(room.safety_number(member)),
        "the same on both sides? then the same command with --yes",
        "",
        *([qr_terminal(code)] if sys.stdout.isatty() else []),
        f"or have {who} scan or type this: {code}",
    ]
