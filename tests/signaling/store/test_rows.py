"""Rows come back as they went, and foreign ones raise ValueError alone."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.store.rows import Letter, Row, decode_row, encode_row, mail_key, peer_key, room_key

from .support import a_guest, a_key, a_room


@pytest.mark.parametrize(
    ("key", "row"),
    [
        (room_key(a_room().room_id), a_room()),
        (peer_key(a_key()), a_guest("p", "here")),
        (mail_key(a_key(), 17), Letter(17, "notice", b"\x00\xff", 1.5)),
        (mail_key(a_key(), 17), Letter(17, "offer", b"{}", 1.5, a_key().peer_id)),
    ],
)
def test_row_survives_the_round_trip(key: str, row: Row) -> None:
    """Every kind of record."""
    assert decode_row(key, encode_row(row)) == row


def test_letters_sort_by_serial() -> None:
    """As text, so that a sorted load keeps the order of posting."""
    keys = [mail_key(a_key(), serial) for serial in (9, 10, 255, 4096)]
    assert keys == sorted(keys)


@given(st.sampled_from(["room:r", "peer:r:p", "mail:r:p:0", "what", ""]), st.binary(max_size=64))
def test_foreign_bytes_raise_value_error(key: str, value: bytes) -> None:
    """Whatever is in the folder."""
    with contextlib.suppress(ValueError):
        decode_row(key, value)
