"""One text for one value, one value for one text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer.encoding import (
    BASE64URL_ALPHABET,
    decode_base64url,
    encode_base64url,
    length_prefixed,
    member_id_of,
    public_key_of,
)
from peer.errors import BadIdentity
from peer.ids import MemberId


@given(st.binary(max_size=100))
def test_bytes_come_back(data: bytes) -> None:
    text = encode_base64url(data)
    assert set(text) <= BASE64URL_ALPHABET
    assert decode_base64url(text) == data


@pytest.mark.parametrize(
    "text",
    ["A", "AA==", "AA=", "AB", "AAB", "A A", "AA\n", " AA", "+/", "A+AA", "é", "\ud800", "AA.A", "A=AA", "AAAAA"],
)
def test_any_other_spelling_is_refused(text: str) -> None:
    """Padding, blanks, the other alphabet, stray trailing bits: each would be a second text for one value."""
    with pytest.raises(ValueError, match="base64url") as caught:
        decode_base64url(text)
    assert text not in str(caught.value)


@given(st.text(max_size=20))
def test_what_is_read_is_what_would_be_written(text: str) -> None:
    try:
        data = decode_base64url(text)
    except ValueError:
        return
    assert encode_base64url(data) == text


def test_each_part_stands_behind_its_length() -> None:
    assert length_prefixed(b"ab", b"", b"c" * 256) == b"\0\2ab\0\0\1\0" + b"c" * 256


@given(st.lists(st.binary(max_size=4)), st.lists(st.binary(max_size=4)))
def test_different_lists_never_look_alike(left: list[bytes], right: list[bytes]) -> None:
    assert (length_prefixed(*left) == length_prefixed(*right)) == (left == right)


def test_part_too_long_for_its_length_is_our_own_bug() -> None:
    with pytest.raises(OverflowError):
        length_prefixed(bytes(65536))


# ---- members


def test_member_id_and_key_name_each_other() -> None:
    key = bytes(range(32))
    name = member_id_of(key)
    assert len(name) == 43
    assert public_key_of(name) == key


@pytest.mark.parametrize("name", ["", "A", "A" * 42, "A" * 44, "A" * 42 + "=", "A" * 42 + "B", "é" * 43, "A" * 40])
def test_name_that_no_key_has_is_refused(name: str) -> None:
    with pytest.raises(BadIdentity):
        public_key_of(MemberId(name))


@given(st.text(max_size=50))
def test_any_text_as_member_id_gives_a_key_or_bad_identity(name: str) -> None:
    try:
        public_key = public_key_of(MemberId(name))
    except BadIdentity:
        return
    assert member_id_of(public_key) == name
