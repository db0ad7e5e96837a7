"""Writes the sample bytes of message events beside this file: `python -m tests.vectors.messages.generate`."""

from __future__ import annotations

import json
from collections import deque
from pathlib import Path
from typing import Any

import msgspec

from peer.core.message_exchange import MessageExchange
from peer.log.event import EventId, hlc_at
from peer.messages.bodies import Body, Delete, Edit, Pin, Reaction, SlowMode, Text, Title
from peer.messages.compare import digest_of, encode_parts
from peer.messages.holdings import Holdings
from peer.messages.pen import Pen, PenState
from peer.messages.profiles import Profile, Profiles, sign_profile
from peer.messages.receipts import Entry, encode_entries
from peer.messages.rules import PrivateRules
from peer.messages.said import Said, decode_said, stripped
from peer.messages.view import View, view_of
from peer.messages.window import Limits
from peer.wire.message_frames import MessageDigest, MessageEvents, MessageFrame, MessageMore, MessageSummary, Receipts

from ..log.generate import GUEST, NOW_MS, OWNER, ROOM_ID, _replica, counting, story

__all__ = ["FOLDER", "VECTORS", "conversation", "replica"]

FOLDER = Path(__file__).parent


def replica() -> Holdings:
    """Of whoever holds the control events of tests/vectors/log until the guest was granted membership."""
    control = _replica([event.encoded for event in story()[:4]])
    return Holdings(PrivateRules(control.authority), Limits())


def conversation() -> list[Said]:
    """The owner and the guest talk; one message is taken back and one is pinned."""
    grant = story()[3]
    owner = Pen(OWNER, ROOM_ID, lambda _: counting(0x11, 8), PenState())
    guest = Pen(GUEST, ROOM_ID, lambda _: counting(0x22, 8), PenState())
    said: list[Said] = []

    def say(pen: Pen, body: Body, ref: Said | None = None) -> Said:
        auth, hlc = (EventId(b""), 0) if pen is owner else (grant.id, grant.header.hlc)
        at = NOW_MS + 1000 + 10 * len(said)
        said.append(pen.write(body, auth=auth, auth_hlc=hlc, ref=ref.place if ref is not None else None, now_ms=at))
        return said[-1]

    first = say(owner, Text("ahoy", ("kappa",), ("custom1",)))
    answer = say(guest, Text("hallo ⛵"), first)
    say(guest, Edit("hello ⛵"), answer)
    say(owner, Reaction("👍", False, True), answer)
    say(guest, Reaction("custom1", True, True), first)
    say(guest, Reaction("custom1", True, False), first)
    say(owner, Pin(True), answer)
    say(owner, Title("Deck"))
    say(owner, SlowMode(30))
    say(owner, Delete(), first)
    return said


def _fields(said: Said) -> dict[str, Any]:
    header = said.event.header
    return {
        "kind": said.kind.name.lower(),
        "author": header.author.hex(),
        "incarnation": header.incarnation.hex(),
        "seq": header.seq,
        "prev": header.prev.hex(),
        "hlc": str(header.hlc),
        "auth": header.auth.hex(),
        "ref": [header.ref.id.hex(), str(header.ref.hlc)] if header.ref is not None else None,
        "body": said.event.body.hex(),
        "signature": said.event.signature.hex(),
        "id": said.id.hex(),
        "event": said.encoded.hex(),
        "withoutBody": stripped(said).encoded.hex(),
    }


def _look(view: View) -> dict[str, Any]:
    return {
        "id": view.id.hex(),
        "author": view.author.hex(),
        "text": None if view.is_deleted else view.text,
        "answers": view.answers.hex() if view.answers is not None else None,
        "isEdited": view.edited_hlc > 0,
        "isPinned": view.is_pinned,
        "reactions": [[each.emoji, each.is_custom, [member.hex() for member in each.members]] for each in view.given],
    }


def _states() -> list[dict[str, Any]]:
    """What is compared and seen after each event."""
    holdings, states = replica(), []
    for said in conversation():
        holdings.put(said)
        views, settings = view_of(holdings.weighed())
        parts = encode_parts(holdings, 0)
        seen = [_look(view) for view in sorted(views.values(), key=lambda view: view.place)]
        states.append({"digest": digest_of(holdings, 0).hex(), "summary": [part.hex() for part in parts], "seen": seen,
                       "title": settings.title, "slowModeS": settings.slow_mode_s})  # fmt: skip
    return states


def conversation_vectors() -> dict[str, Any]:
    return {
        "roomId": ROOM_ID.hex(),
        "controlEvents": [event.encoded.hex() for event in story()[:4]],
        "events": [_fields(said) for said in conversation()],
        "after": _states(),
    }


def frames() -> dict[str, Any]:
    [first, *_] = conversation()
    key = first.author + first.log.incarnation
    samples: list[MessageFrame] = [
        MessageDigest(counting(0, 16), 7),
        MessageSummary(encode_parts(replica(), 0)[0], 0, True),
        MessageEvents((first.encoded,), False),
        MessageMore(),
        Receipts(encode_entries([Entry(key, 3, 2)])),
    ]
    return {
        "frames": [{"type": type(frame).__name__, "bytes": msgspec.msgpack.encode(frame).hex()} for frame in samples]
    }


def clock() -> dict[str, Any]:
    return {"ms": NOW_MS, "hlc": str(hlc_at(NOW_MS))}


def exchange() -> dict[str, Any]:
    """One who was away behind the fourth event, and one who holds all, until nobody has anything to say."""
    told: deque[tuple[str, MessageFrame]] = deque()
    sides = {"away": _side(conversation()[:4]), "there": _side(conversation())}
    told += [("away", frame) for frame in sides["away"].begin()]
    steps = []
    while told:
        name, frame = told.popleft()
        steps.append({"from": name, "type": type(frame).__name__, "bytes": msgspec.msgpack.encode(frame).hex()})
        other = "there" if name == "away" else "away"
        told += [(other, answer) for answer in _hear(sides[other], frame)]
    return {"heldByAway": 4, "heldByThere": len(conversation()), "frames": steps}


def _side(said: list[Said]) -> MessageExchange:
    holdings = replica()
    for each in said:
        holdings.put(each)
    return MessageExchange(holdings, lambda: 0)


def _hear(side: MessageExchange, frame: MessageFrame) -> list[MessageFrame]:
    """The answer, without any pause."""
    match frame:
        case MessageDigest():
            return side.receive_digest(frame, now=1e6)
        case MessageSummary():
            return side.receive_summary(frame, now=1e6)
        case MessageEvents(events, is_last):
            for each in [decode_said(data, room_id=ROOM_ID) for data in events]:
                assert each is not None
                side.holdings.put(each)
            return side.receive_events(is_last=is_last, is_news=bool(events), has_left_over=False, now=0)
        case _:
            return []


def profiles() -> dict[str, Any]:
    """Of the owner and the guest, and the digest of whoever holds both."""
    held = Profiles(identity=OWNER, room_id=ROOM_ID, name="ann", rank_of=lambda _: 1, limit=2, rows={}, now_ms=NOW_MS)
    guest = sign_profile(GUEST, room_id=ROOM_ID, stamp=NOW_MS + 1, name="Zoë ⛵")
    held.take(msgspec.msgpack.encode(guest), now_ms=NOW_MS + 1)
    return {
        "roomId": ROOM_ID.hex(),
        "profiles": [_profile(profile) for profile in (held.ours, guest)],
        "digest": held.digest().hex(),
    }


def _profile(profile: Profile) -> dict[str, Any]:
    return {
        "key": profile.key.hex(),
        "stamp": str(profile.stamp),
        "name": profile.name,
        "signature": profile.signature.hex(),
        "profile": msgspec.msgpack.encode(profile).hex(),
    }


VECTORS = {
    "conversation": conversation_vectors,
    "frames": frames,
    "clock": clock,
    "exchange": exchange,
    "profiles": profiles,
}

if __name__ == "__main__":
    for name, make in VECTORS.items():
        (FOLDER / f"{name}.json").write_text(json.dumps(make(), indent=2, ensure_ascii=False) + "\n", "utf-8")
