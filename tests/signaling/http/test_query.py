"""What a query may say."""

import pytest

from signaling import errors
from signaling.config import Config
from signaling.http.query import CURSOR, LIMIT, WAIT

CONFIG = Config()


@pytest.mark.parametrize(
    "text", ["-0.1", "25.1", "nan", "inf", "1e999", "x", "", "²", "１", "1_0", " 5", "5\n", "+5", "0" * 33]
)
def test_number_outside_its_bounds_is_refused(text: str) -> None:
    """With the bounds in the sentence; Python's own spellings of numbers are none."""
    with pytest.raises(errors.InvalidQuery, match="'wait' is a number from 0 to 25"):
        WAIT.read({"wait": text}, CONFIG)


@pytest.mark.parametrize(("query", "wanted"), [({"wait": "2.5"}, 2.5), ({"wait": "1e1"}, 10), ({}, 0)])
def test_number_within_its_bounds_is_taken(query: dict[str, str], wanted: float) -> None:
    """Missing means the default."""
    assert WAIT.read(query, CONFIG) == wanted


def test_bound_that_the_operator_sets_is_the_bound() -> None:
    """S10: how long a poll waits."""
    assert WAIT.read({"wait": "26"}, Config(poll_max_s=26)) == 26


@pytest.mark.parametrize(
    ("text", "is_taken"), [("1", True), ("100", True), ("1.0", True), ("1.5", False), ("0", False)]
)
def test_whole_number_has_no_fraction(text: str, is_taken: bool) -> None:
    """Half a room is not listed."""
    if is_taken:
        assert LIMIT.read({"limit": text}, CONFIG) == float(text)
        return
    with pytest.raises(errors.InvalidQuery, match="a whole number from 1 to 100"):
        LIMIT.read({"limit": text}, CONFIG)


@pytest.mark.parametrize("text", ["", "!", "a b", "A" * 201, "a\n", "é"])
def test_word_that_is_none_of_ours_is_refused(text: str) -> None:
    """An empty one too: whoever sends it has lost something."""
    with pytest.raises(errors.InvalidQuery, match="'cursor' is not a cursor"):
        CURSOR.read({"cursor": text})


@pytest.mark.parametrize(("query", "wanted"), [({}, None), ({"cursor": "MTgw-_"}, "MTgw-_")])
def test_word_of_ours_is_taken(query: dict[str, str], wanted: str | None) -> None:
    """Missing means from the start."""
    assert CURSOR.read(query) == wanted
