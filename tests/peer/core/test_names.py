"""Names and texts on their way to people: nothing that steers a terminal, nothing that hides."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer.core.names import clean_name, clean_text

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"


@pytest.mark.parametrize(
    ("given_name", "shown"),
    [
        ("ann", "ann"),
        ("  ann \t of\n\nAvonlea ", "ann of Avonlea"),
        ("\x1b[31mred\x1b[0m", "[31mred [0m"),
        ("\u202egnp.exe", "gnp.exe"),
        ("a\u2028b\u2029c", "a b c"),
        ("half \ud800", "half"),
        ("a\u3164b", "a b"),
        (FAMILY, FAMILY),
        ("Zoë 日本", "Zoë 日本"),
    ],
)
def test_names_lose_what_steers_and_keep_what_shows(given_name: str, shown: str) -> None:
    """One line, no control or format characters, white space folded; emoji of many parts stay whole."""
    assert clean_name(given_name, max_chars=64) == shown


@pytest.mark.parametrize("invisible", ["", " ", "\u200d", "\u200b\u2060", "\u3164\uffa0", "\u2800", "\ufe0f", "\x00"])
def test_name_that_shows_nothing_is_empty(invisible: str) -> None:
    """Or a member could be in the room unseen."""
    assert clean_name(invisible, max_chars=64) == ""


def test_name_is_cut_to_size_without_a_ragged_end() -> None:
    """A cut must leave neither a blank nor half of an emoji's joint."""
    assert clean_name("x" * 100, max_chars=64) == "x" * 64
    assert clean_name("abc def", max_chars=4) == "abc"
    assert clean_name(FAMILY, max_chars=2) == FAMILY[0]


@given(st.text())
def test_cleaning_a_name_twice_changes_nothing(name: str) -> None:
    """What was cleaned by its owner is not cleaned differently by others."""
    once = clean_name(name, max_chars=8)
    assert len(once) <= 8
    assert clean_name(once, max_chars=8) == once


@given(st.text())
def test_cleaned_names_hold_no_control_or_format_characters(name: str) -> None:
    """But for the joiner inside of emoji."""
    kept = {unicodedata.category(c) for c in clean_name(name, max_chars=64).replace("\u200d", "")}
    assert kept.isdisjoint({"Cc", "Cf", "Cs", "Zl", "Zp"})


def test_text_keeps_lines_and_tabs() -> None:
    """A text may have a layout; escape sequences and turned directions it may not."""
    assert clean_text("a\n\tb\r\x1b[2J\u202ec" + FAMILY) == "a\n\tb[2Jc" + FAMILY
