"""What may be said, in which bytes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peer.errors import BadSetting, MalformedFrame, MessageTooLarge
from peer.messages.bodies import (
    MAX_BODY_BYTES,
    MAX_SLOW_MODE_S,
    MAX_TEXT_BYTES,
    Body,
    Delete,
    Edit,
    Kind,
    Pin,
    Reaction,
    SlowMode,
    Text,
    Title,
    check_body,
    decode_body,
    encode_body,
    kind_of,
)

SAMPLES: list[tuple[Body, Kind, str]] = [
    (Text("ahoy"), Kind.TEXT, "93a461686f799090"),
    (Text("a", ("x",), ("y",)), Kind.TEXT, "93a16191a17891a179"),
    (Edit("b"), Kind.EDIT, "93a1629090"),
    (Delete(), Kind.DELETE, "90"),
    (Reaction("👍", False, True), Kind.REACTION, "93a4f09f918dc2c3"),
    (Pin(True), Kind.PIN, "91c3"),
    (Title("Deck"), Kind.SETTING, "9201a44465636b"),
    (SlowMode(30), Kind.SETTING, "92021e"),
]


@pytest.mark.parametrize(("body", "kind", "encoded"), SAMPLES, ids=lambda each: type(each).__name__)
def test_each_body_has_its_bytes(body: Body, kind: Kind, encoded: str) -> None:
    """A change of them changes the protocol."""
    assert kind_of(body) is kind
    assert encode_body(body).hex() == encoded
    assert decode_body(kind, bytes.fromhex(encoded)) == body
    check_body(body)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (Kind.TEXT, Text("ä" * (MAX_TEXT_BYTES // 2 + 1))),
        (Kind.TEXT, Text("", ("i" * 65,))),
        (Kind.TEXT, Text("", ("i",) * 65)),
        (Kind.REACTION, Reaction("", False, True)),
        (Kind.REACTION, Reaction("e" * 65, False, True)),
        (Kind.SETTING, Title("t" * 65)),
        (Kind.SETTING, SlowMode(MAX_SLOW_MODE_S + 1)),
        (Kind.SETTING, SlowMode(-1)),
    ],
)
def test_what_is_out_of_bounds_is_refused(kind: Kind, body: Body) -> None:
    """By those who hear it, and, before that, by ourselves."""
    with pytest.raises(MalformedFrame):
        decode_body(kind, encode_body(body))
    with pytest.raises((BadSetting, MessageTooLarge)):
        check_body(body)


def test_body_fits_into_an_event() -> None:
    ids = tuple(f"{number:02}" + "𝄞" * 62 for number in range(64))
    with pytest.raises(MalformedFrame, match=str(MAX_BODY_BYTES)):
        decode_body(Kind.TEXT, encode_body(Text("", ids)))
    with pytest.raises(MessageTooLarge):
        check_body(Text("", ids))


def test_half_a_character_is_our_own_mistake() -> None:
    with pytest.raises(BadSetting, match="half a character"):
        check_body(Text("\ud800"))


@settings(max_examples=100)
@given(st.sampled_from(list(Kind)), st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(kind: Kind, data: bytes) -> None:
    """Nothing but MalformedFrame is raised."""
    try:
        body = decode_body(kind, data)
    except MalformedFrame:
        return
    assert kind_of(body) is kind
