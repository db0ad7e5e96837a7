from hypothesis import given, settings
from hypothesis import strategies as st

from peer.tui.lines import Line, Span, hang, line_width, wrap


def texts(lines: list[Line]) -> list[str]:
    return ["".join(span.text for span in line) for line in lines]


def test_lines_break_at_blanks() -> None:
    assert texts(wrap([Span("one two three")], width=8)) == ["one two ", "three"]


def test_a_word_that_fits_nowhere_is_cut() -> None:
    assert texts(wrap([Span("abcdefgh")], width=3)) == ["abc", "def", "gh"]
    assert texts(wrap([Span("日本語")], width=4)) == ["日本", "語"]


def test_a_blank_at_the_break_is_dropped() -> None:
    assert texts(wrap([Span("abc def")], width=3)) == ["abc", "def"]


def test_nothing_makes_one_empty_line() -> None:
    assert wrap([], width=5) == [()]


def test_styles_go_with_their_words() -> None:
    lines = wrap([Span("bob", "nick"), Span(": "), Span("good morning")], width=10)
    assert lines == [(Span("bob", "nick"), Span(": good ")), (Span("morning"),)]


def test_lines_hang_beside_their_prefix() -> None:
    assert texts(hang((Span("12:00 "),), [Span("one two")], width=10)) == ["12:00 one ", "      two"]
    assert texts(hang((), [Span("one two")], width=4)) == ["one ", "two"]


@settings(max_examples=60)
@given(st.lists(st.text(max_size=30), max_size=4), st.integers(2, 20))
def test_no_line_is_wider_than_its_room(words: list[str], width: int) -> None:
    """And no letter is lost."""
    lines = wrap([Span(word) for word in words], width=width)
    assert all(line_width(line) <= width for line in lines)
    assert "".join(texts(lines)).replace(" ", "") == "".join(words).replace(" ", "")
