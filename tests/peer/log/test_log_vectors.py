"""The sample bytes in tests/vectors/log are what we sign, take and refuse; a change of them changes the protocol."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from peer.crypto.identity import Identity, member_id_of
from peer.ids import RoomId
from peer.log.authority import authority_of
from peer.log.control_log import ControlLog
from peer.log.event import decode_event
from peer.log.genesis import check_genesis, found_direct

from ...properties.naive_authority import Naive
from ...vectors.log.generate import FOLDER, NOW_MS, VECTORS
from ..crypto.raw_side import hkdf


def load(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text("utf-8"))


GENESIS = bytes.fromhex(load("genesis")["genesis"])
ROOM_ID = RoomId(bytes.fromhex(load("genesis")["roomId"]))
STORY = [bytes.fromhex(case["event"]) for case in load("events")["events"]]
SEEDS = {name: bytes.fromhex(seed) for name, seed in load("events")["identitySeeds"].items()}
KEYS = {name: Identity.from_seed(seed).public_key for name, seed in SEEDS.items()}


def told(encoded: list[bytes]) -> ControlLog:
    log = ControlLog(ROOM_ID, GENESIS, identity=Identity.from_seed(SEEDS["late"]), random_bytes=bytes)
    log.receive(encoded, now_ms=NOW_MS)
    return log


@pytest.mark.parametrize("name", VECTORS)
def test_vectors_are_what_we_make_today(name: str) -> None:
    """If this fails on purpose, the protocol's version must rise with it."""
    assert VECTORS[name]() == load(name)


def test_genesis_is_its_fields_and_its_hash() -> None:
    case = load("genesis")
    owners = [bytes.fromhex(owner) for owner in case["owners"]]
    fields = [1, owners, case["joinPolicy"], case["history"], case["retention"], bytes.fromhex(case["salt"])]
    assert msgspec.msgpack.encode(fields) == GENESIS
    assert hashlib.sha256(b"speaktube genesis v1\0" + GENESIS).digest() == ROOM_ID


def test_invite_key_and_joins_follow_without_our_code() -> None:
    case = load("invites")
    seed = hkdf(b"speaktube v1 invite", material=bytes.fromhex(case["inviteSeed"]), salt=ROOM_ID)
    key = Ed25519PrivateKey.from_private_bytes(seed)
    assert key.public_key().public_bytes_raw().hex() == case["inviteKey"]
    for join in case["joins"]:
        signed = b"speaktube v1 join\0" + ROOM_ID + bytes.fromhex(join["newcomer"])
        assert key.sign(signed).hex() == join["signature"]


@pytest.mark.parametrize("case", load("events")["events"], ids=lambda case: case["kind"])
def test_event_follows_without_our_code(case: dict[str, Any]) -> None:
    """Header, id, signature and framing from the fields alone."""
    signed, body = bytes.fromhex(case["header"]), bytes.fromhex(case["body"])
    ref = [bytes.fromhex(case["ref"][0]), int(case["ref"][1])] if case["ref"] else None
    binary = [bytes.fromhex(case[name]) for name in ("author", "incarnation", "prev", "auth")]
    kinds = ["grant", "revoke", "invite", "uninvite", "join", "ban"]
    header = [1, binary[0], binary[1], case["plane"], case["seq"], binary[2], int(case["hlc"])]
    header += [kinds.index(case["kind"]) + 1, binary[3], ref, hashlib.sha256(body).digest()]
    assert msgspec.msgpack.encode(header) == signed
    assert hashlib.sha256(b"speaktube v1 event id\0" + ROOM_ID + signed).hexdigest() == case["id"]
    public_key = Ed25519PublicKey.from_public_bytes(binary[0])
    public_key.verify(bytes.fromhex(case["signature"]), b"speaktube v1 event\0" + ROOM_ID + signed)
    event = msgspec.msgpack.encode([signed, bytes.fromhex(case["signature"]), body])
    assert event.hex() == case["event"]
    assert decode_event(event, room_id=ROOM_ID).id.hex() == case["id"]


@pytest.mark.parametrize("step", load("authority")["steps"], ids=lambda step: step["events"])
def test_authority_follows_at_each_step(step: dict[str, Any]) -> None:
    """By our code and by the rules written out."""
    encoded = STORY[: step["events"]]
    events = [decode_event(data, room_id=ROOM_ID) for data in encoded]
    answers = authority_of(check_genesis(GENESIS, room_id=ROOM_ID), events)
    naive = Naive([KEYS["owner"]], True, encoded, ROOM_ID)
    levels = {KEYS[name]: level for name, level in step["members"].items()}
    assert naive.members == levels
    assert answers.members == {member_id_of(key): level for key, level in levels.items()}
    assert answers.banned == {member_id_of(KEYS[name]) for name in step["banned"]}
    void = [position for position, event in enumerate(events) if event.id not in answers.lawful]
    assert void == step["void"]
    log = told(encoded)
    assert log.digest().hex() == step["digest"]
    assert [part.hex() for part in log.summary()] == step["summary"]


def test_direct_room_follows_from_two_keys_without_our_code() -> None:
    """Sorted owners, a salt that is their hash, and the room id as of any genesis."""
    case = load("direct")
    keys = [bytes.fromhex(key) for key in case["keys"]]
    salt = hashlib.sha256(b"speaktube direct v1\0" + b"".join(sorted(keys))).digest()[:16]
    assert msgspec.msgpack.encode([1, sorted(keys), 1, 0, 1000, salt]).hex() == case["genesis"]
    genesis = bytes.fromhex(case["genesis"])
    assert hashlib.sha256(b"speaktube genesis v1\0" + genesis).hexdigest() == case["roomId"]
    for order in (keys, keys[::-1]):
        assert found_direct(*order) == (bytes.fromhex(case["roomId"]), genesis)


def test_digest_follows_without_our_code() -> None:
    """From the tips of the logs, in their order."""
    heads = [msgspec.msgpack.decode(msgspec.msgpack.decode(data)[0]) for data in STORY]
    tips = {}
    for head, case in zip(heads, load("events")["events"], strict=True):
        tips[head[1] + head[2]] = head[4].to_bytes(4, "big") + bytes(4) + bytes.fromhex(case["id"])
    digest = hashlib.sha256(b"".join(key + tip for key, tip in sorted(tips.items()))).digest()[:16]
    assert digest.hex() == load("authority")["steps"][-1]["digest"]


def test_fork_is_cut_where_the_branches_part() -> None:
    case = load("fork")
    ours, theirs = ([bytes.fromhex(data) for data in case[name]] for name in ("ours", "theirs"))
    for order in (ours + theirs, theirs + ours, [*ours[:2], theirs[2]]):
        log = told(order)
        assert [fork.seq for fork in log.forks] == [case["forkSeq"]]
        assert log.digest().hex() == case["digests"]["both"]
    assert told(ours).digest().hex() == case["digests"]["ours"]


@pytest.mark.parametrize("case", load("refused")["refused"], ids=lambda case: case["reason"])
def test_event_is_refused(case: dict[str, str]) -> None:
    log = told([bytes.fromhex(data) for data in load("refused")["held"]])
    before = log.digest()
    [(_, reason)] = log.receive([bytes.fromhex(case["event"])], now_ms=load("refused")["nowMs"]).refused
    assert reason.value == case["reason"]
    assert log.digest() == before
