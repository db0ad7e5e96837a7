"""Commands about messages: answer, change, take back, put an emoji at, keep, find."""

from __future__ import annotations

from collections.abc import Sequence

from rich.emoji import Emoji, NoEmoji

from ..message import Message
from .order import Deed, Order
from .speech import clock, excerpt, mentions

__all__ = ["MESSAGE_DEEDS"]

_MAX_FOUND = 50


async def _reply(order: Order) -> str | None:
    await order.view.send(order.need(), reply_to=order.message(mine=False))
    order.view.chosen = None
    return None


async def _react(order: Order) -> str | None:
    await order.view.room.react(order.message(mine=False), emoji_of(order.need()))
    return None


async def _unreact(order: Order) -> str | None:
    await order.view.room.unreact(order.message(mine=False), emoji_of(order.need()))
    return None


async def _edit(order: Order) -> str | None:
    await order.view.edit(order.message(mine=True), order.need())
    order.view.chosen = None
    return None


async def _delete(order: Order) -> str | None:
    await order.view.delete(order.message(mine=True))
    order.view.chosen = None
    return None


async def _pin(order: Order) -> str | None:
    await order.view.room.pin(order.message(mine=False))
    return None


async def _unpin(order: Order) -> str | None:
    await order.view.room.unpin(order.message(mine=False))
    return None


async def _search(order: Order) -> str | None:
    found = await order.view.room.search(order.need(), limit=_MAX_FOUND)
    return _listed(found[::-1], f"messages with {order.rest}")


async def _lastlog(order: Order) -> str | None:
    messages, me = order.view.transcript.messages(), order.view.room.me.name
    if not order.rest:
        return _listed([each for each in messages if mentions(each.text, me)], "messages that name you")
    wanted = order.rest.casefold()
    return _listed([each for each in messages if wanted in each.text.casefold()], f"messages with {order.rest}")


def _listed(found: Sequence[Message], what: str) -> str:
    lines = [f"{each.sent_at.astimezone():%Y-%m-%d} {clock(each.sent_at)} {excerpt(each)}" for each in found]
    return "\n".join([f"{what}:", *lines[-_MAX_FOUND:]]) if lines else f"no {what}"


def emoji_of(text: str) -> str:
    """As it was typed, or by its name: `:heart:` or `heart`."""
    try:
        return str(Emoji(text.strip(":"))) if text.isascii() else text
    except NoEmoji:
        return text


MESSAGE_DEEDS: dict[str, Deed] = {
    "reply": _reply,
    "react": _react,
    "unreact": _unreact,
    "edit": _edit,
    "delete": _delete,
    "pin": _pin,
    "unpin": _unpin,
    "search": _search,
    "lastlog": _lastlog,
}
