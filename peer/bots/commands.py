"""Commands of a bot: a function's signature as a usage line, the words of a message as its arguments, and help.

Pure. What else a function may ask for by its annotation (the room) is named by whoever makes the command.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import BadArgument, BadSetting
from ..member import Member, Role
from ..message import Message
from .arguments import Kind, Words, kind_of

__all__ = ["Command", "check_role", "describe_command", "describe_commands", "may_use", "parse_command"]

_RANKS: dict[Role, int] = {"member": 0, "moderator": 1, "admin": 2, "owner": 3}
_WHO: dict[Role, str] = {"moderator": "moderators and above", "admin": "admins and the owner", "owner": "the owner"}
_SUMMARY_CHARS = 100
_POSITIONAL, _KEYWORD = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY


@dataclass(frozen=True, slots=True)
class _Argument:
    name: str
    kind: Kind
    is_required: bool
    takes_rest: bool

    @property
    def usage(self) -> str:
        shown = self.kind.usage(self.name) + ("..." if self.takes_rest else "")
        return f"<{shown}>" if self.is_required else f"[{shown}]"

    def read(self, words: Words, members: Sequence[Member]) -> Any:
        """Its value; None where nothing is left for it. Raises BadArgument."""
        word = (words.take_rest() or None) if self.takes_rest else words.maybe_take()
        return None if word is None else self.kind.read(self.name, word, members)


@dataclass(frozen=True, slots=True)
class Command:
    """One command; made from its function."""

    name: str
    arguments: tuple[_Argument, ...]
    handler: Callable[..., Awaitable[None]]
    role: Role = "member"
    description: str = ""
    """The function's docstring."""
    rooms: tuple[str, ...] = ()
    """The parameters that get the room."""

    @property
    def usage(self) -> str:
        """Such as `add <a> <b>`."""
        return " ".join([self.name, *(argument.usage for argument in self.arguments)])

    @property
    def who(self) -> str:
        """Who may use it, in words; empty where everybody may."""
        return _WHO.get(self.role, "")

    @property
    def summary(self) -> str:
        """The first line of the docstring."""
        return self.description.partition("\n")[0][:_SUMMARY_CHARS]

    @classmethod
    def of(
        cls,
        handler: Callable[..., Awaitable[None]],
        *,
        name: str | None = None,
        role: Role = "member",
        room_types: Collection[type] = (),
    ) -> Command:
        """Raise BadSetting for a function that cannot be one; found at import, not at the first call."""
        name = handler.__name__ if name is None else name
        check_role(role)
        if not name or name.split() != [name]:
            raise BadSetting(f"command {name!r}: a name is one word")
        hints = _hints_of(handler, name)
        parameters = _parameters_of(handler, name, hints)
        rooms = tuple(each.name for each in parameters if hints.get(each.name) in room_types)
        arguments = tuple(_argument(name, each, hints) for each in parameters if each.name not in rooms)
        return cls(name, arguments, handler, role, inspect.getdoc(handler) or "", rooms)


def check_role(role: str) -> None:
    """Raise BadSetting for what is no role."""
    if role not in _RANKS:
        raise BadSetting(f"role={role!r}: write one of {', '.join(_RANKS)}")


def _hints_of(handler: Callable[..., Awaitable[None]], name: str) -> dict[str, Any]:
    try:
        return typing.get_type_hints(handler)
    except (NameError, AttributeError) as error:
        raise BadSetting(
            f"command {name}: {error}; write an annotation that exists at the top of the module, such as "
            f"`async def {name}(message: peer.Message, count: int) -> None`"
        ) from error


def _parameters_of(
    handler: Callable[..., Awaitable[None]], name: str, hints: dict[str, Any]
) -> list[inspect.Parameter]:
    parameters = list(inspect.signature(handler).parameters.values())
    if (
        not inspect.iscoroutinefunction(handler)
        or not parameters
        or hints.get(parameters[0].name, Message) is not Message
    ):
        raise BadSetting(f"command {name} must be `async def {name}(message: peer.Message, ...)`")
    return parameters[1:]


def _argument(command: str, parameter: inspect.Parameter, hints: dict[str, Any]) -> _Argument:
    kind = kind_of(hints.get(parameter.name, str))
    takes_rest = parameter.kind is _KEYWORD
    if kind is None or parameter.kind not in (_POSITIONAL, _KEYWORD):
        raise BadSetting(
            f"command {command}: write {parameter.name} as a plain parameter of str, int, float, bool, Literal[...], "
            f"an Enum, peer.Member or peer.Room; `*, {parameter.name}: str` takes the rest of the line"
        )
    return _Argument(parameter.name, kind, parameter.default is inspect.Parameter.empty, takes_rest)


def may_use(command: Command, role: Role) -> bool:
    """Roles include those below them."""
    return _RANKS[role] >= _RANKS[command.role]


def parse_command(command: Command, text: str, members: Sequence[Member] = ()) -> dict[str, Any]:
    """The arguments in `text`, converted, by name; raise BadArgument, which says what is wrong."""
    words = Words(text)
    values = {argument.name: argument.read(words, members) for argument in command.arguments}
    given = {name: value for name, value in values.items() if value is not None}
    missing = [each.name for each in command.arguments if each.is_required and each.name not in given]
    if missing:
        raise BadArgument(f"{missing[0]} is missing")
    if excess := words.take_rest():
        raise BadArgument(f"{excess[:32]!r} is too much")
    return given


def describe_commands(commands: Iterable[Command], *, prefix: str, max_bytes: int) -> str:
    """A line for each; where that is too long for a message, the names alone, and of these as many as fit.

    No answer begins with the prefix: another bot would take it for a command.
    """
    known = sorted(commands, key=lambda each: each.name)
    lines = [_line(command, prefix) for command in known]
    full = "\n".join(["commands:", *lines, f"{prefix}help <command> says more"])
    if len(full.encode()) <= max_bytes:
        return full
    names = " ".join(["commands:", *(prefix + command.name for command in known)])
    return names.encode()[:max_bytes].decode(errors="ignore")


def _line(command: Command, prefix: str) -> str:
    who = f" ({command.who})" if command.who else ""
    return prefix + command.usage + (f": {command.summary}" if command.summary else "") + who


def describe_command(command: Command, *, prefix: str) -> str:
    """Usage, docstring, what the arguments are, and who may use it."""
    arguments = [f"{each.name}: {each.kind.description}" for each in command.arguments if not each.takes_rest]
    parts = [f"usage: {prefix}{command.usage}", command.description, "; ".join(arguments)]
    return "\n".join(part for part in [*parts, command.who and f"for {command.who}"] if part)
