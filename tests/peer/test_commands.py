"""Commands: a signature as a usage line, words as arguments."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer import BadSetting, Message, UsageError
from peer.commands import Command, parse_command


async def everything(message: Message, word: str, count: int, factor: float = 1.0, loud: bool = False) -> None:
    """One argument of each kind."""


async def untyped(message: Message, anything) -> None:  # type: ignore[no-untyped-def]
    """Without an annotation."""


async def lonely(message: Message) -> None:
    """No arguments."""


EVERYTHING = Command.of(everything)


@pytest.mark.parametrize(
    ("handler", "usage"),
    [(everything, "everything <word> <count> [factor] [loud]"), (untyped, "untyped <anything>"), (lonely, "lonely")],
)
def test_usage_shows_what_is_required_and_what_is_not(handler: Any, usage: str) -> None:
    """The message comes by itself."""
    assert Command.of(handler).usage == usage


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("a 2", ["a", 2]),
        ("a 2 0.5", ["a", 2, 0.5]),
        ("a -2 1e3 yes", ["a", -2, 1000.0, True]),
        ("'several words' 2 1 OFF", ["several words", 2, 1.0, False]),
        ("  a\t2\n", ["a", 2]),
    ],
)
def test_words_become_arguments_of_their_types(text: str, arguments: list[Any]) -> None:
    """Quotes hold words together; what is left out keeps its default."""
    assert parse_command(EVERYTHING, text) == arguments


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "0 given, 2 to 4 wanted"),
        ("a 2 1 yes more", "5 given, 2 to 4 wanted"),
        ("a two", "count must be a whole number, not 'two'"),
        ("a 2 much", "factor must be a number, not 'much'"),
        ("a 2 1 maybe", "loud must be yes or no, not 'maybe'"),
        ("'a 2", "a quotation mark is missing"),
        ("a " + "9" * 5000, "count must be a whole number, not '" + "9" * 32 + "'"),
        ("a \x1b[31m", r"count must be a whole number, not '\x1b[31m'"),
    ],
)
def test_bad_arguments_are_named_in_a_sentence(text: str, complaint: str) -> None:
    """It goes back to whoever typed it, so it is short and steers no terminal."""
    with pytest.raises(UsageError) as caught:
        parse_command(EVERYTHING, text)
    assert str(caught.value) == complaint


@given(st.text(max_size=50))
def test_any_text_is_arguments_or_a_usage_error(text: str) -> None:
    """No other error, whatever members type."""
    try:
        arguments = parse_command(EVERYTHING, text)
    except UsageError:
        return
    assert all(isinstance(value, kind) for value, kind in zip(arguments, (str, int, float, bool), strict=False))


async def with_list(message: Message, words: list[str]) -> None:
    """A kind that no word converts to."""


async def with_rest(message: Message, *words: str) -> None:
    """No plain parameter."""


async def with_keyword(message: Message, *, word: str) -> None:
    """No plain parameter either."""


def not_async(message: Message) -> None:
    """Cannot be awaited."""


async def without_message() -> None:
    """Could not reply."""


async def misspelt(message: Message, count: "imt") -> None:  # type: ignore[name-defined]  # noqa: F821, UP037
    """An annotation that does not exist."""


@pytest.mark.parametrize("handler", [with_list, with_rest, with_keyword, not_async, without_message])
def test_function_that_cannot_be_a_command_fails_at_import(handler: Any) -> None:
    """With its name in the sentence, before any member calls it."""
    with pytest.raises(BadSetting, match=handler.__name__):
        Command.of(handler)


def test_misspelt_annotation_fails_at_import() -> None:
    """As any misspelt name does."""
    with pytest.raises(NameError, match="imt"):
        Command.of(misspelt)
