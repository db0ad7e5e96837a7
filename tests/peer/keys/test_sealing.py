"""Sealed signals: open in their context, and nowhere else."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from peer.errors import BadCiphertext, MalformedFrame, MessageTooLarge
from peer.ids import PeerId, Topic
from peer.keys.sealing import MAX_SIGNAL_CHARS, SignalContext, open_signal, seal_signal

from ..crypto.link_pair import Chance

KEY = bytes(range(32))
CONTEXT = SignalContext(topic=Topic("T" * 22), kind="offer", sender=PeerId("S" * 22), recipient=PeerId("R" * 22))
BODY = seal_signal(b"v=0", key=KEY, context=CONTEXT, random_bytes=Chance(b"signal"))


def decoded(body: str) -> bytes:
    return urlsafe_b64decode(body + "=" * (-len(body) % 4))


def encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


@given(st.binary(max_size=2000))
def test_plaintext_comes_back(plaintext: bytes) -> None:
    body = seal_signal(plaintext, key=KEY, context=CONTEXT, random_bytes=Chance(b"signal"))
    assert open_signal(body, key=KEY, context=CONTEXT) == plaintext


def test_body_is_the_one_of_the_protocol() -> None:
    """01 | nonce 12 | ciphertext, bound to LP("speaktube v1 signal", topic, kind, from, to)."""
    data = decoded(BODY)
    parts = (b"speaktube v1 signal", b"T" * 22, b"offer", b"S" * 22, b"R" * 22)
    associated = b"".join(len(part).to_bytes(2, "big") + part for part in parts)
    assert data[0] == 1
    assert data[1:13] == Chance(b"signal")(12)
    assert AESGCM(KEY).decrypt(data[1:13], data[13:], associated) == b"v=0"


def test_each_signal_has_its_own_nonce() -> None:
    chance = Chance(b"signals")
    bodies = {seal_signal(b"v=0", key=KEY, context=CONTEXT, random_bytes=chance) for _ in range(10)}
    assert len(bodies) == 10
    assert chance.taken == [12] * 10


@pytest.mark.parametrize(
    "context",
    [
        replace(CONTEXT, topic=Topic("U" * 22)),
        replace(CONTEXT, kind="answer"),
        replace(CONTEXT, sender=CONTEXT.recipient),
        replace(CONTEXT, recipient=CONTEXT.sender),
        replace(CONTEXT, sender=CONTEXT.recipient, recipient=CONTEXT.sender),
        replace(CONTEXT, kind="offerS", sender=PeerId("S" * 21)),
    ],
)
def test_signal_opens_in_its_own_context_only(context: SignalContext) -> None:
    """Another room, kind, sender or recipient, both turned around, or a border moved."""
    with pytest.raises(BadCiphertext):
        open_signal(BODY, key=KEY, context=context)


def test_signal_opens_under_its_own_key_only() -> None:
    with pytest.raises(BadCiphertext):
        open_signal(BODY, key=bytes(32), context=CONTEXT)


@given(st.integers(8, len(decoded(BODY)) * 8 - 1))
def test_any_bit_flipped_behind_the_version_is_refused(bit: int) -> None:
    data = bytearray(decoded(BODY))
    data[bit // 8] ^= 1 << bit % 8
    with pytest.raises(BadCiphertext):
        open_signal(encoded(bytes(data)), key=KEY, context=CONTEXT)


@pytest.mark.parametrize(
    "body",
    [
        "",
        BODY + "=",
        BODY + "\n",
        BODY[:-1],
        encoded(decoded(BODY)[:28]),
        encoded(b"\x02" + decoded(BODY)[1:]),
        encoded(b"\x00" + decoded(BODY)[1:]),
        "A" * (MAX_SIGNAL_CHARS + 1),
        "é" * 60,
    ],
)
def test_what_cannot_be_a_signal_is_malformed(body: str) -> None:
    with pytest.raises(MalformedFrame):
        open_signal(body, key=KEY, context=CONTEXT)


@given(st.text(max_size=100))
def test_any_text_is_malformed_or_does_not_fit(text: str) -> None:
    for body in (text, "AQ" + text, BODY[:20] + text):
        with pytest.raises((MalformedFrame, BadCiphertext)):
            open_signal(body, key=KEY, context=CONTEXT)
    assert open_signal(BODY, key=KEY, context=CONTEXT) == b"v=0"


def test_signal_over_the_limit_is_malformed_though_genuine() -> None:
    """Refused by its length, before anything is decoded or decrypted."""
    parts = (b"speaktube v1 signal", b"T" * 22, b"offer", b"S" * 22, b"R" * 22)
    associated = b"".join(len(part).to_bytes(2, "big") + part for part in parts)
    data = b"\x01" + bytes(12) + AESGCM(KEY).encrypt(bytes(12), bytes(MAX_SIGNAL_CHARS), associated)
    with pytest.raises(MalformedFrame, match="64 KiB"):
        open_signal(encoded(data), key=KEY, context=CONTEXT)


def test_largest_signal_fits_the_server_and_one_more_byte_is_refused() -> None:
    """64 KiB of JSON, two of them quotes."""
    largest = bytes(MAX_SIGNAL_CHARS * 3 // 4 - 29)
    body = seal_signal(largest, key=KEY, context=CONTEXT, random_bytes=Chance(b"signal"))
    assert len(body) == MAX_SIGNAL_CHARS
    assert open_signal(body, key=KEY, context=CONTEXT) == largest
    with pytest.raises(MessageTooLarge):
        seal_signal(largest + b"x", key=KEY, context=CONTEXT, random_bytes=Chance(b"signal"))
