"""What one can look at in a room, be it entered or only kept: its messages, page by page, found, or written out.

Needs no link and no server. `Talking`, and so `Room`, is made of it; so is a room that was not entered.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Literal, TextIO

from .config import Config
from .core.mesh import Mesh
from .errors import BadSetting
from .events import Message
from .export import Entry, json_line, markdown
from .ids import MemberId, MessageId
from .messages.view import View, decode_row
from .ports import MessageStore

__all__ = ["KeptRoom", "Reading", "id_of"]

_PAGE = 50


class Reading:
    """The messages of one room, to look at."""

    _mesh: Mesh
    _config: Config
    _store: MessageStore

    @property
    def unread(self) -> int:
        """How many messages of others, written since we came, were not marked as read."""
        return self._mesh.messages.unread

    @property
    def slow_mode_s(self) -> int:
        """Plain members speak once in so many seconds; 0: as often as they like."""
        return self._mesh.messages.slow_mode_s

    @property
    def is_muted(self) -> bool:
        """Nobody is to be told of what is said here: `Room.mute`."""
        return self._mesh.messages.is_muted

    async def history(
        self, *, before: Message | MessageId | None = None, limit: int | None = None
    ) -> AsyncIterator[Message]:
        """What is kept of the room, newest first; at most `limit`, only what is older than `before` where that is
        given, else drafts of ours first. Raises BadSetting."""
        messages = self._mesh.messages
        left = limit if limit is not None else self._config.max_kept_messages * 100
        place = messages.place_of(id_of(before)) if before is not None else None
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
        return [self.as_message(decode_row(each.shown)) for each in found]

    def owes(self, member: MemberId) -> bool:
        """Whether something that we said is not known to have reached this one."""
        journal = self._mesh.messages.history.journal
        reached = journal.progress.of_member(member, journal.pen.log)
        return bool(len(journal.drafts)) or reached.delivered < journal.pen.state.seq

    def as_message(self, view: View) -> Message:
        """A row of the store, which need not be shown any more."""
        return self._mesh.messages.as_message(view)

    async def export(self, target: str | Path | TextIO, *, format: Literal["jsonl", "markdown"] = "jsonl") -> None:  # noqa: A002
        """Write all that is kept of the room, oldest first, to a file or a stream. Raises BadSetting, OSError."""
        if format not in ("jsonl", "markdown"):
            raise BadSetting(f"a room is exported as jsonl or markdown, not as {format!r}")
        kept = [message async for message in self.history() if message.status != "draft"]
        entries = [self._entry(message) for message in reversed(kept)]
        parts = map(json_line, entries) if format == "jsonl" else markdown(self._heading, entries)
        if isinstance(target, str | Path):
            await asyncio.to_thread(_write, Path(target), parts)
        else:
            target.writelines(parts)  # noqa: ASYNC240 - the caller chose a stream that it may wait for

    @property
    def _heading(self) -> str:
        """What the room is called: by its title, or, where two are alone, as the other one is."""
        other = self._mesh.membership.other
        return self._mesh.messages.name_of(other) if other is not None else self._mesh.title

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


class KeptRoom(Reading):
    """A room that we are not in, as it was when we last were."""

    def __init__(self, mesh: Mesh, *, store: MessageStore, config: Config) -> None:
        """`mesh` is made from what was kept, and never started."""
        self._mesh = mesh
        self._store = store
        self._config = config


def _write(path: Path, parts: Iterable[str]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(parts)


def id_of(message: Message | MessageId) -> MessageId:
    return message.id if isinstance(message, Message) else message
