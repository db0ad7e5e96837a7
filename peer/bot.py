"""Bots: the short way for programs that answer.

A handler says by its annotation what it wants to hear. Events of one member are handled in order, those of different
members side by side, so that a slow handler for one holds up nobody else. A handler that raises is logged by name and
stops nothing; nobody in the room sees more of it than that it failed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, overload

from .bots.clock import Clock, WallClock
from .bots.commands import Command, describe_command, describe_commands, may_use, parse_command
from .bots.dispatch import Dispatcher
from .bots.handlers import Handler, Middleware, check_room_handler, name_of
from .bots.schedule import Schedule, schedule_of
from .bots.serving import Place, main, run
from .bots.state import State
from .config import Config
from .errors import BadArgument, BadSetting
from .events import Event, Message, MessageDeleted, MessageEdited, ReactionChanged, Role
from .ports import TokenSource
from .room import Room
from .runtime import Runtime
from .store.protection import PassphraseSource

__all__ = ["Bot"]

_log = logging.getLogger("peer")

F = TypeVar("F", bound=Callable[..., Awaitable[Any]])
T = TypeVar("T")


class Bot:
    """Handlers, and the rooms they serve. See `peer.testing` for tests without a network."""

    def __init__(
        self, name: str, *, prefix: str = "!", config: Config | None = None, clock: Clock | None = None
    ) -> None:
        """`prefix` begins a command, such as "!add 2 3"; `clock` is what schedules go by."""
        self.name = name
        self.config = config or Config()
        self.clock: Clock = clock or WallClock()
        """What schedules go by, and handlers too that want to be tested without waiting."""
        self.dropped = 0
        """Events that no handler saw, since more than `Config.max_waiting_events` of one member waited."""
        self._prefix = prefix
        self._handlers: list[Handler] = []
        self._middleware: list[Middleware] = []
        self._commands: dict[str, Command] = {}
        self._schedules: list[tuple[Schedule, Callable[[Room], Awaitable[Any]]]] = []
        self._background: list[Callable[[Room], Awaitable[Any]]] = []
        self._states: set[str] = set()
        self._serving: set[Dispatcher] = set()

    # ---- what it does

    def on(self, handler: F) -> F:
        """Register a handler; the annotation of its parameter is the event, or union of events, that it hears.

        A second parameter that is annotated as `peer.Room` gets the room. Raises BadSetting.
        """
        self._handlers.append(Handler.of(handler))
        return handler

    @overload
    def command(self, handler: F) -> F: ...

    @overload
    def command(self, *, role: Role = "member", name: str | None = None) -> Callable[[F], F]: ...

    def command(
        self, handler: Callable[..., Awaitable[Any]] | None = None, *, role: Role = "member", name: str | None = None
    ) -> Any:
        """Register a command: its name, arguments and their types are those of the function, after the message.

        `role` and those above it may use it; others are told who may. Raises BadSetting.
        """
        if handler is None:
            return partial(self._add_command, role=role, name=name)
        return self._add_command(handler, role=role, name=name)

    def every(self, at: str | None = None, /, *, seconds: float | None = None, zone: str = "UTC") -> Callable[[F], F]:
        """Call a function with each room that is served, every so many seconds or at a time of day, "09:00".

        What was missed, since the bot was not there or still at it, is not made up for. Raises BadSetting.
        """
        schedule = schedule_of(at, seconds=seconds, zone=zone)

        def register(function: F) -> F:
            check_room_handler(function)
            self._schedules.append((schedule, function))
            return function

        return register

    def background(self, function: F) -> F:
        """Run a function beside the handlers for as long as a room is served; it is cancelled at the end."""
        check_room_handler(function)
        self._background.append(function)
        return function

    def middleware(self, function: F) -> F:
        """Wrap the handling of events: `await call_next(event)` goes on, with another event if you like, or does not.

        The first registered is the outermost. What it raises is logged, and the event goes no further.
        """
        self._middleware.append(Middleware.of(function))
        return function

    def state(self, kind: type[T], *, name: str | None = None) -> State[T]:
        """Keep a value of this class for each room, across restarts where there is a `data_dir`.

        `name` is what it is kept under, by default that of the class. Raises BadSetting.
        """
        name = name or kind.__name__
        if name in self._states:
            raise BadSetting(f"state {name} is there twice: pass name= to one of them")
        self._states.add(name)
        return State(kind, name=name, max_bytes=self.config.max_state_bytes)

    # ---- where it does it

    def run(
        self,
        *where: str | Place,
        room: str | None = None,
        token: TokenSource = None,
        data_dir: str | Path | None = None,
        passphrase: PassphraseSource = None,
        keyring: bool = False,
    ) -> None:
        """Serve rooms until Ctrl-C or SIGTERM; for scripts. A public `room` that does not exist is made.

        `where` is one or several of invite links, a server's address beside `room=`, and `peer.Place`, on one server or
        several. `data_dir`, `passphrase` and `keyring` are those of `Peer`; of several servers each has its own folder
        in `data_dir`. Ends with a sentence on standard error and exit code 1 where a room cannot be entered.
        """
        run(self, where, room=room, token=token, data_dir=data_dir, passphrase=passphrase, keyring=keyring)

    def main(self, arguments: list[str] | None = None) -> None:
        """`run` as a command line says: `--help` shows it. The invite may come from SPEAKTUBE_INVITE, or with `-` from
        standard input, so that it stands in no list of processes."""
        main(self, arguments)

    async def serve(self, room: Room) -> None:
        """Handle the events of one room until it is left; for programs that hold their own `Peer`.

        Of several rooms each may be served by the same bot, side by side.
        """
        async with Runtime() as runtime:
            dispatcher = self._new_dispatcher(room, runtime)
            self._serving.add(dispatcher)
            beside = [runtime.spawn(work, name=name) for name, work in self._work_beside(room)]
            try:
                room.attach(dispatcher)
                await dispatcher.wait_ended()
            finally:
                self._serving.discard(dispatcher)
                dispatcher.close()
                for task in beside:
                    task.cancel()
            await runtime.wind_up(grace_s=self.config.handler_grace_s)

    async def sleep(self, seconds: float) -> None:
        """Wait by `clock`, so that a test need not."""
        await self.clock.sleep_until(self.clock.now() + timedelta(seconds=seconds))

    async def finish(self) -> None:
        """Take nothing more in, and return when what has come is handled, or after `Config.handler_grace_s`."""
        grace_s = self.config.handler_grace_s
        await asyncio.gather(*(dispatcher.finish(within_s=grace_s) for dispatcher in self._serving))

    async def handle(self, event: Event, room: Room) -> None:
        """Pass an event through the middleware to every handler that wants it; what is old news is for none."""
        if not _is_old_news(event):
            await self._pass_on(event, room, tuple(self._middleware))

    # ---- how it does it

    def _new_dispatcher(self, room: Room, runtime: Runtime) -> Dispatcher:
        """What was handled, or dropped, is not told again after a restart; what was cut off at work is."""

        async def handle(event: Event) -> None:
            await self.handle(event, room)
            room.acknowledge(event)

        def drop(event: Event) -> None:
            self.dropped += 1
            room.acknowledge(event)

        return Dispatcher(handle, runtime, max_waiting=self.config.max_waiting_events, on_drop=drop)

    def _work_beside(self, room: Room) -> list[tuple[str, Any]]:
        """Schedules, and what else runs as long as the room is served."""
        timed = [(name_of(each), self._keep_time(schedule, each, room)) for schedule, each in self._schedules]
        return [*timed, *((name_of(each), _call(each, room)) for each in self._background)]

    async def _keep_time(self, schedule: Schedule, function: Callable[[Room], Awaitable[Any]], room: Room) -> None:
        due = schedule.next_after(self.clock.now())
        while True:
            await self.clock.sleep_until(due)
            await _call(function, room)
            due = schedule.next_after(self.clock.now(), due=due)

    async def _pass_on(self, event: Event, room: Room, middleware: tuple[Middleware, ...]) -> None:
        match [each for each in middleware if isinstance(event, each.types)]:
            case [first, *_]:
                behind = middleware[middleware.index(first) + 1 :]
                await _call(first, event, room, lambda event: self._pass_on(event, room, behind), name=first.function)
            case _:
                await self._deliver(event, room)

    async def _deliver(self, event: Event, room: Room) -> None:
        if isinstance(event, Message) and event.text.startswith(self._prefix):
            await self._handle_command(event, room)
        for handler in self._handlers:
            if isinstance(event, handler.types):
                await _call(handler, event, room, name=handler.function)

    async def _handle_command(self, message: Message, room: Room) -> None:
        word, rest = (*message.text.removeprefix(self._prefix).split(maxsplit=1), "", "")[:2]
        command = self._commands.get(word)
        if command is not None:
            await self._run_command(command, message, room, rest)
        elif word == "help" and self._commands:
            await _call(message.reply, self._help(rest.strip().removeprefix(self._prefix)))

    async def _run_command(self, command: Command, message: Message, room: Room, rest: str) -> None:
        if not may_use(command, _role_of(message, room)):
            await _call(message.reply, f"you may not use {self._prefix}{command.name}: {command.who} may")
            return
        try:
            arguments = parse_command(command, rest, room.members)
            await command.handler(message, **arguments, **dict.fromkeys(command.rooms, room))
        except BadArgument as error:
            await _call(message.reply, f"{error}; usage: {self._prefix}{command.usage}")
        except asyncio.CancelledError:
            if _are_we_cancelled():
                raise
            _log.warning("! command %s waited for something that was cancelled", name_of(command.handler))
        except Exception:
            _log.exception("! command %s failed", name_of(command.handler))
            await _call(
                message.reply,
                f"the command {self._prefix}{command.name} failed; whoever runs {self.name} finds out why",
            )

    def _help(self, name: str) -> str:
        if command := self._commands.get(name):
            return describe_command(command, prefix=self._prefix)
        return describe_commands(self._commands.values(), prefix=self._prefix, max_bytes=self.config.max_text_bytes)

    def _add_command(self, handler: F, *, role: Role, name: str | None) -> F:
        command = Command.of(handler, name=name, role=role, room_types={Room})
        if command.name in self._commands:
            raise BadSetting(f"command {command.name} is there twice: rename one of the functions")
        self._commands[command.name] = command
        return handler


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


def _role_of(message: Message, room: Room) -> Role:
    """As the sender stands now: whoever is no member any more may do what plain members may."""
    return next((member.role for member in room.members if member.id == message.sender.id), "member")


async def _call(
    function: Callable[..., Awaitable[Any]], *arguments: Any, name: Callable[..., Any] | None = None
) -> None:
    try:
        await function(*arguments)
    except asyncio.CancelledError:
        if _are_we_cancelled():
            raise
        _log.warning("! handler %s waited for something that was cancelled", name_of(name or function))
    except Exception:
        _log.exception("! handler %s failed", getattr(name or function, "__qualname__", function))


def _are_we_cancelled() -> bool:
    """Rather than something of the handler's own: that must not end the task that calls handlers."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
