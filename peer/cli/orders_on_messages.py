"""What a line chat does with messages: answer, change, take back, react, pin, look back."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import UsageError
from ..events import Message
from ..ids import MessageId
from .desk import Desk, Order

__all__ = ["MESSAGE_ORDERS", "send"]

_USUAL_PAGE, _LONGEST_PAGE = 20, 1000


async def send(desk: Desk, text: str, *, reply_to: MessageId | None = None) -> None:
    """Say it. Raises what `Room.send` raises."""
    message = await desk.room.send(text, reply_to=reply_to)
    desk.shelf.put(message)
    if message.status == "draft":
        desk.say(desk.style.grey(_why_it_waits(desk)))


def _why_it_waits(desk: Desk) -> str:
    speak_at = desk.room.may_speak_at
    if speak_at is not None:
        return f"members speak once in {desk.room.slow_mode_s} s here: it goes out at {speak_at.astimezone():%H:%M:%S}"
    return "nobody is here yet: it will be sent to whoever comes first"


async def _me(desk: Desk, rest: str) -> str:
    await send(desk, f"/me {_words(rest, '/me waves')}")
    return ""


async def _reply(desk: Desk, rest: str) -> str:
    target, words = _at_others(desk, rest)
    await send(desk, _words(words, "/reply WORDS"), reply_to=target)
    return ""


async def _edit(desk: Desk, rest: str) -> str:
    target, words = _at_mine(desk, rest)
    await desk.room.edit(target, _words(words, "/edit WORDS"))
    return ""


async def _delete(desk: Desk, rest: str) -> str:
    target, words = _at_mine(desk, rest)
    if words:
        raise UsageError("/delete takes back your newest message; /delete #7 another one: /history shows numbers")
    await desk.room.delete(target)
    return desk.style.grey("taken back")


async def _react(desk: Desk, rest: str) -> str:
    target, emoji = _at_others(desk, rest)
    await desk.room.react(target, _words(emoji, "/react 👍"))
    return ""


async def _unreact(desk: Desk, rest: str) -> str:
    target, emoji = _at_others(desk, rest)
    await desk.room.unreact(target, _words(emoji, "/unreact 👍"))
    return ""


async def _pin(desk: Desk, rest: str) -> str:
    await desk.room.pin(_at_others(desk, rest)[0])
    return ""


async def _unpin(desk: Desk, rest: str) -> str:
    await desk.room.unpin(_at_others(desk, rest)[0])
    return ""


async def _history(desk: Desk, rest: str) -> str:
    limit = _USUAL_PAGE
    if rest:
        if not (rest.isascii() and rest.isdigit() and 0 < int(rest[:9]) <= _LONGEST_PAGE):
            raise UsageError(f"how many? /history 50; at most {_LONGEST_PAGE}")
        limit = int(rest)
    page = [message async for message in desk.room.history(limit=limit)]
    return _listed(desk, page) or desk.style.grey("nothing was said here yet")


async def _search(desk: Desk, rest: str) -> str:
    found = await desk.room.search(_words(rest, "/search WORDS"))
    return _listed(desk, found) or desk.style.grey("nothing that was kept here holds all of these words")


def _listed(desk: Desk, newest_first: list[Message]) -> str:
    return "\n".join(desk.line_of(each, is_numbered=True, has_date=True) for each in reversed(newest_first))


def _at_others(desk: Desk, rest: str) -> tuple[MessageId, str]:
    """Which message is meant, the newest of others by default, and the words behind that."""
    return _pointed(desk, rest) or (desk.shelf.newest_of_others(), rest)


def _at_mine(desk: Desk, rest: str) -> tuple[MessageId, str]:
    return _pointed(desk, rest) or (desk.shelf.newest_of(desk.room.me), rest)


def _pointed(desk: Desk, rest: str) -> tuple[MessageId, str] | None:
    word, _, words = rest.partition(" ")
    target = desk.shelf.point(word, desk.room.members)
    return None if target is None else (target, words.strip())


def _words(text: str, example: str) -> str:
    if not text:
        raise UsageError(f"it takes more than that: {example}")
    return text


MESSAGE_ORDERS: Mapping[str, Order] = {
    "/me": _me,
    "/reply": _reply,
    "/edit": _edit,
    "/delete": _delete,
    "/react": _react,
    "/unreact": _unreact,
    "/pin": _pin,
    "/unpin": _unpin,
    "/history": _history,
    "/search": _search,
}
