"""Lines of a chat that begin with a slash: what is done, and what is answered to whoever typed them.

A line that begins with `//` is none of them. Whatever an order cannot do is said in a sentence, and the chat goes on.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import ConnectivityError, CryptoError, StoreError, UsageError
from ..shown import describe_member
from .desk import Desk, Order
from .orders_on_messages import MESSAGE_ORDERS
from .orders_on_people import PEOPLE_ORDERS

__all__ = ["HELP", "LEAVING", "obey"]

HELP = """\
WORDS                         are sent; a line that begins with // is sent with one slash; /me waves
/reply WORDS                  answer the newest message of others; /reply @bob WORDS that of bob, /reply #7 WORDS
                              that with this number; so too /react 👍  /unreact 👍  /pin  /unpin
/edit WORDS  /delete          your newest message, or /edit #7 WORDS
/history [N]  /search WORDS   what was said, with numbers
/who                          who is here, with the beginning of each key
/away  /back                  be away, be back
/invite [one]                 the link that lets others in, and its QR code; one: a new link, for one guest, for a day
/lobby  /admit NAME           who waits to be let in; let them in
/msg NAME WORDS               write to one member alone; the answers are shown here too
/kick NAME  /role NAME ROLE   remove a member for good; make one an admin, a moderator or a member
/verify NAME                  the number to compare; then /verify NAME yes, or /verify NAME CODE; /unverify NAME
/qr NAME                      the code that their device may scan to verify you
/topic TITLE  /slow SECONDS   what the room is called; how often plain members may speak
/mute  /unmute                no bell where you are named, answered or written to alone; also after a restart
/quit                         leave
NAME may be the beginning of a key."""
LEAVING = frozenset({"/quit", "/leave", "/part", "/exit"})


async def obey(desk: Desk, line: str) -> bool:
    """Do what a line asks for, or say why not and go on; whether it was done."""
    verb, _, rest = line.partition(" ")
    order = _ORDERS.get(verb)
    if order is None:
        desk.complain(f"there is no {verb}: /help lists what there is, and /{line} sends it as it is")
        return False
    try:
        if answer := await order(desk, rest.strip()):
            desk.say(answer)
    except (UsageError, CryptoError, StoreError, ConnectivityError) as error:
        desk.complain(str(error))
        return False
    return True


async def _help(desk: Desk, _: str) -> str:
    return desk.style.grey(HELP)


async def _who(desk: Desk, _: str) -> str:
    return "\n".join(desk.style.grey(describe_member(member)) for member in desk.room.members)


async def _away(desk: Desk, _: str) -> str:
    await desk.room.set_presence("away")
    return ""


async def _back(desk: Desk, _: str) -> str:
    await desk.room.set_presence("online")
    return ""


async def _topic(desk: Desk, title: str) -> str:
    if not title:
        return desk.style.grey(desk.room.name)
    await desk.room.set_title(title)
    return ""


async def _mute(desk: Desk, _: str) -> str:
    await desk.room.mute()
    return desk.style.grey("no bell for this room from now on: /unmute brings it back")


async def _unmute(desk: Desk, _: str) -> str:
    await desk.room.unmute()
    return desk.style.grey("the bell rings again where you are meant")


async def _slow(desk: Desk, seconds: str) -> str:
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) < 9):
        raise UsageError("how slow? /slow 10 lets plain members speak once in ten seconds, /slow 0 as they like")
    await desk.room.set_slow_mode(int(seconds))
    return ""


_ORDERS: Mapping[str, Order] = {
    "/help": _help,
    "/who": _who,
    "/members": _who,
    "/away": _away,
    "/back": _back,
    "/topic": _topic,
    "/title": _topic,
    "/slow": _slow,
    "/mute": _mute,
    "/unmute": _unmute,
    **MESSAGE_ORDERS,
    **PEOPLE_ORDERS,
}
