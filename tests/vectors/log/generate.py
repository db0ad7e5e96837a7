"""Writes the sample bytes of control events beside this file: `python -m tests.vectors.log.generate`."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from peer.crypto.identity import Identity
from peer.keys.room_keys import derive_invite_key
from peer.log.authority import authority_of
from peer.log.control import (
    Ban,
    Control,
    Cut,
    Grant,
    Invitation,
    Kind,
    Revoke,
    Uninvite,
    encode_control,
    kind_of,
    sign_join,
)
from peer.log.control_log import ControlLog
from peer.log.event import Event, Header, Plane, Reference, hlc_at, seal_event
from peer.log.genesis import Genesis, encode_genesis, found_direct, room_id_of

__all__ = ["FOLDER", "VECTORS"]

FOLDER = Path(__file__).parent
NOW_MS = 1_700_000_000_000


def counting(start: int, length: int) -> bytes:
    """Bytes that a reader can check by eye: start, start + 1, …"""
    return bytes((start + offset) % 256 for offset in range(length))


OWNER, ADMIN, GUEST, LATE = (Identity.from_seed(counting(start, 32)) for start in (0x20, 0x40, 0x60, 0x80))
NAMES = {"owner": OWNER, "admin": ADMIN, "guest": GUEST, "late": LATE}
GENESIS = Genesis(1, (OWNER.public_key,), join_policy=0, history=0, retention=1000, salt=counting(0, 16))
ENCODED_GENESIS = encode_genesis(GENESIS)
ROOM_ID = room_id_of(ENCODED_GENESIS)
SEED = counting(0xA0, 16)


class Pen:
    """One log."""

    def __init__(self, identity: Identity, incarnation: int) -> None:
        self.identity = identity
        self.incarnation = counting(incarnation, 8)
        self.last: Event | None = None

    def write(self, control: Control, *, at_ms: int, auth: Event | None = None, ref: Event | None = None) -> Event:
        body = encode_control(control)
        header = Header(
            version=1,
            author=self.identity.public_key,
            incarnation=self.incarnation,
            plane=Plane.CONTROL,
            seq=self.last.header.seq + 1 if self.last is not None else 1,
            prev=self.last.id if self.last is not None else b"",
            hlc=hlc_at(NOW_MS + at_ms),
            kind=kind_of(control),
            auth=auth.id if auth is not None else b"",
            ref=Reference(ref.id, ref.header.hlc) if ref is not None else None,
            body_hash=hashlib.sha256(body).digest(),
        )
        self.last = seal_event(header, body, identity=self.identity, room_id=ROOM_ID)
        return self.last


def story() -> list[Event]:
    """An admin is made, invites a guest, is removed and brought back, and the guest leaves again."""
    owner, admin, guest, late = Pen(OWNER, 1), Pen(ADMIN, 2), Pen(GUEST, 3), Pen(LATE, 4)
    key = derive_invite_key(SEED, ROOM_ID)
    made = owner.write(Grant(ADMIN.public_key, 3), at_ms=0)
    invite = admin.write(Invitation(key.public_key, 1, NOW_MS + 60_000), at_ms=10, auth=made)
    join = guest.write(sign_join(key, room_id=ROOM_ID, newcomer=GUEST.public_key), at_ms=20, auth=invite)
    grant = admin.write(Grant(GUEST.public_key, 1), at_ms=30, auth=made, ref=join)
    revoke = owner.write(Revoke((Cut(admin.incarnation, Plane.CONTROL, 2),)), at_ms=40, ref=made)
    ban = owner.write(Ban(ADMIN.public_key, (Cut(admin.incarnation, Plane.CONTROL, 2),)), at_ms=50)
    ghost = admin.write(Grant(LATE.public_key, 1), at_ms=60, auth=made)
    uninvite = owner.write(Uninvite(), at_ms=70, ref=invite)
    back = owner.write(Grant(ADMIN.public_key, 1, (revoke.id, ban.id)), at_ms=80)
    stray = late.write(sign_join(key, room_id=ROOM_ID, newcomer=LATE.public_key), at_ms=90, auth=invite)
    leaving = guest.write(Revoke((Cut(guest.incarnation, Plane.CONTROL, 1),)), at_ms=100, auth=grant, ref=grant)
    return [made, invite, join, grant, revoke, ban, ghost, uninvite, back, stray, leaving]


def direct() -> dict[str, Any]:
    room_id, encoded = found_direct(OWNER.public_key, GUEST.public_key)
    return {
        "keys": [OWNER.public_key.hex(), GUEST.public_key.hex()],
        "genesis": encoded.hex(),
        "roomId": room_id.hex(),
    }


def genesis() -> dict[str, Any]:
    return {
        "owners": [OWNER.public_key.hex()],
        "joinPolicy": 0,
        "history": 0,
        "retention": 1000,
        "salt": GENESIS.salt.hex(),
        "genesis": ENCODED_GENESIS.hex(),
        "roomId": ROOM_ID.hex(),
    }


def invites() -> dict[str, Any]:
    key = derive_invite_key(SEED, ROOM_ID)
    joins = {
        name: sign_join(key, room_id=ROOM_ID, newcomer=NAMES[name].public_key).signature for name in ("guest", "late")
    }
    return {
        "roomId": ROOM_ID.hex(),
        "inviteSeed": SEED.hex(),
        "privateKeySeed": key.export_seed().hex(),
        "inviteKey": key.public_key.hex(),
        "joins": [{"newcomer": NAMES[name].public_key.hex(), "signature": joins[name].hex()} for name in joins],
    }


def _fields(event: Event) -> dict[str, Any]:
    header = event.header
    return {
        "kind": Kind(header.kind).name.lower(),
        "author": header.author.hex(),
        "incarnation": header.incarnation.hex(),
        "plane": int(header.plane),
        "seq": header.seq,
        "prev": header.prev.hex(),
        "hlc": str(header.hlc),
        "auth": header.auth.hex(),
        "ref": [header.ref.id.hex(), str(header.ref.hlc)] if header.ref is not None else None,
        "header": event.signed.hex(),
        "signature": event.signature.hex(),
        "body": event.body.hex(),
        "id": event.id.hex(),
        "event": event.encoded.hex(),
    }


def events() -> dict[str, Any]:
    return {
        "identitySeeds": {name: identity.export_seed().hex() for name, identity in NAMES.items()},
        "roomId": ROOM_ID.hex(),
        "events": [_fields(event) for event in story()],
    }


def _replica(encoded: list[bytes]) -> ControlLog:
    log = ControlLog(ROOM_ID, ENCODED_GENESIS, identity=LATE, random_bytes=bytes)
    log.receive(encoded, now_ms=NOW_MS)
    return log


def authority() -> dict[str, Any]:
    """After each event of the story: who is a member, what counts, and what two replicas compare."""
    told, steps = story(), []
    for count in range(len(told) + 1):
        answers, log = authority_of(GENESIS, told[:count]), _replica([event.encoded for event in told[:count]])
        levels = {identity.member_id: name for name, identity in NAMES.items()}
        steps.append(
            {
                "events": count,
                "members": {levels[member]: int(level) for member, level in sorted(answers.members.items())},
                "banned": sorted(levels[member] for member in answers.banned),
                "void": [position for position, event in enumerate(told[:count]) if event.id not in answers.lawful],
                "digest": log.digest().hex(),
                "summary": [part.hex() for part in log.summary()],
            }
        )
    return {"steps": steps}


def fork() -> dict[str, Any]:
    """Two stories of one author from the second event on: whoever holds both cuts below it."""
    left, right = Pen(OWNER, 1), Pen(OWNER, 1)
    first = left.write(Grant(ADMIN.public_key, 3), at_ms=0)
    right.last = first
    ours = [first, left.write(Grant(GUEST.public_key, 1), at_ms=10), left.write(Grant(LATE.public_key, 1), at_ms=20)]
    theirs = [
        first,
        right.write(Grant(LATE.public_key, 1), at_ms=10),
        right.write(Grant(GUEST.public_key, 1), at_ms=20),
    ]
    encoded = [[event.encoded for event in branch] for branch in (ours, theirs)]
    both, hole = _replica([*encoded[0], *encoded[1]]), _replica([*encoded[0][:2], encoded[1][2]])
    assert both.digest() == hole.digest()
    return {
        "ours": [data.hex() for data in encoded[0]],
        "theirs": [data.hex() for data in encoded[1]],
        "forkSeq": both.forks[0].seq,
        "digests": {"ours": _replica(encoded[0]).digest().hex(), "both": both.digest().hex()},
    }


def refused() -> dict[str, Any]:
    """What is told to a member who holds the first two events of the story, and why it is not taken."""
    told = story()
    event, stranger = told[3], Pen(LATE, 9).write(Grant(LATE.public_key, 1), at_ms=5)
    future = Pen(OWNER, 9).write(Grant(LATE.public_key, 1), at_ms=120_001)
    cases = [
        event.encoded[:-1],
        event.encoded + b"\0",
        event.encoded[:-1] + bytes([event.encoded[-1] ^ 1]),
        event.encoded.replace(event.signature, bytes(64)),
        stranger.encoded,
        future.encoded,
        told[5].encoded,
        Pen(LATE, 9).write(sign_join(ADMIN, room_id=ROOM_ID, newcomer=LATE.public_key), at_ms=30, auth=told[1]).encoded,
    ]
    reasons = []
    for case in cases:
        log = _replica([one.encoded for one in told[:2]])
        [(_, reason)] = log.receive([case], now_ms=NOW_MS).refused
        reasons.append({"event": case.hex(), "reason": reason.value})
    return {"held": [one.encoded.hex() for one in told[:2]], "nowMs": NOW_MS, "refused": reasons}


VECTORS = {
    "genesis": genesis,
    "direct": direct,
    "invites": invites,
    "events": events,
    "authority": authority,
    "fork": fork,
    "refused": refused,
}

if __name__ == "__main__":
    for name, make in VECTORS.items():
        (FOLDER / f"{name}.json").write_text(json.dumps(make(), indent=2, ensure_ascii=False) + "\n", "utf-8")
