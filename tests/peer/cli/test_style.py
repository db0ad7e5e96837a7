"""Colours on terminals that want them, and never in a pipe."""

import io

import pytest

from peer import Member
from peer.cli.style import Style, choose_style
from peer.ids import MemberId
from peer.shown import Told

BOB = Member(id=MemberId("bob-key"), name="✓bob", verified=False)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "environment", "coloured"),
    [
        (Terminal(), {}, True),
        (Terminal(), {"NO_COLOR": ""}, True),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (Terminal(), {"TERM": "dumb"}, False),
        (io.StringIO(), {}, False),
    ],
)
def test_colours_are_for_terminals_that_want_them(
    stream: io.StringIO, environment: dict[str, str], *, coloured: bool
) -> None:
    """An empty NO_COLOR is none, says no-color.org."""
    style = choose_style(stream, environment)
    dressed = [style.grey("x"), style.warning("x"), style.nick(BOB), style.good("x"), style.bad("x"), style.bold("x")]
    assert all(("\033[" in text) == coloured for text in [*dressed, style.doubtful("x")])


def test_plain_lines_say_what_they_are() -> None:
    style = Style(colours=False)
    assert [style.told(Told("notice", "a")), style.told(Told("warning", "b")), style.nick(BOB)] == [
        "-- a",
        "!! b",
        "<bob>",
    ]


def test_nick_has_its_colour_for_good() -> None:
    style = Style(colours=True)
    assert style.nick(BOB) == style.nick(BOB)
    assert "bob" in style.nick(BOB)
    assert "✓" not in style.nick(BOB)
