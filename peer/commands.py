"""Commands of a bot: a function's signature as a usage line, and words as its arguments."""

from __future__ import annotations

import inspect
import shlex
import typing
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from .errors import BadSetting, UsageError

__all__ = ["Command", "parse_command"]

_TRUE, _FALSE = {"yes", "true", "on", "1"}, {"no", "false", "off", "0"}


def _to_bool(word: str) -> bool:
    if word.lower() not in _TRUE | _FALSE:
        raise ValueError(word)
    return word.lower() in _TRUE


_CONVERTERS: dict[type, tuple[str, Callable[[str], Any]]] = {
    str: ("a word", str),
    int: ("a whole number", int),
    float: ("a number", float),
    bool: ("yes or no", _to_bool),
}


@dataclass(frozen=True, slots=True)
class _Argument:
    name: str
    kind: type
    is_required: bool

    @property
    def usage(self) -> str:
        return f"<{self.name}>" if self.is_required else f"[{self.name}]"


@dataclass(frozen=True, slots=True)
class Command:
    """One command; made from its function."""

    name: str
    arguments: tuple[_Argument, ...]
    handler: Callable[..., Awaitable[None]]

    @property
    def usage(self) -> str:
        """Such as `add <a> <b>`."""
        return " ".join([self.name, *(argument.usage for argument in self.arguments)])

    @classmethod
    def of(cls, handler: Callable[..., Awaitable[None]]) -> Command:
        """Raise BadSetting for a function that cannot be one; found at import, not at the first call."""
        name = handler.__name__
        parameters = list(inspect.signature(handler).parameters.values())
        if not inspect.iscoroutinefunction(handler) or not parameters:
            raise BadSetting(f"command {name} must be `async def {name}(message: peer.Message, ...)`")
        hints = typing.get_type_hints(handler)
        return cls(name, tuple(_argument(name, parameter, hints) for parameter in parameters[1:]), handler)


def _argument(command: str, parameter: inspect.Parameter, hints: dict[str, Any]) -> _Argument:
    kind = hints.get(parameter.name, str)
    if kind not in _CONVERTERS or parameter.kind is not inspect.Parameter.POSITIONAL_OR_KEYWORD:
        raise BadSetting(f"command {command}: {parameter.name} must be a plain parameter of str, int, float or bool")
    return _Argument(parameter.name, kind, parameter.default is inspect.Parameter.empty)


def parse_command(command: Command, text: str) -> list[Any]:
    """The arguments in `text`, converted; raise UsageError that says which one is wrong."""
    words = _split(text)
    required = sum(argument.is_required for argument in command.arguments)
    if not required <= len(words) <= len(command.arguments):
        raise UsageError(f"{len(words)} given, {required} to {len(command.arguments)} wanted")
    return [_convert(argument, word) for argument, word in zip(command.arguments, words, strict=False)]


def _split(text: str) -> list[str]:
    """Words, and "several words" in quotes."""
    try:
        return shlex.split(text)
    except ValueError as error:
        raise UsageError("a quotation mark is missing") from error


def _convert(argument: _Argument, word: str) -> Any:
    description, convert = _CONVERTERS[argument.kind]
    try:
        return convert(word)
    except ValueError as error:
        raise UsageError(f"{argument.name} must be {description}, not {word[:32]!r}") from error
