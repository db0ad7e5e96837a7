"""Bots: the short way for programs that answer.

A handler says by its annotation what it wants to hear. Events of one member are handled in order, those of different
members side by side, so that a slow handler for one holds up nobody else. A handler that raises is logged by name and
stops nothing.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import signal
import sys
import typing
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from types import UnionType
from typing import Any

from .commands import Command, parse_command
from .config import Config
from .dispatch import Dispatcher
from .errors import BadSetting, JoinRefused, PeerError, UsageError
from .events import Event, Message, MessageDeleted, MessageEdited, ReactionChanged, RoomState
from .invite import looks_like_invite
from .peer import Peer, server_of
from .ports import TokenSource
from .room import Room
from .runtime import Runtime

__all__ = ["Bot"]

_log = logging.getLogger("peer")

_GRACE_S = 2.0
"""For handlers that are at work when the room is left; one that hangs must not keep Ctrl-C from ending the bot."""

Handler = Callable[[Any], Awaitable[None]]
CommandHandler = Callable[..., Awaitable[None]]


class Bot:
    """Handlers, and the rooms they serve. See `peer.testing` for tests without a network."""

    def __init__(self, name: str, *, prefix: str = "!", config: Config | None = None) -> None:
        """`prefix` begins a command, such as "!add 2 3"."""
        self.name = name
        self._prefix = prefix
        self._config = config
        self._handlers: list[tuple[tuple[type, ...], Handler]] = []
        self._commands: dict[str, Command] = {}

    def on(self, handler: Handler) -> Handler:
        """Register a handler; the annotation of its only parameter is the event, or union of events, that it hears."""
        self._handlers.append((_event_types(handler), handler))
        return handler

    def command(self, handler: CommandHandler) -> CommandHandler:
        """Register a command: its name, arguments and their types are those of the function, after the message."""
        command = Command.of(handler)
        if command.name in self._commands:
            raise BadSetting(f"command {command.name} is there twice: rename one of the functions")
        self._commands[command.name] = command
        return handler

    def run(
        self,
        invite_or_server: str,
        *,
        room: str | None = None,
        token: TokenSource = None,
        data_dir: str | Path | None = None,
    ) -> None:
        """Serve one room until Ctrl-C or SIGTERM; for scripts. A `room` that does not exist is made, as a public one.

        Ends with a sentence on standard error and exit code 1 where the room cannot be entered.
        """
        try:
            asyncio.run(self._run(invite_or_server, room=room, token=token, data_dir=data_dir))
        except PeerError as error:
            sys.exit(f"{self.name}: {error}")

    async def _run(
        self, invite_or_server: str, *, room: str | None, token: TokenSource, data_dir: str | Path | None
    ) -> None:
        stop = _stop_event()
        async with Peer(
            server_of(invite_or_server), name=self.name, token=token, data_dir=data_dir, config=self._config
        ) as me:
            entered = await _enter(me, invite_or_server, room)
            place = "in the lobby until an admin lets it in" if entered.state is RoomState.LOBBY else "in the room"
            print(f"{self.name} is {place}; Ctrl-C leaves", file=sys.stderr)  # noqa: T201
            async with Runtime() as runtime:
                runtime.spawn(_leave_when(stop, entered), name="stop")
                await self.serve(entered)
                stop.set()

    async def serve(self, room: Room) -> None:
        """Handle the events of one room until it is left; for programs that hold their own `Peer`."""
        async with Runtime() as runtime:

            async def handle(event: Event) -> None:
                await self.handle(event)
                room.acknowledge(event)

            dispatcher = Dispatcher(handle, runtime)
            room.attach(dispatcher)
            await dispatcher.wait_ended()
            await runtime.wind_up(grace_s=_GRACE_S)

    async def handle(self, event: Event) -> None:
        """Call every handler that wants this event, one after the other; what is old news to a bot is for none."""
        if _is_old_news(event):
            return
        if isinstance(event, Message) and event.text.startswith(self._prefix):
            await self._handle_command(event)
        for types, handler in self._handlers:
            if isinstance(event, types):
                await _call(handler, event)

    async def _handle_command(self, message: Message) -> None:
        word, _, rest = message.text.removeprefix(self._prefix).partition(" ")
        command = self._commands.get(word)
        if command is None:
            return
        try:
            arguments = parse_command(command, rest)
        except UsageError as error:
            await _call(message.reply, f"{error}; usage: {self._prefix}{command.usage}")
        else:
            await _call(command.handler, message, *arguments)


def _is_old_news(event: Event) -> bool:
    """What was said before it came to the room, and what it did itself."""
    match event:
        case Message(arrival=arrival, sender=sender):
            return arrival == "history" or sender.is_me
        case MessageEdited(message=message) | MessageDeleted(message=message):
            return message.sender.is_me
        case ReactionChanged(member=member):
            return member.is_me
        case _:
            return False


async def _call(handler: Callable[..., Awaitable[Any]], *arguments: Any) -> None:
    try:
        await handler(*arguments)
    except Exception:
        _log.exception("! handler %s failed", getattr(handler, "__qualname__", handler))


def _event_types(handler: Handler) -> tuple[type, ...]:
    """The event types that a handler's annotation names; raise BadSetting where it names none."""
    name = getattr(handler, "__name__", repr(handler))
    if not inspect.iscoroutinefunction(handler):
        raise BadSetting(f"handler {name} must be written with `async def`")
    hints = typing.get_type_hints(handler)
    parameters = list(inspect.signature(handler).parameters)
    if len(parameters) != 1 or parameters[0] not in hints:
        raise BadSetting(
            f"handler {name} needs one parameter with an event's type: async def {name}(message: peer.Message)"
        )
    return _members_of(hints[parameters[0]], name)


def _members_of(annotation: Any, name: str) -> tuple[type, ...]:
    known = typing.get_args(Event)
    members = typing.get_args(annotation) if _is_union(annotation) else (annotation,)
    if not all(member in known for member in members):
        raise BadSetting(
            f"handler {name}: {annotation!r} is no event; the events are {', '.join(e.__name__ for e in known)}"
        )
    return tuple(members)


def _is_union(annotation: Any) -> bool:
    return typing.get_origin(annotation) in (UnionType, typing.Union)


async def _enter(me: Peer, invite_or_server: str, room: str | None) -> Room:
    if looks_like_invite(invite_or_server):
        return await me.join_room(invite_or_server)
    if room is None:
        raise BadSetting("which room? pass an invite link, or room= beside the server's address")
    return await _join_or_create(me, room)


async def _join_or_create(me: Peer, room: str) -> Room:
    try:
        return await me.join_room(room)
    except JoinRefused as error:
        if error.code != "no_such_room":
            raise
    try:
        return await me.create_room(room, public=True)
    except JoinRefused as error:
        if error.code != "room_exists":
            raise
        return await me.join_room(room)  # somebody was quicker


async def _leave_when(stop: asyncio.Event, room: Room) -> None:
    await stop.wait()
    await room.leave()


def _stop_event() -> asyncio.Event:
    """Set by Ctrl-C or SIGTERM."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows: Ctrl-C raises KeyboardInterrupt instead
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop
