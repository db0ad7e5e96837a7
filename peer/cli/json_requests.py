"""What a program may ask of a room, one JSON object a line: names, types, and what each does.

A request names what is to be done as `type`, and may have a `ref` of its own choice, which its answer repeats.
docs/terminal.md lists them; a test compares.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

from ..ids import MemberId, MessageId
from ..room import Room
from .json_lines import plain

__all__ = ["REQUESTS", "Leave", "Ref", "Request", "decode_request", "ref_of"]

Ref: TypeAlias = str | int | None
Answer: TypeAlias = dict[str, Any]


class _Request(msgspec.Struct, tag_field="type", frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    ref: Ref = None


class Send(_Request, tag="send", frozen=True, kw_only=True):
    text: str
    reply_to: MessageId | None = None
    emote_ids: tuple[str, ...] = ()
    custom_emoji_ids: tuple[str, ...] = ()

    async def do(self, room: Room) -> Answer:
        sent = await room.send(
            self.text, reply_to=self.reply_to, emote_ids=self.emote_ids, custom_emoji_ids=self.custom_emoji_ids
        )
        return {"message": plain(sent)}


class Edit(_Request, tag="edit", frozen=True, kw_only=True):
    id: MessageId
    text: str

    async def do(self, room: Room) -> Answer:
        await room.edit(self.id, self.text)
        return {}


class Delete(_Request, tag="delete", frozen=True, kw_only=True):
    id: MessageId

    async def do(self, room: Room) -> Answer:
        await room.delete(self.id)
        return {}


class React(_Request, tag="react", frozen=True, kw_only=True):
    id: MessageId
    emoji: str
    custom: bool = False
    on: bool = True

    async def do(self, room: Room) -> Answer:
        await (room.react if self.on else room.unreact)(self.id, self.emoji, custom=self.custom)
        return {}


class Pin(_Request, tag="pin", frozen=True, kw_only=True):
    id: MessageId
    on: bool = True

    async def do(self, room: Room) -> Answer:
        await (room.pin if self.on else room.unpin)(self.id)
        return {}


class Read(_Request, tag="read", frozen=True, kw_only=True):
    upto: MessageId | None = None

    async def do(self, room: Room) -> Answer:
        await room.mark_read(self.upto)
        return {}


class Typing(_Request, tag="typing", frozen=True, kw_only=True):
    on: bool = True

    async def do(self, room: Room) -> Answer:
        await room.set_typing(self.on)
        return {}


class Presence(_Request, tag="presence", frozen=True, kw_only=True):
    presence: Literal["online", "away"]

    async def do(self, room: Room) -> Answer:
        await room.set_presence(self.presence)
        return {}


class History(_Request, tag="history", frozen=True, kw_only=True):
    limit: int = 50
    before: MessageId | None = None

    async def do(self, room: Room) -> Answer:
        return {"messages": [plain(each) async for each in room.history(limit=self.limit, before=self.before)]}


class Search(_Request, tag="search", frozen=True, kw_only=True):
    text: str
    limit: int = 50

    async def do(self, room: Room) -> Answer:
        return {"messages": plain(await room.search(self.text, limit=self.limit))}


class Members(_Request, tag="members", frozen=True, kw_only=True):
    async def do(self, room: Room) -> Answer:
        return {"members": plain(room.members), "lobby": plain(room.lobby)}


class Invite(_Request, tag="invite", frozen=True, kw_only=True):
    open: bool = False
    expires_s: float | None = 86_400.0

    async def do(self, room: Room) -> Answer:
        return {"invite": await room.create_invite(open=self.open, expires_s=self.expires_s)}


class Admit(_Request, tag="admit", frozen=True, kw_only=True):
    member: MemberId

    async def do(self, room: Room) -> Answer:
        await room.admit(self.member)
        return {}


class Kick(_Request, tag="kick", frozen=True, kw_only=True):
    member: MemberId

    async def do(self, room: Room) -> Answer:
        await room.kick(self.member)
        return {}


class SetRole(_Request, tag="role", frozen=True, kw_only=True):
    member: MemberId
    role: Literal["admin", "moderator", "member"]

    async def do(self, room: Room) -> Answer:
        await room.promote(self.member, self.role)
        return {}


class Title(_Request, tag="title", frozen=True, kw_only=True):
    title: str

    async def do(self, room: Room) -> Answer:
        await room.set_title(self.title)
        return {}


class Leave(_Request, tag="leave", frozen=True, kw_only=True):
    async def do(self, room: Room) -> Answer:  # noqa: ARG002 - the chat ends, and leaves the room
        return {}


Request: TypeAlias = (
    Send | Edit | Delete | React | Pin | Read | Typing | Presence | History | Search | Members | Invite | Admit | Kick
    | SetRole | Title | Leave
)  # fmt: skip

REQUESTS: dict[str, type[_Request]] = {str(each.__struct_config__.tag): each for each in Request.__args__}
"""By what stands in `type`."""


class _Ref(msgspec.Struct, frozen=True):
    ref: Ref = None


decode_request = msgspec.json.Decoder(Request).decode
"""Raises `msgspec.DecodeError`, whose sentence says what is wrong."""


def ref_of(line: str) -> Ref:
    """That of a request which could not be read otherwise."""
    try:
        return msgspec.json.decode(line, type=_Ref).ref
    except msgspec.DecodeError:
        return None
