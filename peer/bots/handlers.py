"""What a bot's functions say by their annotations: which events they hear, and whether they want the room.

A function that says it badly fails when it is registered, which is at import, with a sentence that says what to write.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import UnionType
from typing import Any, TypeAlias

from ..errors import BadSetting
from ..events import Event
from ..room import Room

__all__ = ["Handler", "Middleware", "Next", "check_room_handler", "name_of"]

Next: TypeAlias = Callable[[Event], Awaitable[None]]
"""What a middleware calls to pass an event on."""

_PLAIN = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
_ON = "async def {name}(message: peer.Message) -> None"
_MIDDLEWARE = "async def {name}(event: peer.Event, call_next: peer.Next) -> None"
_BESIDE = "async def {name}(room: peer.Room) -> None"


@dataclass(frozen=True, slots=True)
class Handler:
    """One function of `Bot.on`."""

    types: tuple[type, ...]
    function: Callable[..., Awaitable[Any]]
    event: str
    """The parameter that gets the event."""
    rooms: tuple[str, ...]
    """The parameters that get the room."""

    @classmethod
    def of(cls, function: Callable[..., Awaitable[Any]]) -> Handler:
        """Raise BadSetting, which says what to write."""
        hints = _hints_of(function, _ON)
        events, rooms = _split(function, hints)
        if len(events) != 1:
            raise BadSetting(f"handler {name_of(function)} needs one parameter with an event's type: {_like(function)}")
        return cls(_event_types(hints[events[0]], function), function, events[0], rooms)

    async def __call__(self, event: Event, room: Room) -> None:
        await self.function(**{self.event: event}, **dict.fromkeys(self.rooms, room))


@dataclass(frozen=True, slots=True)
class Middleware:
    """One function of `Bot.middleware`."""

    types: tuple[type, ...]
    function: Callable[..., Awaitable[Any]]
    event: str
    rooms: tuple[str, ...]

    @classmethod
    def of(cls, function: Callable[..., Awaitable[Any]]) -> Middleware:
        """Raise BadSetting, which says what to write."""
        hints = _hints_of(function, _MIDDLEWARE)
        first, rooms = _split(function, hints, more=("call_next",))
        parameters = list(inspect.signature(function).parameters)
        if len(first) != 1 or "call_next" not in parameters:
            raise BadSetting(f"middleware {name_of(function)} must be `{_like(function, _MIDDLEWARE)}`")
        return cls(_event_types(hints[first[0]], function), function, first[0], rooms)

    async def __call__(self, event: Event, room: Room, call_next: Next) -> None:
        await self.function(**{self.event: event}, call_next=call_next, **dict.fromkeys(self.rooms, room))


def check_room_handler(function: Callable[..., Awaitable[Any]]) -> None:
    """Of a schedule, or of what runs beside. Raises BadSetting."""
    hints = _hints_of(function, _BESIDE)
    parameters = list(inspect.signature(function).parameters)
    if len(parameters) != 1 or hints.get(parameters[0]) is not Room:
        raise BadSetting(f"{name_of(function)} gets the room and nothing else: {_like(function, _BESIDE)}")


def name_of(function: Callable[..., Any]) -> str:
    """For sentences and the log."""
    return str(getattr(function, "__name__", function))


def _hints_of(function: Callable[..., Any], like: str) -> dict[str, Any]:
    if not inspect.iscoroutinefunction(function):
        raise BadSetting(f"handler {name_of(function)} must be written with `async def`: {_like(function, like)}")
    try:
        return typing.get_type_hints(function)
    except (NameError, AttributeError) as error:
        raise BadSetting(f"handler {name_of(function)}: {error}; write {_like(function, like)}") from error


def _split(
    function: Callable[..., Any], hints: dict[str, Any], more: tuple[str, ...] = ()
) -> tuple[list[str], tuple[str, ...]]:
    """The parameters that hear, and those that get the room; raise BadSetting for one without an annotation."""
    parameters = inspect.signature(function).parameters
    if odd := [name for name, parameter in parameters.items() if parameter.kind not in _PLAIN]:
        raise BadSetting(f"handler {name_of(function)}: write {odd[0]} as a plain parameter: {_like(function)}")
    names = [name for name in parameters if name not in more]
    if bare := [name for name in names if name not in hints]:
        raise BadSetting(f"handler {name_of(function)}: {bare[0]} needs an event's type: {_like(function)}")
    rooms = tuple(name for name in names if hints[name] is Room)
    return [name for name in names if name not in rooms], rooms


def _event_types(annotation: Any, function: Callable[..., Any]) -> tuple[type, ...]:
    known = typing.get_args(Event)
    members = typing.get_args(annotation) if _is_union(annotation) else (annotation,)
    if not all(member in known for member in members):
        names = ", ".join(each.__name__ for each in known)
        raise BadSetting(f"handler {name_of(function)}: {annotation!r} is no event; the events are {names}")
    return tuple(members)


def _is_union(annotation: Any) -> bool:
    return typing.get_origin(annotation) in (UnionType, typing.Union)


def _like(function: Callable[..., Any], example: str = _ON) -> str:
    return example.format(name=name_of(function))
