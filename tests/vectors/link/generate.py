"""Writes the sample bytes of links beside this file: `python -m tests.vectors.link.generate`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

from peer.core.safety import encode_code, safety_number
from peer.crypto.exchange import SUITE_X25519, Established, Role
from peer.crypto.handshake import Handshake
from peer.crypto.identity import Identity
from peer.crypto.link_cipher import LinkCipher
from peer.encoding import decode_base64url, encode_base64url
from peer.errors import BadInvite, CryptoError, RemoteError
from peer.ids import PeerId, RoomId
from peer.invite import Invite, PublicInvite, parse_invite
from peer.keys.room_keys import RoomKeys, derive_public_room, derive_room_keys
from peer.keys.sealing import SignalContext, open_signal, seal_signal

from .transcripts import transcript_hybrid, transcript_x25519

__all__ = ["FOLDER", "VECTORS"]

FOLDER = Path(__file__).parent


def counting(start: int, length: int) -> bytes:
    """Bytes that a reader can check by eye: start, start + 1, …"""
    return bytes((start + offset) % 256 for offset in range(length))


SECRET, ROOM_ID = counting(0x00, 16), RoomId(counting(0x10, 32))
SERVER = "https://signal.example"


def _keys(room_id: RoomId, keys: RoomKeys) -> dict[str, str]:
    return {"roomId": room_id.hex(), "topic": keys.topic, "gate": keys.gate.hex(), "signal": keys.signal.hex()}


def room_keys() -> dict[str, Any]:
    secrets = [(SECRET, ROOM_ID), (bytes(16), ROOM_ID), (SECRET, RoomId(bytes(32)))]
    return {
        "private": [
            {"secret": secret.hex(), **_keys(room, derive_room_keys(secret, room))} for secret, room in secrets
        ],
        "public": [
            {"name": name, **_keys(*derive_public_room(name))} for name in ("lobby", "Lobby", "Кухня", "a/b #1")
        ],
    }


def _refusal(link: str) -> str:
    try:
        parse_invite(link)
    except BadInvite as error:
        return error.reason
    raise AssertionError("this link should be refused")


def invites() -> dict[str, Any]:
    opened = Invite(SERVER, ROOM_ID, SECRET, counting(0x80, 16))
    single = replace(opened, server="http://127.0.0.1:8080/chat", is_open=False)
    fragment = decode_base64url(opened.link.partition("#")[2])
    damaged = [
        opened.link.partition("#")[0],
        opened.link[:-1],
        opened.link + "A",
        opened.link[:-1] + ".",
        opened.link.replace("https", "ftp"),
        *(f"{SERVER}/j#{encode_base64url(data)}" for data in (b"\x02" + fragment[1:], b"\x01\x02" + fragment[2:])),
        f"{SERVER}/j#pub.",
        f"{SERVER}/j#pub.%ff",
        f"{SERVER}/j#pub.{'x' * 65}",
    ]
    return {
        "private": [
            {
                "link": invite.link,
                "server": invite.server,
                "roomId": invite.room_id.hex(),
                "secret": invite.secret.hex(),
                "seed": invite.seed.hex(),
                "isOpen": invite.is_open,
            }
            for invite in (opened, single)
        ],
        "public": [
            {"link": PublicInvite(SERVER, name).link, "server": SERVER, "name": name}
            for name in ("lobby", "Кухня", "50% #1")
        ],
        "refused": [{"link": link, "reason": _refusal(link)} for link in damaged],
    }


def _drawn(private_key: bytes) -> Callable[[int], bytes]:
    """Chance that gives one known key."""
    return lambda count: private_key[:count]


def _established(handshake: Handshake) -> Established:
    assert handshake.established is not None
    return handshake.established


def handshake() -> dict[str, Any]:
    keys = derive_room_keys(SECRET, ROOM_ID)
    seeds, ephemerals = (counting(0x20, 32), counting(0x40, 32)), (counting(0x60, 32), counting(0x80, 32))
    fingerprints = counting(0xA0, 32), counting(0xC0, 32)
    initiator, responder = (
        Handshake(
            role=role,
            identity=Identity.from_seed(seeds[index]),
            gate=keys.gate,
            topic=keys.topic,
            local_fingerprint=fingerprints[index],
            remote_fingerprint=fingerprints[1 - index],
            authorise=lambda _: True,
            random_bytes=_drawn(ephemerals[index]),
            suites=(SUITE_X25519,),
        )
        for index, role in enumerate((Role.INITIATOR, Role.RESPONDER))
    )
    (hello_i,), (hello_r,) = initiator.start(), responder.start()
    responder.receive(hello_i)
    (message_1,) = initiator.receive(hello_r)
    (message_2,) = responder.receive(message_1)
    (message_3,) = initiator.receive(message_2)
    responder.receive(message_3)
    ends = {"i2r": _established(initiator), "r2i": _established(responder)}
    frames = {
        f"{channel} {direction}": end.cipher(channel).seal(b"first").hex()
        for direction, end in ends.items()
        for channel in ("events", "ephemeral")
    }
    named = {"gate": keys.gate, "identitySeedI": seeds[0], "identitySeedR": seeds[1]}
    named |= {"ephemeralI": ephemerals[0], "ephemeralR": ephemerals[1]}
    named |= {"fingerprintI": fingerprints[0], "fingerprintR": fingerprints[1]}
    named |= {"helloI": hello_i, "helloR": hello_r}
    named |= {"message1": message_1, "message2": message_2, "message3": message_3}
    named |= {"handshakeHash": ends["i2r"].handshake_hash}
    return {
        "topic": keys.topic,
        **{name: value.hex() for name, value in named.items()},
        "memberI": ends["r2i"].remote,
        "memberR": ends["i2r"].remote,
        "firstFrames": frames,
    }


def _refused(receive: Callable[[], object]) -> str:
    try:
        receive()
    except (CryptoError, RemoteError) as error:
        return type(error).__name__
    raise AssertionError("this should be refused")


def frames() -> dict[str, Any]:
    key = counting(0xE0, 32)
    sender, receiver = LinkCipher(key, bytes(32)), LinkCipher(bytes(32), key)
    plaintexts = [b"", b"text", counting(0, 40)]
    sealed = [sender.seal(plaintext) for plaintext in plaintexts]
    genuine = sender.seal(b"next")
    for frame in sealed:
        receiver.open(frame)
    refused = [
        sealed[1],
        genuine[:25],
        b"\x03" + genuine[1:],
        b"\x04\x01" + genuine[2:],
        genuine[:9] + b"\x09" + genuine[10:],
        genuine[:-1] + bytes([genuine[-1] ^ 1]),
        genuine[:2] + b"\xff" * 8 + genuine[10:],
    ]
    return {
        "key": key.hex(),
        "accepted": [
            {"counter": counter, "plaintext": plaintext.hex(), "frame": frame.hex()}
            for counter, (plaintext, frame) in enumerate(zip(plaintexts, sealed, strict=True))
        ],
        "refused": [{"frame": frame.hex(), "error": _refused(partial(receiver.open, frame))} for frame in refused],
    }


def signals() -> dict[str, Any]:
    keys = derive_room_keys(SECRET, ROOM_ID)
    context = SignalContext(
        topic=keys.topic,
        kind="offer",
        sender=PeerId(encode_base64url(counting(1, 16))),
        recipient=PeerId(encode_base64url(counting(2, 16))),
    )
    nonce, plaintext = counting(0xB0, 12), b"\x92\xc4\x08attempt.\xa3v=0"
    body = seal_signal(plaintext, key=keys.signal, context=context, random_bytes=lambda count: nonce[:count])
    sealed = decode_base64url(body)
    damaged = [
        encode_base64url(data)
        for data in (b"\x02" + sealed[1:], sealed[:28], sealed[:-1], sealed[:-1] + bytes([sealed[-1] ^ 1]))
    ]
    return {
        "key": keys.signal.hex(),
        "context": asdict(context),
        "nonce": nonce.hex(),
        "plaintext": plaintext.hex(),
        "body": body,
        "refused": [
            {
                "body": text,
                "error": _refused(partial(open_signal, text, key=keys.signal, context=context)),
            }
            for text in ("", body + "=", *damaged)
        ],
    }


def safety() -> dict[str, Any]:
    one, two, three = (Identity.from_seed(counting(at, 32)).member_id for at in (0x20, 0x40, 0x60))
    code = encode_code(ours=one, theirs=two)
    shown = [(code, two, one), (code, three, None), (code[:-1], two, None), (code.replace(":1:", ":2:"), two, None)]
    return {
        "numbers": [
            {"one": pair[0], "other": pair[1], "number": safety_number(*pair)}
            for pair in ((one, two), (two, one), (one, three), (two, three))
        ],
        "codes": [{"code": code, "readBy": reader, "shows": shows} for code, reader, shows in shown],
    }


VECTORS = {
    "room_keys": room_keys,
    "invites": invites,
    "handshake": handshake,
    "transcript_x25519": transcript_x25519,
    "frames": frames,
    "signals": signals,
    "safety": safety,
}

RECORDED = {"transcript_hybrid": transcript_hybrid}
"""Drawn anew each time; the file is what counts."""

if __name__ == "__main__":
    for name, make in (VECTORS | RECORDED if "--record" in sys.argv else VECTORS).items():
        text = json.dumps(make(), indent=2, ensure_ascii=False) + "\n"
        (FOLDER / f"{name}.json").write_text(text, "utf-8")
