"""Commands about people: who is here, who may what, whose key is whose, whom we do not hear."""

from __future__ import annotations

from ..errors import UsageError
from ..member import Role
from ..shown import describe_member
from .order import Deed, Order
from .plain import plain_name

__all__ = ["PEOPLE_DEEDS"]

_ROLES: dict[str, Role] = {"admin": "admin", "moderator": "moderator", "member": "member"}


async def _names(order: Order) -> str | None:
    return "\n".join(describe_member(member) for member in order.view.room.members)


async def _whois(order: Order) -> str | None:
    member = order.member()
    lines = [describe_member(member), f"key: {member.id}"]
    lines.append("verified by you" if member.verified else "not verified: /verify compares numbers with them")
    if (route := order.view.room.route(member)) is not None:
        lines.append(f"link: {route}")
    if member.last_seen is not None:
        lines.append(f"last seen {member.last_seen.astimezone():%Y-%m-%d %H:%M}")
    return "\n".join(lines)


async def _msg(order: Order) -> str | None:
    nick, _, text = order.need().partition(" ")
    try:
        member = order.member(order.rest)  # names may hold blanks
        text = ""
    except UsageError:
        member = order.member(nick)
    view = await order.desk.open(await order.desk.me.direct(member))
    if text.strip():
        await view.send(text.strip())
    return None


async def _add(order: Order) -> str | None:
    known = {member.id: member for view in order.desk.views for member in view.room.members}
    await order.view.room.add(order.member(among=known.values()))
    return f"{order.rest} was asked to come"


async def _nick(_order: Order) -> str | None:
    return "your name is set when this starts: /quit, then start again with another name"


async def _away(order: Order) -> str | None:
    await order.view.room.set_presence("away")
    return None


async def _back(order: Order) -> str | None:
    await order.view.room.set_presence("online")
    return None


async def _ignore(order: Order) -> str | None:
    if not order.rest:
        return "you ignore " + (", ".join(order.desk.ignored.values()) or "nobody")
    member = order.member()
    name = plain_name(member)
    order.desk.ignore(member.id, name)
    return f"you see nothing more of {name} until you end this, or type /unignore {name}"


async def _unignore(order: Order) -> str | None:
    wanted = order.need().casefold()
    found = [key for key, name in order.desk.ignored.items() if name.casefold() == wanted or key.startswith(wanted)]
    if not found:
        raise UsageError(f"you do not ignore {order.rest}: /ignore lists whom you do")
    order.desk.unignore(found[0])
    return f"you hear {order.rest} again"


async def _admit(order: Order) -> str | None:
    await order.view.room.admit(order.member(among=order.view.room.lobby))
    return None


async def _kick(order: Order) -> str | None:
    await order.view.room.kick(order.member())
    return "removed; open links of this room have ended: /invite shows the new one"


async def _promote(order: Order) -> str | None:
    nick, _, role = order.need().rpartition(" ")
    if not nick or role not in _ROLES:
        raise order.usage()
    await order.view.room.promote(order.member(nick.strip()), _ROLES[role])
    return None


async def _verify(order: Order) -> str | None:
    nick, _, word = order.need().rpartition(" ")
    if nick and (word == "yes" or ":" in word):
        order.desk.me.verify(order.member(nick.strip()), code=None if word == "yes" else word)
        return None
    member = order.member()
    order.screen.show_code(member, order.view.room.safety_number(member), order.desk.me.verification_code(member))
    return None


async def _unverify(order: Order) -> str | None:
    order.desk.me.unverify(order.member())
    return None


PEOPLE_DEEDS: dict[str, Deed] = {
    "names": _names,
    "whois": _whois,
    "msg": _msg,
    "add": _add,
    "nick": _nick,
    "away": _away,
    "back": _back,
    "ignore": _ignore,
    "unignore": _unignore,
    "admit": _admit,
    "kick": _kick,
    "promote": _promote,
    "verify": _verify,
    "unverify": _unverify,
}
