"""The frozen sessions of both suites: our side that can be replayed says the same, and so do other tools."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey

from peer.crypto.exchange import SUITE_HYBRID, Role
from peer.crypto.rekey import EVENTS

from ...vectors.link.transcripts import CHANNELS, keys_of, make_side
from .raw_side import RawSide, proof
from .test_link_vectors import load

CASES = {"suite 1": load("transcript_x25519"), "suite 2": load("transcript_hybrid")}
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def hexed(part: dict[str, Any], name: str) -> bytes:
    return bytes.fromhex(part.get(name, ""))


@every_case
def test_initiator_replays_the_session(case: dict[str, Any]) -> None:
    """It decapsulates, so nothing of it is drawn elsewhere: handshake, rekey and all frames, byte for byte."""
    side, said, renewed = make_side(case, Role.INITIATOR), case["handshake"], case["rekey"]
    assert [frame.hex() for frame in side.start()] == [said["helloI"]]
    assert [frame.hex() for frame in side.receive(hexed(said, "helloR"))] == [said["message1"]]
    assert [frame.hex() for frame in side.receive(hexed(said, "message2"))] == [said["message3"]]
    assert side.established is not None
    assert side.established.handshake_hash.hex() == said["handshakeHash"]
    keys = keys_of(case, side.established)
    for channel in CHANNELS:
        assert keys.cipher(channel).seal(b"first").hex() == said["firstFrames"][f"{channel} i2r"]
        assert keys.cipher(channel).open(hexed(said["firstFrames"], f"{channel} r2i")) == b"first"
    message_1, message_2, message_3, confirmation = renewed["frames"]
    assert [frame.hex() for frame in keys.start()] == [message_1]
    reply = keys.receive(keys.cipher(EVENTS).open(bytes.fromhex(message_2)))
    assert [frame.hex() for frame in reply] == [message_3]
    assert keys.receive(keys.cipher(EVENTS).open(bytes.fromhex(confirmation))) == []
    for channel in CHANNELS:
        assert keys.cipher(channel).seal(b"first").hex() == renewed["firstFrames"][f"{channel} i2r"]
        assert keys.cipher(channel).open(hexed(renewed["firstFrames"], f"{channel} r2i")) == b"first"


def raw_sides(case: dict[str, Any], part: dict[str, Any], *, gate: bytes, bound: bytes) -> tuple[RawSide, RawSide]:
    """Both sides of a handshake or rekey by other tools, which must say every byte of it."""
    left = RawSide(b"I", bound, gate=gate, ephemeral=hexed(part, "ephemeralI"))
    right = RawSide(b"R", bound, gate=gate, ephemeral=hexed(part, "ephemeralR"))
    payload = b""
    if case["suite"] == SUITE_HYBRID:
        key = MLKEM768PrivateKey.from_seed_bytes(hexed(part, "kemSeedI"))
        payload = key.public_key().public_bytes_raw()
        assert payload.hex() == part["encapsulationKey"]
    message_1 = left.write(payload)
    assert b"\x01" + message_1 == hexed(part, "message1")
    assert right.read(message_1) == payload
    ciphertext = left.read(hexed(part, "message2")[1:-112])
    message_2 = right.write(ciphertext)
    if case["suite"] == SUITE_HYBRID:
        left.kem_secret = right.kem_secret = key.decapsulate(ciphertext)
        assert left.kem_secret.hex() == part["kemSecret"]
    seeds = hexed(case, "identitySeedI"), hexed(case, "identitySeedR")
    assert b"\x02" + message_2 + right.seal_auth(proof(seeds[1], role=b"R", h=right.h)) == hexed(part, "message2")
    assert b"\x03" + left.seal_auth(proof(seeds[0], role=b"I", h=left.h)) == hexed(part, "message3")
    assert left.h.hex() == right.h.hex() == part["handshakeHash"]
    return left, right


def listed(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(2, "big") + part for part in parts)


@every_case
def test_both_sides_follow_without_our_code(case: dict[str, Any]) -> None:
    said, renewed = case["handshake"], case["rekey"]
    hellos, prints = (
        (hexed(said, "helloI"), hexed(said, "helloR")),
        (hexed(case, "fingerprintI"), hexed(case, "fingerprintR")),
    )
    bound = listed(b"speaktube link v1", case["topic"].encode(), *hellos, *prints)
    first = raw_sides(case, said, gate=hexed(case, "gate"), bound=bound)
    psk = first[0].key(b"speaktube v1 rekey")
    assert psk.hex() == renewed["psk"]
    bound = listed(b"speaktube rekey v1", first[0].h, (1).to_bytes(8, "big"))
    second = raw_sides(case, renewed, gate=psk, bound=bound)
    messages = [hexed(renewed, name) for name in ("message1", "message2", "message3", "confirmation")]
    senders = [(first[0], 1), (first[1], 1), (first[0], 2), (second[1], 0)]
    for message, frame, (sender, counter) in zip(messages, renewed["frames"], senders, strict=True):
        epoch = 1 if sender is second[1] else 0
        assert sender.seal_frame(b"events", counter, message, epoch=epoch).hex() == frame
    for part, sides, epoch in ((said, first, 0), (renewed, second, 1)):
        for name, frame in part["firstFrames"].items():
            channel, direction = name.encode().split()
            sender = sides[direction == b"r2i"]
            counter = 1 if epoch and name == "events r2i" else 0  # the confirmation went before it
            assert sender.seal_frame(channel, counter, b"first", epoch=epoch).hex() == frame
