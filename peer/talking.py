"""What one can do with the messages of a room: say, change and take them back, besides all that `Reading` has.

The part of `Room` that its users need most; `Room` is made of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

from .core.messages import Messages
from .core.pace import Pace
from .events import Message
from .ids import MessageId
from .reading import Reading, id_of
from .runtime import Driver

__all__ = ["Talking"]


class Talking(Reading):
    """The messages of one room, `peer.message.MessageActions` among it.

    Each call that says something waits for its turn, beyond `Config.send_per_s`, and while a link is full; once it
    returns, what was said is on the disk. Each raises NotAllowed (which says who may), NotJoined, BadSetting for a
    message that is not here, MessageTooLarge, OutboxFull.
    """

    _driver: Driver
    _pace: Pace

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
            reply_to=id_of(reply_to) if reply_to is not None else None,
            now=self._driver.now,
        )
        self._mesh.stop_typing()
        await self._settle()
        return message

    async def edit(self, message: Message | MessageId, text: str) -> None:
        """Give one of our messages other words; everybody sees that it was edited."""
        await self._say(lambda said, now: said.edit(id_of(message), text, now=now))

    async def delete(self, message: Message | MessageId) -> None:
        """Take a message back for ever: everybody drops its words. Ours, or, for moderators and above, anybody's."""
        await self._say(lambda said, now: said.delete(id_of(message), now=now))

    async def react(self, message: Message | MessageId, emoji: str, *, custom: bool = False) -> None:
        """Put an emoji at a message: any Unicode one, or the id of a custom one."""
        await self._say(lambda said, now: said.react(id_of(message), emoji, is_custom=custom, is_on=True, now=now))

    async def unreact(self, message: Message | MessageId, emoji: str, *, custom: bool = False) -> None:
        """Take ours away again."""
        await self._say(lambda said, now: said.react(id_of(message), emoji, is_custom=custom, is_on=False, now=now))

    async def pin(self, message: Message | MessageId) -> None:
        """Keep a message beyond the newest. Moderators and above."""
        await self._say(lambda said, now: said.pin(id_of(message), is_on=True, now=now))

    async def unpin(self, message: Message | MessageId) -> None:
        """No longer. Moderators and above."""
        await self._say(lambda said, now: said.pin(id_of(message), is_on=False, now=now))

    async def set_title(self, title: str) -> None:
        """What a private room is called from now on, and also by those who come later. Admins and above."""
        await self._say(lambda said, now: said.set_title(title, now=now))

    async def set_slow_mode(self, seconds: int) -> None:
        """Let plain members speak once in so many seconds; 0 ends it. Moderators and above."""
        await self._say(lambda said, now: said.set_slow_mode(seconds, now=now))

    @property
    def may_speak_at(self) -> datetime | None:
        """When slow mode lets us speak again, UTC; None: now. What is sent before waits as a `draft` until then."""
        return self._mesh.messages.may_speak_at

    # ---- what is told of it

    async def mute(self) -> None:
        """Tell nobody of what is said here: `Message.notice` is None from now on, also after a restart."""
        await self._set_muted(True)

    async def unmute(self) -> None:
        """Tell again."""
        await self._set_muted(False)

    async def _set_muted(self, is_muted: bool) -> None:
        self._mesh.speak().mute(is_muted)
        self._mesh.settle(now=self._driver.now)
        self._driver.drain()
        await self._driver.wait_kept()

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

    async def mark_read(self, upto: Message | MessageId | None = None) -> None:
        """All messages, or those up to this one, were seen; their authors are told. Raises BadSetting, NotJoined."""
        self._mesh.speak().mark_read(id_of(upto) if upto is not None else None, now=self._driver.now)
        self._mesh.settle(now=self._driver.now)
        self._driver.drain()
