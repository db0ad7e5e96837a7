"""What a parameter of a command may be, and how a word of a message becomes it.

Pure: who is in the room is passed in. Every refusal says what would be right, in words for people in a chat.
"""

from __future__ import annotations

import enum
import math
import re
import typing
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Any

from ..errors import BadArgument
from ..member import Member

__all__ = ["Kind", "Words", "kind_of"]

_TRUE, _FALSE = {"yes", "true", "on", "1"}, {"no", "false", "off", "0"}
_MOST_SHOWN = 6
"""A usage line names so many choices; of more it names the parameter."""

_KEY_CHARS = 8

Convert = Callable[[str, Sequence[Member]], Any]
"""Raises ValueError for what is none, or BadArgument with a sentence of its own."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of argument."""

    description: str
    """As it follows "must be"."""
    convert: Convert
    choices: tuple[str, ...] = ()

    def usage(self, name: str) -> str:
        """What stands between the brackets."""
        return "|".join(self.choices) if 0 < len(self.choices) <= _MOST_SHOWN else name

    def read(self, name: str, word: str, members: Sequence[Member]) -> Any:
        """The argument of this name; raise BadArgument."""
        try:
            return self.convert(word, members)
        except ValueError:
            raise BadArgument(f"{name} must be {self.description}, not {word[:32]!r}") from None


def kind_of(annotation: Any) -> Kind | None:
    """How an annotation is read; None for one that a command cannot have. `X | None` is read as `X`."""
    annotation = _without_none(annotation)
    if annotation in _KINDS:
        return _KINDS[annotation]
    if typing.get_origin(annotation) is typing.Literal:
        return _choice({str(value): value for value in typing.get_args(annotation)})
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return _choice({each.name.lower(): each for each in annotation})
    return None


def _without_none(annotation: Any) -> Any:
    if typing.get_origin(annotation) not in (UnionType, typing.Union):
        return annotation
    rest = [each for each in typing.get_args(annotation) if each is not NoneType]
    return rest[0] if len(rest) == 1 else annotation


def _choice(values: dict[str, Any]) -> Kind:
    """One of these, in upper or lower case."""
    folded = {name.casefold(): value for name, value in values.items()}

    def choose(word: str, _members: Sequence[Member]) -> Any:
        if word.casefold() not in folded:
            raise ValueError(word)
        return folded[word.casefold()]

    return Kind("one of " + ", ".join(values), choose, tuple(values))


def _to_float(word: str) -> float:
    if not math.isfinite(number := float(word)):
        raise ValueError(word)
    return number


def _to_bool(word: str) -> bool:
    if word.lower() not in _TRUE | _FALSE:
        raise ValueError(word)
    return word.lower() in _TRUE


def _find_member(word: str, members: Sequence[Member]) -> Member:
    """By name, or by the first eight characters or more of the key, which no other member shares."""
    wanted = word.removeprefix("@")
    named = [member for member in members if member.name.casefold() == wanted.casefold()]
    if len(named) > 1:
        keys = " or ".join(member.id[:_KEY_CHARS] for member in named)
        raise BadArgument(f"several members are called {wanted[:32]!r}: name one by its key, {keys}")
    keyed = [member for member in members if len(wanted) >= _KEY_CHARS and member.id.startswith(wanted)]
    found = named or keyed
    if len(found) != 1:
        raise ValueError(word)
    return found[0]


_KINDS: dict[Any, Kind] = {
    str: Kind("a word", lambda word, _: word),
    int: Kind("a whole number", lambda word, _: int(word)),
    float: Kind("a number", lambda word, _: _to_float(word)),
    bool: Kind("yes or no", lambda word, _: _to_bool(word)),
    Member: Kind("the name of a member", _find_member),
}

_WORD = re.compile(r"""\s*(?:"([^"]*)"|“([^”]*)”|'([^']*)'(?!\S)|(\S+))""")


class Words:
    """The words of a line, taken one after the other; "several words" in quotation marks are one.

    An apostrophe that begins no quotation is a letter as any other.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0

    def maybe_take(self) -> str | None:
        """The next word; None at the end. Raises BadArgument for a quotation that does not end."""
        found = _WORD.match(self._text, self._place)
        if found is None:
            return None
        if (found[4] or "").startswith(('"', "“")):
            raise BadArgument("a quotation mark is missing")
        self._place = found.end()
        return next(word for word in found.groups() if word is not None)

    def take_rest(self) -> str:
        """All that is left, as it was written."""
        rest, self._place = self._text[self._place :].strip(), len(self._text)
        return rest
