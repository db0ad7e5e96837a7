"""What can be typed, what is refused, and what help shows."""

import pytest

from peer.cli.grammar import parse


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["dance"],
        ["chat"],
        ["chat", "Deck", "--create", "Deck"],
        ["chat", "Deck", "--public"],
        ["chat", ""],
        ["chat", "Deck", "Lobby"],
        ["chat", "Deck", "--pass", "secret"],
        ["send", "Deck", "ahoy", "--loudly"],
        ["recv", "Deck", "--count", "0"],
        ["recv", "Deck", "--json", "--text"],
        ["recv", "Deck", "--timeout", "soon"],
        ["history"],
        ["export", "Deck", "a", "b"],
    ],
)
def test_wrong_usage_ends_with_2_and_says_where_help_is(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        parse(words)
    assert end.value.code == 2
    errors = capsys.readouterr().err
    assert "usage" in errors
    assert "--help shows how" in errors


@pytest.mark.parametrize(
    "command", ["chat", "tui", "send", "recv", "rooms", "invite", "verify", "history", "export", "bot", "doctor"]
)
def test_help_of_each_command_teaches_by_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each example in it would be understood, and what is secret is never an argument."""
    with pytest.raises(SystemExit) as end:
        parse([command, "--help"])
    assert end.value.code == 0
    text = capsys.readouterr().out
    examples = [line for line in text.splitlines() if f"python -m peer {command}" in line and "usage" not in line]
    assert examples
    for line in examples:
        words = line.partition("python -m peer ")[2].partition("   ")[0].partition(" | ")[0].partition(" > ")[0]
        assert parse(words.split()).command == command
    assert "SPEAKTUBE_PASSPHRASE" in text


def test_overview_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--help"])
    text = capsys.readouterr().out
    assert [
        word for word in ("chat", "send", "recv", "rooms", "doctor", "exit codes", "NO_COLOR") if word not in text
    ] == []


@pytest.mark.parametrize(
    "words",
    [
        ["send", "Deck", "ahoy", "there", "--wait", "read"],
        ["send", "--wait", "read", "Deck", "ahoy", "there"],
        ["send", "Deck", "--wait", "read", "ahoy", "there"],
    ],
)
def test_words_of_a_message_may_stand_anywhere(words: list[str]) -> None:
    found = parse(words)
    assert (found.where, found.text, found.wait, found.timeout) == ("Deck", ["ahoy", "there"], "read", 30.0)


def test_what_may_be_missing_may_stand_behind_options() -> None:
    assert parse(["export", "Deck", "--format", "markdown", "deck.md"]).file == "deck.md"
    assert parse(["bot", "echo_bot:bot", "--name", "echo", "INVITE"]).where == "INVITE"
    assert parse(["chat", "--name", "ann", "Deck"]).where == "Deck"


def test_times_are_read() -> None:
    assert parse(["invite", "Deck"]).expires == 86_400
    assert parse(["invite", "Deck", "--expires", "never"]).expires is None
    assert parse(["recv", "Deck"]).timeout is None
