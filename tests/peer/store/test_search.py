"""What a search finds."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peer.store.search import Newest, Query, fold


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("AHOY", "Ahoy, captain"),
        ("captain ahoy", "Ahoy, captain"),
        ("apta", "Ahoy, captain"),
        ("mowe", "Eine MÖWE"),
        ("Möwe", "eine mowe"),
        ("strasse", "Straße"),
        ("STRASSE", "straße"),
        ("Ελλαδα", "Ελλάδα"),
        ("елка", "Ёлка"),
        ("ﬁsh", "FISH"),
        ("istanbul", "İstanbul"),
        ("が", "たが"),
        ("👩‍👧", "hello 👩‍👧"),
    ],
)
def test_text_is_found(query: str, text: str) -> None:
    """Every word, anywhere, whatever its case and accents."""
    assert Query(query).finds(text.encode())


@pytest.mark.parametrize(
    ("query", "text"),
    [("ahoy mate", "Ahoy, captain"), ("möwe", "move"), ("か", "が"), ("mate", "Möwe"), ("é", "plain")],
)
def test_text_is_not_found(query: str, text: str) -> None:
    """A word is missing, or it is another letter."""
    assert not Query(query).finds(text.encode())


def test_query_without_a_word_looks_for_nothing() -> None:
    assert [bool(Query(text)) for text in ("", " \t\n", "\u0301", "x")] == [False, False, False, True]


@settings(max_examples=100)
@given(st.text(max_size=20), st.text(max_size=20))
def test_every_text_is_found_by_itself(text: str, other: str) -> None:
    """And by each of its words, whatever stands around it; folding twice changes nothing more."""
    assert Query(text).finds((other + " " + text).encode())
    assert fold(fold(text)) == fold(text)


@settings(max_examples=50)
@given(st.lists(st.binary(max_size=2)), st.integers(0, 4))
def test_newest_are_kept(keys: list[bytes], limit: int) -> None:
    """Newest first; one that is offered twice is there once."""
    newest: Newest[bytes] = Newest(limit)
    for key in keys:
        newest.offer(key, key)
    taken = newest.take()
    assert taken == sorted(set(taken), reverse=True)
    assert len(taken) <= limit
    if len(set(keys)) == len(keys):
        assert taken == sorted(keys, reverse=True)[:limit]
