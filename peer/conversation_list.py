"""The list of conversations: a line for each room that we are in or have kept, the one with the newest message first.

Made of what the stores hold, so no room need be entered for it, nor loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from .core.names import clean_name
from .crypto.identity import member_id_of, public_key_of
from .events import Message
from .ids import MemberId, RoomId
from .log.event import ms_of
from .log.genesis import decode_genesis, is_direct
from .log.record import Conversation as LogLine
from .log.record import Summary
from .ports import RoomLine
from .wire.frames import MAX_NAME_CHARS

__all__ = ["Conversation", "ConversationKind", "FoundMessage", "Preview", "list_conversations", "other_in"]

ConversationKind: TypeAlias = Literal["direct", "private", "public"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The last message of a conversation."""

    sender_name: str
    text: str = field(repr=False)
    """Its first 200 characters; empty where it was deleted."""
    sent_at: datetime
    """UTC."""
    is_mine: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """One room in the list; `Peer.enter` opens it."""

    room_id: RoomId
    kind: ConversationKind
    title: str
    """In a direct one the other's name; for people to read."""
    unread: int = 0
    preview: Preview | None = None
    """None where nothing was said yet."""
    is_open: bool = False
    """Whether we are in it now."""
    member: MemberId | None = None
    """The other one, in a direct one."""


@dataclass(frozen=True, slots=True)
class FoundMessage:
    """What a search over all rooms found."""

    conversation: Conversation
    message: Message


def other_in(genesis: bytes, me: MemberId) -> MemberId | None:
    """With whom we share the direct room of this genesis; None for any other room. Raises MalformedFrame."""
    founding = decode_genesis(genesis)
    others = {member_id_of(owner) for owner in founding.owners} - {me}
    is_ours = is_direct(founding) and public_key_of(me) in founding.owners
    return others.pop() if is_ours else None


def list_conversations(
    lines: Iterable[RoomLine],
    logs: Iterable[LogLine],
    *,
    me: MemberId,
    name_of: Callable[[MemberId], str],
    open_rooms: Mapping[RoomId, str],
) -> list[Conversation]:
    """Of all that is kept. `open_rooms`: the titles of those that we are in; `name_of`: empty for whom we never met."""
    summaries = {each.room_id: each.summary for each in logs}
    known = {line.room_id: line for line in lines}
    for room_id in summaries:  # of an earlier version, which kept no public rooms
        known.setdefault(room_id, RoomLine(room_id, ""))
    newest = sorted(known, key=lambda room_id: (_hlc_of(summaries.get(room_id)), room_id), reverse=True)
    return [
        _line(known[room_id], summaries.get(room_id, Summary(title="")), me, name_of, open_rooms) for room_id in newest
    ]


def _hlc_of(summary: Summary | None) -> int:
    return summary.hlc if summary is not None else 0


def _line(
    line: RoomLine,
    summary: Summary,
    me: MemberId,
    name_of: Callable[[MemberId], str],
    open_rooms: Mapping[RoomId, str],
) -> Conversation:
    other = other_in(line.genesis, me) if line.genesis else None
    named = (name_of(other) or "nameless") if other is not None else _readable(summary.title) or line.title
    return Conversation(
        room_id=line.room_id,
        kind="direct" if other is not None else "private" if line.genesis else "public",
        title=open_rooms.get(line.room_id) or named or "untitled",
        unread=summary.unread,
        preview=_preview(summary, me, name_of),
        is_open=line.room_id in open_rooms,
        member=other,
    )


def _readable(title: str) -> str:
    """An admin's, who may be anybody."""
    return clean_name(title, max_chars=MAX_NAME_CHARS)


def _preview(summary: Summary, me: MemberId, name_of: Callable[[MemberId], str]) -> Preview | None:
    if not summary.author:
        return None
    sender = member_id_of(summary.author)
    return Preview(
        sender_name=name_of(sender) or "nameless",
        text=summary.text,
        sent_at=datetime.fromtimestamp(ms_of(summary.hlc) / 1000, UTC),
        is_mine=sender == me,
    )
