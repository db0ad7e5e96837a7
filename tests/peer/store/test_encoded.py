"""Rows come out as they went in, and what is no row of ours is refused."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peer.log.event import EventId
from peer.log.record import Shown, Summary
from peer.store.encoded import (
    cursor_key,
    decode_extra,
    decode_shown,
    decode_summary,
    encode_extra,
    encode_shown,
    encode_summary,
    key_of,
    text_of,
)

IDS = st.binary(min_size=32, max_size=32).map(EventId)
SHOWN = st.builds(
    Shown,
    IDS,
    st.integers(0, 2**63 - 1),
    st.binary(min_size=32, max_size=32),
    st.text(max_size=9) | st.sampled_from(["é" * 4096]),
    st.binary(max_size=9),
)


@settings(max_examples=50)
@given(SHOWN, SHOWN)
def test_message_comes_back(one: Shown, other: Shown) -> None:
    """And its place can be compared, and its text read, without decoding."""
    rows = encode_shown(one), encode_shown(other)
    assert decode_shown(rows[0]) == one
    assert text_of(rows[0]) == one.text.encode()
    assert key_of(rows[0]) == cursor_key(one.cursor)
    assert (key_of(rows[0]) < key_of(rows[1])) == (one.cursor < other.cursor)


@pytest.mark.parametrize("length", [0, 39, 73, 74 + 3])
def test_message_cut_short_is_refused(length: int) -> None:
    row = encode_shown(Shown(EventId(bytes(32)), 1, bytes(32), "ahoy"))
    with pytest.raises(ValueError, match="cut short"):
        decode_shown(row[:length])


def test_line_of_a_conversation_comes_back() -> None:
    """A later version is refused, and not misread."""
    summary = Summary(title="Deck", unread=3, hlc=1 << 60, author=bytes(32), text="ahoy", content=b"more")
    assert decode_summary(encode_summary(summary)) == summary
    with pytest.raises(ValueError, match="2"):
        decode_summary(msgspec.msgpack.encode((2, "Deck", 3, 1 << 60, bytes(32), "ahoy", b"")))


def test_drafts_and_registers_are_told_apart() -> None:
    for kind in ("draft", "register"):
        assert decode_extra(encode_extra(kind, b"key", b"value")) == (kind, b"key", b"value")
    with pytest.raises(ValueError, match="other"):
        decode_extra(msgspec.msgpack.encode(("other", b"key", b"value")))
