"""Commands: a signature as a usage line, words as arguments."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer import BadArgument, BadSetting, Message
from peer.bots.commands import Command, describe_command, describe_commands, may_use, parse_command


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
        ('"" 2', ["", 2]),
    ],
)
def test_words_become_arguments_of_their_types(text: str, arguments: list[Any]) -> None:
    """Quotes hold words together; what is left out keeps its default."""
    assert list(parse_command(EVERYTHING, text).values()) == arguments


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "word is missing"),
        ("a", "count is missing"),
        ("a 2 1 yes more words", "'more words' is too much"),
        ("a two", "count must be a whole number, not 'two'"),
        ("a 2 much", "factor must be a number, not 'much'"),
        ("a 2 1 maybe", "loud must be yes or no, not 'maybe'"),
        ('"a 2', "a quotation mark is missing"),
        ("a " + "9" * 5000, "count must be a whole number, not '" + "9" * 32 + "'"),
        ("a \x1b[31m", r"count must be a whole number, not '\x1b[31m'"),
    ],
)
def test_bad_arguments_are_named_in_a_sentence(text: str, complaint: str) -> None:
    """It goes back to whoever typed it, so it is short and steers no terminal."""
    with pytest.raises(BadArgument) as caught:
        parse_command(EVERYTHING, text)
    assert str(caught.value) == complaint


@given(st.text(max_size=50))
def test_any_text_is_arguments_or_a_usage_error(text: str) -> None:
    """No other error, whatever members type."""
    try:
        arguments = parse_command(EVERYTHING, text)
    except BadArgument:
        return
    kinds = {"word": str, "count": int, "factor": float, "loud": bool}
    assert all(isinstance(value, kinds[name]) for name, value in arguments.items())


async def with_list(message: Message, words: list[str]) -> None:
    """A kind that no word converts to."""


async def with_rest(message: Message, *words: str) -> None:
    """No plain parameter."""


async def with_text(message: str) -> None:
    """Messages come as they are."""


def not_async(message: Message) -> None:
    """Cannot be awaited."""


async def without_message() -> None:
    """Could not reply."""


async def misspelt(message: Message, count: "imt") -> None:  # type: ignore[name-defined]  # noqa: F821, UP037
    """An annotation that does not exist."""


@pytest.mark.parametrize("handler", [with_list, with_rest, with_text, not_async, without_message, misspelt])
def test_function_that_cannot_be_a_command_fails_at_import(handler: Any) -> None:
    """With its name in the sentence, before any member calls it."""
    with pytest.raises(BadSetting, match=handler.__name__):
        Command.of(handler)


def test_sentence_says_what_to_write() -> None:
    """Also for a name that the module does not have."""
    with pytest.raises(BadSetting, match=r"name 'imt' is not defined; write .*count: int"):
        Command.of(misspelt)
    with pytest.raises(
        BadSetting, match=r"write words as a plain parameter of str, int, .*`\*, words: str` takes the rest"
    ):
        Command.of(with_list)


@pytest.mark.parametrize("name", ["", "two words"])
def test_name_of_a_command_is_one_word(name: str) -> None:
    """Nobody could call it otherwise."""
    with pytest.raises(BadSetting, match="a name is one word"):
        Command.of(lonely, name=name)


def test_role_that_does_not_exist_fails_at_import() -> None:
    """Or everybody could use the command."""
    with pytest.raises(BadSetting, match="role='boss': write one of member, moderator, admin, owner"):
        Command.of(lonely, role="boss")  # type: ignore[arg-type]


async def say(message: Message, volume: int = 1, *, text: str) -> None:
    """The rest of the line is one argument."""


async def note(message: Message, *, text: str = "nothing") -> None:
    """Or none."""


def test_rest_of_the_line_is_taken_as_it_is() -> None:
    """Quotation marks and all."""
    command = Command.of(say)
    assert command.usage == "say [volume] <text...>"
    assert parse_command(command, '3 don\'t "panic"  now ') == {"volume": 3, "text": 'don\'t "panic"  now'}
    with pytest.raises(BadArgument, match="text is missing"):
        parse_command(command, "3 ")
    assert Command.of(note).usage == "note [text...]"
    assert parse_command(Command.of(note), " ") == {}


def test_roles_include_those_below() -> None:
    """A moderator's command is an owner's too."""
    command = Command.of(lonely, role="moderator")
    assert [may_use(command, role) for role in ("member", "moderator", "admin", "owner")] == [False, True, True, True]
    assert (command.who, Command.of(lonely).who) == ("moderators and above", "")


def test_parameters_of_some_types_are_no_arguments() -> None:
    """They are filled by whoever calls."""

    async def where(message: Message, room: dict, count: int) -> None:  # type: ignore[type-arg]
        """With a room."""

    command = Command.of(where, room_types={dict})
    assert (command.usage, command.rooms) == ("where <count>", ("room",))


def test_help_lists_commands_and_explains_one() -> None:
    """Usage, first line, who may; then everything."""
    commands = [Command.of(say), Command.of(lonely, role="admin", name="alone")]
    assert describe_commands(commands, prefix="!", max_bytes=1000).splitlines() == [
        "commands:",
        "!alone: No arguments. (admins and the owner)",
        "!say [volume] <text...>: The rest of the line is one argument.",
        "!help <command> says more",
    ]
    assert describe_command(commands[0], prefix="!").splitlines() == [
        "usage: !say [volume] <text...>",
        "The rest of the line is one argument.",
        "volume: a whole number",
    ]
    assert describe_command(commands[1], prefix="!").splitlines()[-1] == "for admins and the owner"


def test_help_fits_a_message() -> None:
    """The names alone, and of these what fits."""
    commands = [Command.of(lonely, name=f"command{number}") for number in range(50)]
    names = describe_commands(commands, prefix="!", max_bytes=700)
    assert names.startswith("commands: !command0 !command1 !command10")
    assert len(describe_commands(commands, prefix="!", max_bytes=100)) == 100
