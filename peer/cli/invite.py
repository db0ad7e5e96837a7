"""`invite`: a link that lets somebody into a room, as text, as QR code in the terminal, and as a picture."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

from ..errors import BadSetting, NotAllowed
from ..peer import Peer
from ..qr import qr_svg, qr_terminal
from ..room import Room
from .account import choose_account
from .output import complain, say
from .place import Watch, enter, has_company, named_place
from .running import run_loop

__all__ = ["make_link", "run", "write_svg"]

_COMPANY_S = 5.0
"""For the others, who have to learn of the invite before anybody can use it."""


def run(options: Namespace) -> int:
    where = named_place(options.where)
    account = choose_account(options, where)
    return run_loop(_invite(account.peer(), where or "", options))


async def _invite(peer: Peer, where: str, options: Namespace) -> int:
    async with peer as me:
        room = await enter(me, where)
        watch = Watch(room)
        link, remark = await make_link(room, options)
        if not await watch.until(lambda: has_company(room), timeout_s=_COMPANY_S):
            remark = "nobody else is here to learn of this link: it works once you and another member have met"
    if options.svg:
        write_svg(options.svg, link)
    if sys.stdout.isatty() and not options.no_qr:
        say(qr_terminal(link))
    say(link)
    if remark:
        complain(f"invite: {remark}")
    return 0


async def make_link(room: Room, options: Namespace) -> tuple[str, str]:
    """A new link, or that of the room for those who may make none; and a remark. Raises NotAllowed."""
    try:
        return await room.create_invite(open=options.open, expires_s=options.expires), ""
    except NotAllowed:
        if room.invite is None:
            raise
        return room.invite, "you may make no link, admins can: this is the one by which anybody may enter"


def write_svg(path: str, text: str) -> None:
    """For its owner alone, since the picture is the key. Raises BadSetting."""
    file = Path(path)
    try:
        file.touch(mode=0o600)
        file.write_text(qr_svg(text), encoding="utf-8")
    except OSError as error:
        raise BadSetting(f"cannot write {path} ({error.strerror}): name another file") from None
