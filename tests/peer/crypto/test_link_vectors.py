"""The sample bytes in tests/vectors/link are what we send, read and refuse; a change of them changes the protocol."""

from __future__ import annotations

import json
from typing import Any

import pytest

from peer import errors
from peer.crypto.link_cipher import LinkCipher
from peer.ids import RoomId
from peer.invite import Invite, PublicInvite, parse_invite
from peer.keys.sealing import SignalContext, open_signal

from ...vectors.link.generate import FOLDER, VECTORS
from .raw_side import RawSide, hkdf, prologue, proof


def load(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text("utf-8"))


@pytest.mark.parametrize("name", VECTORS)
def test_vectors_are_what_we_make_today(name: str) -> None:
    """If this fails on purpose, the protocol's version must rise with it."""
    assert VECTORS[name]() == load(name)


@pytest.mark.parametrize("case", load("room_keys")["private"], ids=lambda case: case["topic"][:8])
def test_room_keys_follow_without_our_code(case: dict[str, str]) -> None:
    secret, room_id = bytes.fromhex(case["secret"]), bytes.fromhex(case["roomId"])
    assert hkdf(b"speaktube v1 gate", material=secret, salt=room_id).hex() == case["gate"]
    assert hkdf(b"speaktube v1 signal", material=secret, salt=room_id).hex() == case["signal"]


@pytest.mark.parametrize("case", load("invites")["private"], ids=lambda case: case["server"])
def test_invite_is_read(case: dict[str, Any]) -> None:
    room_id, secret, seed = (bytes.fromhex(case[name]) for name in ("roomId", "secret", "seed"))
    invite = Invite(case["server"], RoomId(room_id), secret, seed, is_open=case["isOpen"])
    assert parse_invite(case["link"]) == invite


@pytest.mark.parametrize("case", load("invites")["public"], ids=lambda case: case["name"])
def test_public_invite_is_read(case: dict[str, str]) -> None:
    assert parse_invite(case["link"]) == PublicInvite(case["server"], case["name"])


@pytest.mark.parametrize("case", load("invites")["refused"], ids=lambda case: case["reason"][:30])
def test_damaged_invite_is_refused(case: dict[str, str]) -> None:
    with pytest.raises(errors.BadInvite) as caught:
        parse_invite(case["link"])
    assert caught.value.reason == case["reason"]


def test_transcript_follows_without_our_code() -> None:
    """Both sides made of `noiseprotocol` and `hmac` write the same session."""
    text = load("handshake")
    case = {name: bytes.fromhex(text[name]) for name in text if name[-1] in "IR123" and not name.startswith("member")}
    bound = prologue(
        topic=text["topic"],
        hellos=(case["helloI"], case["helloR"]),
        fingerprints=(case["fingerprintI"], case["fingerprintR"]),
    )
    gate = bytes.fromhex(text["gate"])
    initiator = RawSide(b"I", bound, gate=gate, ephemeral=case["ephemeralI"])
    responder = RawSide(b"R", bound, gate=gate, ephemeral=case["ephemeralR"])
    message_1 = initiator.write()
    responder.read(message_1)
    message_2 = responder.write()
    initiator.read(message_2)
    auth_r = responder.seal_auth(proof(case["identitySeedR"], role=b"R", h=responder.h))
    auth_i = initiator.seal_auth(proof(case["identitySeedI"], role=b"I", h=initiator.h))
    assert case["message1"] == b"\x01" + message_1
    assert case["message2"] == b"\x02" + message_2 + auth_r
    assert case["message3"] == b"\x03" + auth_i
    assert text["handshakeHash"] == initiator.h.hex() == responder.h.hex()
    assert text["firstFrames"] == {
        f"{channel} {direction}": side.seal_frame(channel.encode(), 0, b"first").hex()
        for direction, side in (("i2r", initiator), ("r2i", responder))
        for channel in ("events", "ephemeral")
    }


def test_frames_are_opened_and_refused_in_order() -> None:
    case = load("frames")
    receiver = LinkCipher(bytes(32), bytes.fromhex(case["key"]))
    for good in case["accepted"]:
        assert receiver.open(bytes.fromhex(good["frame"])).hex() == good["plaintext"]
    for bad in case["refused"]:
        with pytest.raises(getattr(errors, bad["error"])):
            receiver.open(bytes.fromhex(bad["frame"]))


def test_signals_are_opened_and_refused() -> None:
    case = load("signals")
    key, context = bytes.fromhex(case["key"]), SignalContext(**case["context"])
    assert open_signal(case["body"], key=key, context=context).hex() == case["plaintext"]
    for bad in case["refused"]:
        with pytest.raises(getattr(errors, bad["error"])):
            open_signal(bad["body"], key=key, context=context)
