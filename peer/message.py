"""What people and bots write, as values: a message as it looks now, what can be done with it, and what becomes of it.

All of it is frozen: a message that was edited is another value with the same `id`. What one may do with a message is
done by the room that it came from; one that was made by hand belongs to none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol, TypeAlias

from .errors import UsageError
from .ids import MemberId, MessageId, Topic
from .member import Member

__all__ = [
    "Arrival",
    "AuthorForked",
    "Message",
    "MessageActions",
    "MessageDeleted",
    "MessageEdited",
    "MessagePinned",
    "MessageStatus",
    "MessageVanished",
    "Notice",
    "Reaction",
    "ReactionChanged",
    "SlowModeChanged",
    "StatusChanged",
    "TitleChanged",
    "UnreadChanged",
]

MessageStatus: TypeAlias = Literal["draft", "sent", "delivered", "read", "failed"]
"""How far one of our messages has got; it never falls.

- `draft`: nobody was handed it yet; it is kept, and goes to whoever comes first;
- `sent`: a member has been handed it, and passes it on;
- `delivered`, `read`: every other member has it, has read it; told in rooms up to `Config.max_receipt_members`;
- `failed`: it was a draft when we lost the right to say it. Send it again once you have it.
"""
Arrival: TypeAlias = Literal["live", "missed", "history"]
"""How a message of somebody else came to us:

- `live`: while we were linked to whoever told us;
- `missed`: it was written while we were away, and somebody had kept it for us;
- `history`: it was written before we came into the room.
"""


Notice: TypeAlias = Literal["mention", "reply", "direct", "message"]
"""Why the user is to be told of a message now: it has our name behind an `@`, answers a message of ours, or is in a
room of two; `message` is for all others, which a quiet mark will do for."""


class MessageActions(Protocol):
    """What a room does with its messages; `peer.Room` is one. Each raises NotAllowed, which says who may, NotJoined."""

    async def send(self, text: str, *, reply_to: Message | MessageId | None = None) -> Message: ...

    async def edit(self, message: Message | MessageId, text: str) -> None: ...

    async def delete(self, message: Message | MessageId) -> None: ...

    async def react(self, message: Message | MessageId, emoji: str, *, custom: bool = False) -> None: ...

    async def unreact(self, message: Message | MessageId, emoji: str, *, custom: bool = False) -> None: ...

    async def pin(self, message: Message | MessageId) -> None: ...

    async def unpin(self, message: Message | MessageId) -> None: ...

    async def mark_read(self, upto: Message | MessageId | None = None) -> None: ...


@dataclass(frozen=True, slots=True)
class Reaction:
    """One emoji at a message, and who gave it, in the order in which they did."""

    emoji: str
    """Any Unicode emoji; of a `custom` one, its id."""
    members: tuple[MemberId, ...]
    custom: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a person or bot wrote, as it looked when we were told."""

    id: MessageId
    """A draft has one of its own, which goes on to work after it was sent."""
    room: Topic
    """`Room.id` of the room it was written in."""
    sender: Member
    text: str
    """Empty where it was deleted."""
    sent_at: datetime
    """UTC, by the sender's clock."""
    status: MessageStatus = "sent"
    """Of those of others always `sent`."""
    emote_ids: tuple[str, ...] = ()
    custom_emoji_ids: tuple[str, ...] = ()
    reply_to: MessageId | None = None
    """The message that it answers, be that still kept or not."""
    edited_at: datetime | None = None
    """UTC; None where it never was."""
    is_deleted: bool = False
    is_pinned: bool = False
    reactions: tuple[Reaction, ...] = ()
    arrival: Arrival = "live"
    notice: Notice | None = field(default=None, compare=False)
    """Why to tell the user now; None: do not (it is ours, old, or the room is muted), and in what `history` gives."""
    actions: MessageActions | None = field(default=None, repr=False, compare=False)
    """The room that it came from; None in a message made by hand."""

    async def reply(self, text: str) -> Message:
        """Answer it, in the room that it came from. Raises what `Room.send` raises."""
        return await self._room.send(text, reply_to=self.id)

    async def edit(self, text: str) -> None:
        """Other words; its author only. Raises NotAllowed, MessageTooLarge, BadSetting, NotJoined, UsageError."""
        await self._room.edit(self.id, text)

    async def delete(self) -> None:
        """Take it back for ever: everybody drops its words. Its author, moderators and above: raises NotAllowed."""
        await self._room.delete(self.id)

    async def react(self, emoji: str, *, custom: bool = False) -> None:
        """Put an emoji at it. Raises BadSetting, NotAllowed, NotJoined, UsageError."""
        await self._room.react(self.id, emoji, custom=custom)

    async def unreact(self, emoji: str, *, custom: bool = False) -> None:
        """Take ours away again."""
        await self._room.unreact(self.id, emoji, custom=custom)

    async def pin(self) -> None:
        """Keep it beyond the newest. Moderators and above: raises NotAllowed."""
        await self._room.pin(self.id)

    async def unpin(self) -> None:
        """No longer. Moderators and above: raises NotAllowed."""
        await self._room.unpin(self.id)

    async def mark_read(self) -> None:
        """We have seen it, and all before it."""
        await self._room.mark_read(self.id)

    @property
    def _room(self) -> MessageActions:
        if self.actions is None:
            raise UsageError("this message came from no room: nothing can be done with it there")
        return self.actions


@dataclass(frozen=True, slots=True)
class StatusChanged:
    """One of our messages got further."""

    message_id: MessageId
    status: MessageStatus
    draft_id: MessageId | None = None
    """With `sent`: which draft it was. Until then `draft_id` was its id, from now on it is `message_id`."""


@dataclass(frozen=True, slots=True)
class MessageEdited:
    """Its author gave a message other words."""

    message: Message


@dataclass(frozen=True, slots=True)
class MessageDeleted:
    """A message was taken back; its words are gone from here too."""

    message: Message


@dataclass(frozen=True, slots=True)
class MessagePinned:
    """A message was pinned, or is no more: `message.is_pinned`."""

    message: Message


@dataclass(frozen=True, slots=True)
class ReactionChanged:
    """Somebody put an emoji at a message, or took it away."""

    message: Message
    member: Member
    emoji: str
    is_on: bool
    custom: bool = False


@dataclass(frozen=True, slots=True)
class MessageVanished:
    """A message is shown no more: newer ones took its place, or its author had lost the right to it."""

    message_id: MessageId


@dataclass(frozen=True, slots=True)
class UnreadChanged:
    """So many messages of others wait to be read."""

    count: int


@dataclass(frozen=True, slots=True)
class TitleChanged:
    """The room is called otherwise now."""

    title: str


@dataclass(frozen=True, slots=True)
class SlowModeChanged:
    """Plain members speak once in so many seconds; 0: as often as they like."""

    seconds: int


@dataclass(frozen=True, slots=True)
class AuthorForked:
    """A key said two things in one place: two processes share it, or somebody lies. What it says counts no more."""

    member: Member
