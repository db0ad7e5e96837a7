"""Arbitrary histories of a room: every kind of act, by those who may and those who may not, with any right and target.

Drawn so that much of it is lawful: authors mostly rely on something they were given, and revoke what there is.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from hypothesis import strategies as st

from peer.crypto.identity import Identity
from peer.ids import RoomId
from peer.keys.room_keys import derive_invite_key
from peer.log.control import (
    Ban,
    Control,
    Cut,
    Grant,
    Invitation,
    Join,
    Kind,
    Revoke,
    Uninvite,
    encode_control,
    sign_join,
)
from peer.log.event import Event, EventId, Header, Plane, Reference, hlc_at, seal_event
from peer.log.genesis import Genesis, encode_genesis, room_id_of

from ..support.keys import identity

__all__ = ["NAMES", "NOW_MS", "History", "histories"]

NAMES = ("ann", "bob", "cyd", "dan", "eve")
NOW_MS = 1_700_000_000_000
_LEAST = {Kind.GRANT: 2, Kind.INVITE: 3, Kind.UNINVITE: 3, Kind.BAN: 2, Kind.REVOKE: 1}


@dataclass
class History:
    """What was said in a room, in the order in which it was made up."""

    genesis: Genesis
    events: list[Event] = field(default_factory=list)
    controls: dict[EventId, Control] = field(default_factory=dict)

    @property
    def encoded_genesis(self) -> bytes:
        return encode_genesis(self.genesis)

    @property
    def room_id(self) -> RoomId:
        return room_id_of(self.encoded_genesis)


@st.composite
def histories(draw: st.DrawFn, *, max_size: int = 14) -> History:
    owners = tuple(identity(name).public_key for name in NAMES[: draw(st.integers(1, 2))])
    history = History(Genesis(1, owners, 1 if draw(st.booleans()) else 0, 0, 1000, bytes(16)))
    for _ in range(draw(st.integers(1, max_size))):
        _say(draw, history)
    return history


def _say(draw: st.DrawFn, history: History) -> None:
    kind = draw(st.sampled_from([*Kind, Kind.GRANT, Kind.GRANT, Kind.JOIN, Kind.JOIN, Kind.REVOKE, Kind.REVOKE]))
    author, auth = _right(draw, history, kind)
    incarnation = bytes(7) + bytes([draw(st.sampled_from([0, 0, 0, 1]))])
    log = [e for e in history.events if (e.header.author, e.header.incarnation) == (author.public_key, incarnation)]
    before = draw(st.sampled_from([log[-1]] * 25 + log[-3:])) if log else None
    target = _target(draw, history, kind, auth)
    control = _control(draw, history, kind, author=author.public_key, auth=auth, target=target)
    hlc = hlc_at(NOW_MS) + 10 * len(history.events) + draw(st.sampled_from([0, 0, 0, 15]))
    if target is not None and target.header.hlc >= hlc:
        hlc = target.header.hlc + 1
    header = Header(
        version=1,
        author=author.public_key,
        incarnation=incarnation,
        plane=Plane.CONTROL,
        seq=before.header.seq + 1 if before is not None else 1,
        prev=before.id if before is not None else b"",
        hlc=hlc,
        kind=kind,
        auth=auth,
        ref=Reference(target.id, target.header.hlc) if target is not None else None,
        body_hash=hashlib.sha256(encode_control(control)).digest(),
    )
    event = seal_event(header, encode_control(control), identity=author, room_id=history.room_id)
    if event.id not in history.controls:
        history.events.append(event)
        history.controls[event.id] = control


def _right(draw: st.DrawFn, history: History, kind: Kind) -> tuple[Identity, bytes]:
    """Somebody, and the right relied on: mostly one that was given to them and is enough."""
    anybody = identity(draw(st.sampled_from(NAMES)))
    if draw(st.integers(0, 7)) == 7:
        rights = [b"", *(e.id for e in history.events)]
        return anybody, draw(st.sampled_from(rights))
    if kind is Kind.JOIN:
        invites = [e.id for e in history.events if e.header.kind == Kind.INVITE]
        return anybody, draw(st.sampled_from(invites)) if invites else bytes(32)
    held = [(owner, b"") for owner in history.genesis.owners]
    for event in history.events:
        control = history.controls[event.id]
        if isinstance(control, Grant) and control.level >= _LEAST[kind]:
            held += [(control.member, event.id)] * 2
        elif isinstance(control, Join) and kind is Kind.REVOKE:
            held.append((event.header.author, event.id))
    key, auth = draw(st.sampled_from(held))
    return next(one for one in map(identity, NAMES) if one.public_key == key), auth


def _target(draw: st.DrawFn, history: History, kind: Kind, auth: bytes) -> Event | None:
    """What there is to refer to."""
    about: dict[Kind, set[int]] = {
        Kind.REVOKE: {Kind.GRANT, Kind.JOIN, Kind.REVOKE, Kind.BAN},
        Kind.UNINVITE: {Kind.INVITE},
        Kind.GRANT: {Kind.JOIN},
    }
    fitting = [e for e in history.events if e.header.kind in about.get(kind, set())]
    own = [e for e in fitting if e.id == auth]
    if kind is Kind.GRANT:
        return draw(st.sampled_from([None, *fitting]))
    if kind in about:
        return draw(st.sampled_from([*(fitting or [_nothing(history)]), *own]))
    return None


def _control(
    draw: st.DrawFn, history: History, kind: Kind, *, author: bytes, auth: bytes, target: Event | None
) -> Control:
    member = identity(draw(st.sampled_from(NAMES))).public_key
    match kind:
        case Kind.GRANT:
            return _grant(draw, history, member, target)
        case Kind.REVOKE:
            return Revoke(_cuts(draw, history))
        case Kind.INVITE:
            key = _invite_key(history, len(history.events)).public_key
            return Invitation(key, draw(st.integers(0, 1)), draw(st.sampled_from([0] * 7 + [NOW_MS - 1])))
        case Kind.UNINVITE:
            return Uninvite()
        case Kind.BAN:
            return Ban(member, _cuts(draw, history))
        case Kind.JOIN:
            positions = [position for position, e in enumerate(history.events) if e.id == auth]
            return sign_join(_invite_key(history, sum(positions)), room_id=history.room_id, newcomer=author)


def _grant(draw: st.DrawFn, history: History, member: bytes, join: Event | None) -> Grant:
    """Mostly of membership where there is a join, and half of them over all that was removed so far."""
    removals = tuple(id_ for id_, one in history.controls.items() if isinstance(one, Revoke | Ban))
    over = removals if draw(st.booleans()) else ()
    if join is not None and draw(st.integers(0, 5)):
        return Grant(join.header.author, 1, over)
    return Grant(member, draw(st.sampled_from([1, 2, 3, 3])), over)


def _invite_key(history: History, position: int) -> Identity:
    return derive_invite_key(bytes([position]) * 16, history.room_id)


def _nothing(history: History) -> Event:
    """Something that nobody holds."""
    author = identity("nobody")
    body = encode_control(Uninvite())
    digest = hashlib.sha256(body).digest()
    header = Header(1, author.public_key, bytes(8), Plane.CONTROL, 1, b"", 1, Kind.UNINVITE, b"", None, digest)
    return seal_event(header, body, identity=author, room_id=history.room_id)


def _cuts(draw: st.DrawFn, history: History) -> tuple[Cut, ...]:
    incarnations = sorted({e.header.incarnation for e in history.events})
    return tuple(Cut(one, Plane.CONTROL, draw(st.integers(1, 4))) for one in incarnations if draw(st.booleans()))
