"""The room that a word on the command line means, and who is there."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping

from ..conversation_list import Conversation
from ..errors import BadSetting, JoinRefused, UsageError
from ..events import Event, RoomState, StateChanged
from ..invite import looks_like_invite
from ..peer import Peer
from ..room import Room

__all__ = ["Watch", "enter", "find_kept", "has_company", "maybe_kept", "named_place", "short_id"]

_ID_CHARS = 8


def named_place(where: str | None, *, environment: Mapping[str, str] = os.environ) -> str | None:
    """As it was typed; `-` stands for SPEAKTUBE_INVITE, which others do not read. Raises BadSetting."""
    if where != "-":
        return where
    invite = environment.get("SPEAKTUBE_INVITE", "").strip()
    if not invite:
        raise BadSetting("- stands for the invite link in SPEAKTUBE_INVITE, and that is not set")
    return invite


async def enter(me: Peer, where: str) -> Room:
    """By an invite link; else the conversation of this title, if one is kept; else the public room of this name.

    Raises what `Peer.join_room` raises, and UsageError where several conversations bear the title.
    """
    if looks_like_invite(where):
        return await me.join_room(where)
    kept = await maybe_kept(me, where)
    return await (_enter_public(me, where) if kept is None else me.enter(kept))


async def _enter_public(me: Peer, name: str) -> Room:
    try:
        return await me.join_room(name)
    except JoinRefused as error:
        if error.code != "no_such_room":
            raise
        hint = f"no conversation kept here (rooms --mine) and no public room (rooms) is called {name}"
        raise JoinRefused(error.code, "there is no such room", hint=hint) from error


async def maybe_kept(me: Peer, where: str) -> Conversation | None:
    """The conversation of this title, or of an id that begins so, among those that are kept. Raises UsageError."""
    kept = await me.conversations()
    titled = [each for each in kept if each.title.casefold() == where.casefold()]
    found = titled or [each for each in kept if len(where) >= _ID_CHARS and each.room_id.hex().startswith(where)]
    if len(found) > 1:
        ids = ", ".join(short_id(each) for each in found)
        raise UsageError(f"{len(found)} conversations are called {where}: say which by its id: {ids}")
    return found[0] if found else None


async def find_kept(me: Peer, where: str) -> Conversation:
    """The same; raises UsageError where there is none."""
    kept = await maybe_kept(me, where)
    if kept is None:
        raise UsageError(f"no conversation called {where} is kept here: python -m peer rooms --mine lists them")
    return kept


def short_id(conversation: Conversation) -> str:
    """Enough of it to type."""
    return conversation.room_id.hex()[:_ID_CHARS]


def has_company(room: Room) -> bool:
    """Somebody else is linked."""
    return any(member.connection == "linked" and not member.is_me for member in room.members)


class Watch:
    """Looks on at a room, and takes nothing: messages that come meanwhile are told to whoever reads them next."""

    def __init__(self, room: Room, on_event: Callable[[Event], None] = lambda _: None) -> None:
        self._on_event = on_event
        self._changed = asyncio.Event()
        self._is_over = False
        room.attach(self)

    def put(self, event: Event) -> None:
        """For `Room`."""
        self._on_event(event)
        self._is_over |= isinstance(event, StateChanged) and event.state is RoomState.LEFT
        self._changed.set()

    def fall_behind(self) -> None:
        """For `Room`."""
        self._changed.set()

    def end(self) -> None:
        """For `Room`."""
        self._is_over = True
        self._changed.set()

    async def until(self, is_so: Callable[[], bool], *, timeout_s: float | None) -> bool:
        """Looked at again after each event; False where it is not in time, or the room was left."""
        try:
            async with asyncio.timeout(timeout_s):
                while not is_so() and not self._is_over:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            pass
        return is_so()
