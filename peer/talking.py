"""What one can do with the messages of a room: say, change, take back, look at, search and write them out.

The part of `Room` that its users need most; `Room` is made of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from pathlib import Path
from typing import Literal, TextIO

from .config import Config
from .core.mesh import Mesh
from .core.messages import Messages
from .core.pace import Pace
from .errors import BadSetting
from .events import Message
from .export import Entry, json_line, markdown
from .ids import MessageId
from .messages.view import decode_row
from .ports import MessageStore
from .runtime import Driver

__all__ = ["Talking"]

_PAGE = 50


class Talking:
    """The messages of one room, `peer.message.MessageActions` among it.

    Each call that says something waits for its turn, beyond `Config.send_per_s`, and while a link is full; once it
    returns, what was said is on the disk. Each raises NotAllowed (which says who may), NotJoined, BadSetting for a
    message that is not here, MessageTooLarge, OutboxFull.
    """

    _mesh: Mesh
    _driver: Driver
    _config: Config
    _pace: Pace
    _store: MessageStore

    # ---- saying

    async def send(
        self,
        text: str,
        *,
        emote_ids: Sequence[str] = (),
        custom_emoji_ids: Sequence[str] = (),
        reply_to: Message | MessageId | None = None,
    ) -> Message:
        """Send to all members, those included who are away: they get it from whoever is there when they come.

        Before anybody is linked the message is a `draft` that goes to whoever comes first; `StatusChanged` tells.
        """
        await self._wait_turn()
        message = self._mesh.speak().send(
            text,
            emote_ids=emote_ids,
            custom_emoji_ids=custom_emoji_ids,
            reply_to=_id_of(reply_to) if reply_to is not None else None,
            now=self._driver.now,
        )
        self._mesh.stop_typing()
        await self._settle()
        return message

    async def edit(self, message: Message | MessageId, text: str) -> None:
        """Give one of our messages other words; everybody sees that it was edited."""
        await self._say(lambda said, now: said.edit(_id_of(message), text, now=now))

    async def delete(self, message: Message | MessageId) -> None:
        """Take a message back for ever: everybody drops its words. Ours, or, for moderators and above, anybody's."""
        await self._say(lambda said, now: said.delete(_id_of(message), now=now))

    async def react(self, message: Message | MessageId, emoji: str, *, custom: bool = False) -> None:
        """Put an emoji at a message: any Unicode one, or the id of a custom one."""
        await self._say(lambda said, now: said.react(_id_of(message), emoji, is_custom=custom, is_on=True, now=now))

    async def unreact(self, message: Message | MessageId, emoji: str, *, custom: bool = False) -> None:
        """Take ours away again."""
        await self._say(lambda said, now: said.react(_id_of(message), emoji, is_custom=custom, is_on=False, now=now))

    async def pin(self, message: Message | MessageId) -> None:
        """Keep a message beyond the newest. Moderators and above."""
        await self._say(lambda said, now: said.pin(_id_of(message), is_on=True, now=now))

    async def unpin(self, message: Message | MessageId) -> None:
        """No longer. Moderators and above."""
        await self._say(lambda said, now: said.pin(_id_of(message), is_on=False, now=now))

    async def set_title(self, title: str) -> None:
        """What a private room is called from now on, and also by those who come later. Admins and above."""
        await self._say(lambda said, now: said.set_title(title, now=now))

    async def set_slow_mode(self, seconds: int) -> None:
        """Let plain members speak once in so many seconds; 0 ends it. Moderators and above."""
        await self._say(lambda said, now: said.set_slow_mode(seconds, now=now))

    async def _say(self, act: Callable[[Messages, float], None]) -> None:
        await self._wait_turn()
        act(self._mesh.speak(), self._driver.now)
        await self._settle()

    async def _settle(self) -> None:
        """What follows from it; return once it is kept, and no link is too full."""
        self._mesh.settle(now=self._driver.now)
        self._driver.drain()
        await self._driver.wait_kept()
        await self._driver.wait_drained()

    async def _wait_turn(self) -> None:
        """No faster than the others take it: they cut who floods them."""
        if pause_s := self._pace.reserve(now=self._driver.now):
            await asyncio.sleep(pause_s)

    # ---- reading

    @property
    def unread(self) -> int:
        """How many messages of others, written since we came, were not marked as read."""
        return self._mesh.messages.unread

    @property
    def slow_mode_s(self) -> int:
        """Plain members speak once in so many seconds; 0: as often as they like."""
        return self._mesh.messages.slow_mode_s

    async def mark_read(self, upto: Message | MessageId | None = None) -> None:
        """All messages, or those up to this one, were seen; their authors are told. Raises BadSetting, NotJoined."""
        self._mesh.speak().mark_read(_id_of(upto) if upto is not None else None, now=self._driver.now)
        self._mesh.settle(now=self._driver.now)
        self._driver.drain()

    async def history(
        self, *, before: Message | MessageId | None = None, limit: int | None = None
    ) -> AsyncIterator[Message]:
        """What is kept of the room, newest first; at most `limit`, only what is older than `before` where that is
        given, else drafts of ours first. Raises BadSetting."""
        messages = self._mesh.messages
        left = limit if limit is not None else self._config.max_kept_messages * 100
        place = messages.place_of(_id_of(before)) if before is not None else None
        for message in messages.drafts()[:left] if before is None else ():
            left -= 1
            yield message
        while left > 0 and (page := messages.page(place, limit=min(left, _PAGE))):
            place = messages.place_of(page[-1].id)
            left -= len(page)
            for message in page:
                yield message
            await asyncio.sleep(0)  # who reads thousands leaves the others their turn

    async def search(self, text: str, *, limit: int = 50) -> list[Message]:
        """Messages that hold all of these words, whatever their case and accents, newest first. Raises StoreError."""
        found = await self._store.search(text, room_id=self._mesh.membership.room_id, limit=limit)
        return [self._mesh.messages.as_message(decode_row(each.shown)) for each in found]

    async def export(self, target: str | Path | TextIO, *, format: Literal["jsonl", "markdown"] = "jsonl") -> None:  # noqa: A002
        """Write all that is kept of the room, oldest first, to a file or a stream. Raises BadSetting, OSError."""
        if format not in ("jsonl", "markdown"):
            raise BadSetting(f"a room is exported as jsonl or markdown, not as {format!r}")
        kept = [message async for message in self.history() if message.status != "draft"]
        entries = [self._entry(message) for message in reversed(kept)]
        parts = map(json_line, entries) if format == "jsonl" else markdown(self._mesh.title, entries)
        if isinstance(target, str | Path):
            await asyncio.to_thread(_write, Path(target), parts)
        else:
            target.writelines(parts)  # noqa: ASYNC240 - the caller chose a stream that it may wait for

    def _entry(self, message: Message) -> Entry:
        names = self._mesh.messages.name_of
        return Entry(
            id=message.id,
            sender_id=message.sender.id,
            sender_name=message.sender.name,
            sent_at=message.sent_at,
            text=message.text,
            edited_at=message.edited_at,
            is_deleted=message.is_deleted,
            is_pinned=message.is_pinned,
            reply_to=message.reply_to,
            emote_ids=message.emote_ids,
            custom_emoji_ids=message.custom_emoji_ids,
            reactions=tuple((each.emoji, tuple(map(names, each.members))) for each in message.reactions),
        )


def _write(path: Path, parts: Iterable[str]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(parts)


def _id_of(message: Message | MessageId) -> MessageId:
    return message.id if isinstance(message, Message) else message
