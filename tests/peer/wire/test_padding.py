"""Padded frames say the same and have few sizes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer.wire import frames
from peer.wire.frames import Frame, MessageEvents, TypingNotice
from peer.wire.padding import PADDED_SIZES, pad


def chat(text: str) -> MessageEvents:
    return MessageEvents((text.encode(),), False)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=9000))
def test_text_of_any_length_is_read_as_it_was_and_has_one_of_few_sizes(text: str) -> None:
    padded = pad(frames.encode(chat(text)))
    assert frames.decode(padded) == chat(text)
    assert len(padded) in PADDED_SIZES or len(padded) % 4096 == 0


@pytest.mark.parametrize(
    ("size", "gap"), [(256, gap) for gap in (0, 1, 2, 3, 200)] + [(1024, gap) for gap in (256, 257, 258, 259, 766)]
)
def test_every_gap_is_filled_exactly(size: int, gap: int) -> None:
    text = ""
    while len(frames.encode(chat(text))) < size - gap:
        text += "x"
    plaintext = frames.encode(chat(text))
    assert len(plaintext) == size - gap
    assert len(pad(plaintext)) == size
    assert frames.decode(pad(plaintext)) == chat(text)


@pytest.mark.parametrize(("length", "size"), [(256, 256), (257, 1024), (1025, 4096), (4096, 4096), (4097, 8192)])
def test_least_size_is_taken(length: int, size: int) -> None:
    plaintext = b"\x92\x01\xc5" + (length - 5).to_bytes(2, "big") + bytes(length - 5)
    assert len(pad(plaintext)) == size


@pytest.mark.parametrize("frame", [TypingNotice(True), TypingNotice(False), chat("hi")])
def test_typing_and_short_messages_look_alike(frame: Frame) -> None:
    padded = pad(frames.encode(frame))
    assert len(padded) == 256
    assert frames.decode(padded) == frame


@pytest.mark.parametrize("plaintext", [b"\x9f" + bytes(15), b"\x81\x01\x02"])
def test_what_is_no_short_array_is_our_own_bug(plaintext: bytes) -> None:
    with pytest.raises(AssertionError):
        pad(plaintext)
