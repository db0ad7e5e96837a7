"""Kinds of arguments: what a word becomes, and the sentence where it becomes nothing."""

from __future__ import annotations

import enum
from typing import Any, Literal, Optional

import pytest

from peer import BadArgument, Member
from peer.bots.arguments import Kind, Words, kind_of
from peer.ids import MemberId


class Colour(enum.Enum):
    RED = 1
    GREEN = 2


def member(key: str, name: str) -> Member:
    return Member(id=MemberId(key * 3), name=name)


ANN, BOB, TWIN = member("a1b2c3d4", "Ann"), member("b1b2c3d4", "bob"), member("c1b2c3d4", "Bob")
MEMBERS = (ANN, BOB, TWIN)


def kind(annotation: Any) -> Kind:
    found = kind_of(annotation)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("annotation", "word", "value"),
    [
        (str, "word", "word"),
        (int, "-3", -3),
        (float, "0.5", 0.5),
        (bool, "YES", True),
        (bool, "off", False),
        (int | None, "3", 3),
        (Optional[int], "3", 3),  # noqa: UP045 - the old spelling
        (Literal["red", "green"], "Red", "red"),
        (Literal[1, 2], "2", 2),
        (Colour, "green", Colour.GREEN),
        (Member, "ann", ANN),
        (Member, "@Ann", ANN),
        (Member, "c1b2c3d4", TWIN),
    ],
)
def test_word_becomes_what_the_annotation_says(annotation: Any, word: str, value: Any) -> None:
    """In upper or lower case where people would not tell the difference."""
    assert kind(annotation).read("it", word, MEMBERS) == value


@pytest.mark.parametrize(
    ("annotation", "word", "complaint"),
    [
        (int, "1.5", "it must be a whole number, not '1.5'"),
        (float, "nan", "it must be a number, not 'nan'"),
        (bool, "maybe", "it must be yes or no, not 'maybe'"),
        (Literal["red", "green"], "blue", "it must be one of red, green, not 'blue'"),
        (Colour, "blue", "it must be one of red, green, not 'blue'"),
        (Member, "cy", "it must be the name of a member, not 'cy'"),
        (Member, "a1b2", "it must be the name of a member, not 'a1b2'"),
        (Member, "BOB", "several members are called 'BOB': name one by its key, b1b2c3d4 or c1b2c3d4"),
    ],
)
def test_wrong_word_is_answered_with_what_would_be_right(annotation: Any, word: str, complaint: str) -> None:
    """Nobody is taken for somebody else of the same name."""
    with pytest.raises(BadArgument) as caught:
        kind(annotation).read("it", word, MEMBERS)
    assert str(caught.value) == complaint


@pytest.mark.parametrize("annotation", [list[str], int | str, int | str | None, object, "int", dict])
def test_other_annotations_are_no_arguments(annotation: Any) -> None:
    """The command then fails at import."""
    assert kind_of(annotation) is None


def test_usage_names_few_choices_and_else_the_parameter() -> None:
    """A line is to stay one."""
    assert kind(Literal["red", "green"]).usage("colour") == "red|green"
    assert kind(Literal[1, 2, 3, 4, 5, 6, 7]).usage("digit") == "digit"
    assert kind(int).usage("count") == "count"


def test_words_are_taken_one_by_one() -> None:
    """Quotation marks of both kinds hold words together, an apostrophe is a letter."""
    words = Words("  don't 'a b' \"c d\" “e f” 'tis the   rest ")
    taken = [words.maybe_take() for _ in range(5)]
    assert taken == ["don't", "a b", "c d", "e f", "'tis"]
    assert words.take_rest() == "the   rest"
    assert (words.maybe_take(), words.take_rest()) == (None, "")


@pytest.mark.parametrize("text", ['"open', "“open", 'a "b'])
def test_quotation_that_does_not_end_is_refused(text: str) -> None:
    """What belongs to it is anybody's guess."""
    with pytest.raises(BadArgument, match="a quotation mark is missing"):
        list(iter(Words(text).maybe_take, None))
