import pytest

from peer.tui.commands import VERBS, Command, Say, Unknown, parse, usage_of


@pytest.mark.parametrize(
    ("line", "typed"),
    [
        ("", None),
        ("   ", None),
        ("ahoy", Say("ahoy")),
        ("  ahoy  ", Say("ahoy")),
        ("one⏎two", Say("one\ntwo")),
        ("//etc", Say("/etc")),
        ("/me waves", Say("/me waves")),
        ("/join Deck Two", Command("join", "Deck Two")),
        ("/j Deck", Command("join", "Deck")),
        ("/JOIN Deck", Command("join", "Deck")),
        ("/whoi bob", Command("whois", "bob")),
        ("/part", Command("part", "")),
    ],
)
def test_a_line_is_words_or_a_command(line: str, typed: object) -> None:
    assert parse(line) == typed


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("/me", "usage: /me ACTION"),
        ("/jion x", "Did you mean /join?"),
        ("/xyzzy", "there is no /xyzzy. /help lists all"),
        ("/un", "could be /unreact or /unpin"),
        ("/", "there is no /."),
    ],
)
def test_a_wrong_command_is_explained_and_not_sent(line: str, says: str) -> None:
    typed = parse(line)
    assert isinstance(typed, Unknown)
    assert says in typed.sentence


def test_no_name_is_given_twice() -> None:
    names = [name for verb in VERBS for name in (verb.name, *verb.aliases)]
    assert len(names) == len(set(names))


def test_usage_says_how() -> None:
    assert usage_of("kick") == "usage: /kick NICK - remove a member for good"
    assert Command("win", "2 x").words == ["2", "x"]
