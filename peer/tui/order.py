"""A command to be carried out: where, by whom, and what was typed behind it. Finds the member or message it means."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from ..errors import UsageError
from ..member import Member
from ..message import Message
from ..shown import find
from .commands import usage_of
from .desk import Desk
from .room_view import RoomView

__all__ = ["Deed", "Order", "Screen"]


class Screen(Protocol):
    """What only the screen can do."""

    def show_help(self) -> None: ...

    def show_invite(self, link: str, note: str) -> None: ...

    def show_code(self, member: Member, number: str, code: str) -> None: ...

    def set_theme(self, name: str) -> str:
        """The answer for people."""

    def end(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One command, in the room where it was typed."""

    name: str
    rest: str
    """What stood behind it."""
    desk: Desk
    view: RoomView
    screen: Screen

    def usage(self) -> UsageError:
        """It was typed otherwise than it has to be."""
        return UsageError(usage_of(self.name))

    def need(self) -> str:
        """What stood behind it. Raises UsageError where nothing did."""
        if not self.rest:
            raise self.usage()
        return self.rest

    def member(self, nick: str | None = None, *, among: Iterable[Member] | None = None) -> Member:
        """Whom it is about. Raises UsageError unless that is one person."""
        wanted = (nick if nick is not None else self.need()).removeprefix("@")
        return find(self.view.room.members if among is None else among, wanted)

    def message(self, *, mine: bool) -> Message:
        """The chosen message, else the last one of ours, or of others. Raises UsageError."""
        transcript = self.view.transcript
        message = transcript.find(self.view.chosen) or transcript.newest(mine=mine)
        if message is None:
            raise UsageError("there is no such message on the screen: choose one with Alt+Up, or PgUp for older ones")
        return message


Deed: TypeAlias = Callable[[Order], Awaitable[str | None]]
"""Carries an order out; the answer is for people. Raises PeerError, which is told instead."""
