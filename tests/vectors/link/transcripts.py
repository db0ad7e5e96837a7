"""Whole sessions for `generate`: a handshake and a rekey in each suite, every frame as sent.

Suite 1 follows from its keys alone. In suite 2 the responder's share of ML-KEM is drawn inside the library, which takes
no chance from outside: that transcript was recorded once, and `--record` records another one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey

from peer.crypto.exchange import SUITE_HYBRID, SUITE_X25519, Established, Role
from peer.crypto.handshake import Handshake
from peer.crypto.identity import Identity
from peer.crypto.rekey import EVENTS, LinkKeys
from peer.ids import RoomId
from peer.keys.room_keys import derive_room_keys

__all__ = ["CHANNELS", "drawn", "make_side", "transcript_hybrid", "transcript_x25519"]

CHANNELS = ("events", "ephemeral", "bulk")
DRAWS = {"kemSeedI": 64, "ephemeralI": 32, "ephemeralR": 32}


def counting(start: int, length: int) -> bytes:
    return bytes((start + offset) % 256 for offset in range(length))


def drawn(*values: bytes) -> Callable[[int], bytes]:
    """Chance that gives known values in their order."""
    waiting = list(values)
    return lambda count: waiting.pop(0)[:count]


def make_side(case: dict[str, Any], role: Role) -> Handshake:
    """One side with the keys of a transcript."""
    letter, other = ("I", "R") if role is Role.INITIATOR else ("R", "I")
    return Handshake(
        role=role,
        identity=Identity.from_seed(bytes.fromhex(case[f"identitySeed{letter}"])),
        gate=bytes.fromhex(case["gate"]),
        topic=case["topic"],
        local_fingerprint=bytes.fromhex(case[f"fingerprint{letter}"]),
        remote_fingerprint=bytes.fromhex(case[f"fingerprint{other}"]),
        authorise=lambda _: True,
        random_bytes=drawn(*draws_of(case["handshake"], letter)),
        suites=(case["suite"],),
    )


def draws_of(part: dict[str, Any], letter: str) -> list[bytes]:
    """What one side draws in a handshake or rekey."""
    return [bytes.fromhex(part[name]) for name in DRAWS if name in part and name.endswith(letter)]


def keys_of(case: dict[str, Any], established: Established) -> LinkKeys:
    letter = established.role.value.decode()
    identity = Identity.from_seed(bytes.fromhex(case[f"identitySeed{letter}"]))
    keys = LinkKeys(established, identity=identity, random_bytes=drawn(*draws_of(case["rekey"], letter)))
    for channel in CHANNELS:
        keys.cipher(channel)
    return keys


def transcript_x25519() -> dict[str, Any]:
    return _transcript(SUITE_X25519)


def transcript_hybrid() -> dict[str, Any]:
    return _transcript(SUITE_HYBRID)


def _transcript(suite: int) -> dict[str, Any]:
    keys = derive_room_keys(counting(0x00, 16), RoomId(counting(0x10, 32)))
    case: dict[str, Any] = {
        "suite": suite,
        "topic": keys.topic,
        "gate": keys.gate.hex(),
        "identitySeedI": counting(0x20, 32).hex(),
        "identitySeedR": counting(0x40, 32).hex(),
        "fingerprintI": counting(0xA0, 32).hex(),
        "fingerprintR": counting(0xC0, 32).hex(),
        "handshake": _drawn_from(suite, 0x60),
        "rekey": _drawn_from(suite, 0x70),
    }
    left, right = (make_side(case, role) for role in Role)
    case["handshake"] |= _shake(left, right)
    assert left.established is not None
    assert right.established is not None
    case["handshake"] |= _ends(suite, case["handshake"], left.established)
    ends = keys_of(case, left.established), keys_of(case, right.established)
    case["handshake"]["firstFrames"] = first_frames(*ends)
    case["rekey"] |= _rekey(*ends)
    case["rekey"] |= _ends(suite, case["rekey"], vars(ends[0])["_current"])
    case["rekey"]["firstFrames"] = first_frames(*ends)
    return case


def _drawn_from(suite: int, start: int) -> dict[str, str]:
    lengths = {name: count for name, count in DRAWS.items() if suite == SUITE_HYBRID or "kem" not in name}
    return {name: counting(start + 32 * index, count).hex() for index, (name, count) in enumerate(lengths.items())}


def _shake(left: Handshake, right: Handshake) -> dict[str, str]:
    (hello_i,), (hello_r,) = left.start(), right.start()
    right.receive(hello_i)
    (message_1,) = left.receive(hello_r)
    (message_2,) = right.receive(message_1)
    (message_3,) = left.receive(message_2)
    right.receive(message_3)
    named = {"helloI": hello_i, "helloR": hello_r}
    named |= {"message1": message_1, "message2": message_2, "message3": message_3}
    return {name: value.hex() for name, value in named.items()}


def _rekey(left: LinkKeys, right: LinkKeys) -> dict[str, Any]:
    """The four messages, plain and as they were sealed."""
    before = vars(left)["_current"]
    messages, frames, sender = [], left.start(), left
    sent = []
    while frames:
        (frame,) = frames
        sender = right if sender is left else left
        message = sender.cipher(EVENTS).open(frame)
        messages.append(message.hex())
        sent.append(frame.hex())
        frames = sender.receive(message)
    names = ("message1", "message2", "message3", "confirmation")
    return {"psk": before.key(b"speaktube v1 rekey").hex(), **dict(zip(names, messages, strict=True)), "frames": sent}


def _ends(suite: int, part: dict[str, Any], established: Established) -> dict[str, str]:
    ends = {"handshakeHash": established.handshake_hash.hex()}
    if suite == SUITE_HYBRID:
        material: bytes = vars_of_key(established)["material"]
        ends |= {"kemSecret": material[64:].hex()}
        key = MLKEM768PrivateKey.from_seed_bytes(bytes.fromhex(part["kemSeedI"]))
        ends |= {"encapsulationKey": key.public_key().public_bytes_raw().hex()}
    return ends


def vars_of_key(established: Established) -> dict[str, Any]:
    """The arguments that a session binds to `derive_key`."""
    keywords: dict[str, Any] = getattr(established.key, "keywords", {})
    return keywords


def first_frames(left: LinkKeys, right: LinkKeys) -> dict[str, str]:
    """The next frame of each channel and direction."""
    return {
        f"{channel} {direction}": keys.cipher(channel).seal(b"first").hex()
        for direction, keys in (("i2r", left), ("r2i", right))
        for channel in CHANNELS
    }
