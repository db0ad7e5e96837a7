"""Commands about rooms: enter, leave, look at another one, invite, set what holds in it."""

from __future__ import annotations

from ..errors import UsageError
from ..shown import describe_member
from .commands import usage_of
from .order import Deed, Order
from .plain import plain_name

__all__ = ["ROOM_DEEDS"]


async def _join(order: Order) -> str | None:
    where = order.need()
    order.view.tell("entering ...", "faint")
    await order.desk.join(where)
    return None


async def _create(order: Order) -> str | None:
    await order.desk.create(order.need(), public=order.name == "public")
    return None


async def _rooms(order: Order) -> str | None:
    rooms = await order.desk.me.list_rooms()
    if not rooms:
        return "there is no public room: /public NAME opens one"
    names = [f"{plain_name(each.custom_name or each.topic)}  ({each.participant_count} here)" for each in rooms]
    return "\n".join(["public rooms, /join NAME enters:", *names])


async def _accept(order: Order) -> str | None:
    await order.desk.accept()
    return None


async def _part(order: Order) -> str | None:
    await order.desk.part(order.view)
    return None


async def _win(order: Order) -> str | None:
    at = order.desk.find(order.need())
    if at is None:
        return f"there is no room {order.rest}: the list of rooms shows numbers and names"
    await order.desk.visit(at)
    return None


async def _topic(order: Order) -> str | None:
    if not order.rest:
        return f"this room is called {order.view.name}"
    await order.view.room.set_title(order.rest)
    return None


async def _slow(order: Order) -> str | None:
    if not order.rest.isdecimal():
        raise order.usage()
    await order.view.room.set_slow_mode(int(order.rest))
    return None


async def _invite(order: Order) -> str | None:
    room = order.view.room
    if order.rest == "one":
        order.screen.show_invite(await room.create_invite(), "for one guest, good for a day")
    elif room.invite is None:
        return "there is no link for all: /invite one makes one for a guest"
    else:
        order.screen.show_invite(room.invite, "whoever has it can enter")
    return None


async def _lobby(order: Order) -> str | None:
    return (
        "\n".join(f"{describe_member(each)}: /admit {each.id[:8]}" for each in order.view.room.lobby) or "nobody waits"
    )


async def _mute(order: Order) -> str | None:
    await order.view.room.mute()
    return f"{order.view.name} is muted: /unmute"


async def _unmute(order: Order) -> str | None:
    await order.view.room.unmute()
    return f"{order.view.name} is no longer muted"


async def _clear(order: Order) -> str | None:
    order.view.clear()
    return None


async def _theme(order: Order) -> str | None:
    return order.screen.set_theme(order.rest)


async def _help(order: Order) -> str | None:
    if not order.rest:
        order.screen.show_help()
        return None
    try:
        return usage_of(order.rest.removeprefix("/"))
    except KeyError:
        raise UsageError(f"there is no command {order.rest}: /help lists all") from None


async def _quit(order: Order) -> str | None:
    order.screen.end()
    return None


ROOM_DEEDS: dict[str, Deed] = {
    "join": _join,
    "create": _create,
    "public": _create,
    "rooms": _rooms,
    "accept": _accept,
    "part": _part,
    "win": _win,
    "topic": _topic,
    "slow": _slow,
    "invite": _invite,
    "lobby": _lobby,
    "mute": _mute,
    "unmute": _unmute,
    "clear": _clear,
    "theme": _theme,
    "help": _help,
    "quit": _quit,
}
