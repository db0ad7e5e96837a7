"""The sample bytes in tests/vectors/messages are what we sign, compare and show; a change changes the protocol."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from peer.messages.compare import digest_of
from peer.messages.said import decode_said
from peer.wire.message_frames import MessageDigest, MessageEvents

from ...vectors.log.generate import ROOM_ID
from ...vectors.messages.generate import FOLDER, VECTORS, replica

KINDS = ["text", "edit", "delete", "reaction", "pin", "setting"]


def load(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text("utf-8"))


EVENTS = load("conversation")["events"]


@pytest.mark.parametrize("name", VECTORS)
def test_vectors_are_what_we_make_today(name: str) -> None:
    """If this fails on purpose, the protocol's version must rise with it."""
    assert VECTORS[name]() == load(name)


@pytest.mark.parametrize("case", EVENTS, ids=lambda case: case["kind"])
def test_message_follows_without_our_code(case: dict[str, Any]) -> None:
    """Header, id, signature and framing from the fields alone."""
    body = bytes.fromhex(case["body"])
    ref = [bytes.fromhex(case["ref"][0]), int(case["ref"][1])] if case["ref"] else None
    author, incarnation, prev, auth = (bytes.fromhex(case[name]) for name in ("author", "incarnation", "prev", "auth"))
    header = [1, author, incarnation, 1, case["seq"], prev, int(case["hlc"]), KINDS.index(case["kind"]) + 1, auth, ref]
    signed = msgspec.msgpack.encode([*header, hashlib.sha256(body).digest()])
    assert hashlib.sha256(b"speaktube v1 event id\0" + ROOM_ID + signed).hexdigest() == case["id"]
    signature = bytes.fromhex(case["signature"])
    Ed25519PublicKey.from_public_bytes(author).verify(signature, b"speaktube v1 event\0" + ROOM_ID + signed)
    assert msgspec.msgpack.encode([signed, signature, body]).hex() == case["event"]
    assert msgspec.msgpack.encode([signed, signature, b""]).hex() == case["withoutBody"]


def test_digests_follow_without_our_code() -> None:
    """From the ids of what is held, log by log; a text that was taken back is not one that lacks words."""
    for count, state in enumerate(load("conversation")["after"], start=1):
        logs: dict[bytes, bytes] = {}
        for case in EVENTS[:count]:
            key = bytes.fromhex(case["author"] + case["incarnation"])
            logs[key] = logs.get(key, b"") + bytes.fromhex(case["id"]) + b"\0"
        data = b"".join(key + bytes(4) + ids for key, ids in sorted(logs.items()))
        assert hashlib.sha256(data).hexdigest()[:32] == state["digest"]


def test_any_order_ends_in_the_last_state() -> None:
    holdings = replica()
    for case in reversed(EVENTS):
        said = decode_said(bytes.fromhex(case["event"]), room_id=ROOM_ID)
        assert said is not None
        holdings.put(said)
    assert digest_of(holdings, 0).hex() == load("conversation")["after"][-1]["digest"]


def test_what_is_seen_is_what_the_page_says() -> None:
    first, answer = load("conversation")["after"][-1]["seen"]
    assert first["text"] is None
    assert (answer["text"], answer["isEdited"], answer["isPinned"]) == ("hello ⛵", True, True)
    assert [each[:2] for each in answer["reactions"]] == [["👍", False]]


def test_exchange_ends_in_one_digest() -> None:
    """Each says its own last; what was sent is what the other one lacked, newest first, and nothing else."""
    frames = [
        (each["from"], msgspec.msgpack.decode(bytes.fromhex(each["bytes"]))) for each in load("exchange")["frames"]
    ]
    last = {name: frame[1].hex() for name, frame in frames if frame[0] == MessageDigest.__struct_config__.tag}
    assert set(last.values()) == {load("conversation")["after"][-1]["digest"]}
    sent = [
        event.hex() for name, frame in frames if frame[0] == MessageEvents.__struct_config__.tag for event in frame[1]
    ]
    assert sent == [case["event"] for case in reversed(EVENTS[4:])]


def test_profiles_follow_without_our_code() -> None:
    """Signature, bytes and digest from the fields alone."""
    vectors = load("profiles")
    buckets: dict[int, bytes] = {}
    for case in sorted(vectors["profiles"], key=lambda case: str(case["key"])):
        key, signature, stamp = bytes.fromhex(case["key"]), bytes.fromhex(case["signature"]), int(case["stamp"])
        parts = (ROOM_ID, stamp.to_bytes(8, "big"), case["name"].encode())
        signed = b"".join(len(part).to_bytes(2, "big") + part for part in parts)
        Ed25519PublicKey.from_public_bytes(key).verify(signature, b"speaktube v1 profile\0" + signed)
        encoded = msgspec.msgpack.encode([key, stamp, case["name"], signature])
        assert encoded.hex() == case["profile"]
        buckets[key[0] >> 4] = buckets.get(key[0] >> 4, b"") + encoded
    digest = b"".join(hashlib.sha256(buckets.get(number, b"")).digest()[:8] for number in range(16))
    assert digest.hex() == vectors["digest"]
