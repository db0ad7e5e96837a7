"""The plaintext of signals."""

from __future__ import annotations

from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer.errors import MalformedFrame
from peer.wire.signals import ATTEMPT_BYTES, Description, decode_description, encode_description

attempts = st.binary(min_size=ATTEMPT_BYTES, max_size=ATTEMPT_BYTES)


@given(attempts, st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_description_survives_the_wire(attempt: bytes, text: str) -> None:
    """docs/protocol.md, Signals: MessagePack `[attempt, text]`."""
    description = Description(attempt, text)
    assert encode_description(description) == msgspec.msgpack.encode([attempt, text])
    assert decode_description(encode_description(description)) == description


@given(st.binary(max_size=100))
def test_any_bytes_are_a_description_or_malformed(data: bytes) -> None:
    """A member may seal anything."""
    with suppress(MalformedFrame):
        assert isinstance(decode_description(data), Description)


@pytest.mark.parametrize(
    "fields",
    [
        [],
        [bytes(8)],
        [bytes(7), "sdp"],
        [bytes(9), "sdp"],
        ["12345678", "sdp"],
        [bytes(8), b"sdp"],
        [bytes(8), "x" * 16385],
    ],
)
def test_description_outside_its_limits_is_malformed(fields: list[object]) -> None:
    """Eight bytes of attempt, at most 16 Ki characters of text."""
    with pytest.raises(MalformedFrame):
        decode_description(msgspec.msgpack.encode(fields))


def test_appended_fields_are_ignored() -> None:
    """A later version may say more."""
    assert decode_description(msgspec.msgpack.encode([bytes(8), "sdp", 1])) == Description(bytes(8), "sdp")
