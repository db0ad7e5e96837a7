"""A room whose members each have a replica, and an outsider's pen for events that our own code would not write."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from peer.crypto.identity import Identity, verify
from peer.ids import MemberId
from peer.keys.room_keys import derive_invite_key
from peer.log import acts
from peer.log.acts import Act
from peer.log.authority import Authority
from peer.log.control import Control, Level, encode_control, kind_of, sign_join
from peer.log.control_log import Bounds, ControlLog, Intake
from peer.log.event import Event, Header, Plane, Reference, decode_event, hlc_at, seal_event
from peer.log.genesis import found_room

from ...support.keys import Chance, identity

__all__ = ["NOW_MS", "Pen", "Room", "member", "public_key"]

NOW_MS = 1_700_000_000_000


def public_key(name: str) -> bytes:
    return identity(name).public_key


def member(name: str) -> MemberId:
    return identity(name).member_id


@dataclass
class Verifications:
    """Counts the signature checks."""

    count: int = 0

    def __call__(self, key: bytes, label: bytes, signature: bytes, data: bytes) -> bool:
        self.count += 1
        return verify(key, label, signature, data)


class Room:
    """Founded by ann; who holds what is up to the test."""

    def __init__(self, *, approve: bool = False, bounds: Bounds | None = None) -> None:
        chance = Chance("a room")
        self.id, self.genesis = found_room(owner=public_key("ann"), random_bytes=chance, approve=approve)
        self.bounds = bounds
        self.now_ms = NOW_MS
        self.verifications: dict[str, Verifications] = {}
        self._logs: dict[str, ControlLog] = {}

    def __getitem__(self, name: str) -> ControlLog:
        """The replica of whoever goes by this name, empty at first."""
        if name not in self._logs:
            self._logs[name] = self.replica(name)
        return self._logs[name]

    def replica(self, name: str, *, incarnation: bytes = b"", process: int = 0) -> ControlLog:
        self.verifications[name] = Verifications()
        return ControlLog(
            self.id,
            self.genesis,
            identity=identity(name),
            random_bytes=Chance(f"{name}, process {process}"),
            incarnation=incarnation,
            bounds=self.bounds,
            verify=self.verifications[name],
        )

    def authority(self, name: str) -> Authority:
        return self[name].authority

    def level(self, of: str, *, by: str = "ann") -> Level:
        """What a member is according to another one's replica."""
        return self[by].authority.level_of(member(of))

    def say(self, name: str, doing: Iterable[Act]) -> list[bytes]:
        self.now_ms += 1
        return [event.encoded for event in self[name].append(doing, now_ms=self.now_ms)]

    def tell(self, names: str, events: Iterable[bytes]) -> list[Intake]:
        """Give events to each of these, who are named in one line."""
        told = list(events)
        return [self[name].receive(told, now_ms=self.now_ms) for name in names.split()]

    def share(self, *names: str) -> None:
        """All hold the same in the end, as links would bring it about."""
        for _ in range(8):
            for left in names:
                for right in names:
                    for part in self[left].summary():
                        for batch in self[right].missing(part):
                            self[left].receive(batch, now_ms=self.now_ms)
        assert len({self[name].digest() for name in names}) == 1

    # what happens often

    def invite_key(self, number: int = 0) -> Identity:
        return derive_invite_key(bytes([number]) * 16, self.id)

    def said(self, by: str, event_id: bytes) -> Event:
        """An event that this replica holds."""
        events = (decode_event(data, room_id=self.id) for data in self[by].export())
        return next(event for event in events if event.id == event_id)

    def invitation_id(self, by: str, number: int) -> bytes:
        return self.authority(by).invites[self.invite_key(number).public_key].id

    def invite(self, by: str = "ann", *, number: int = 0, is_open: bool = True, expires_ms: int = 0) -> list[bytes]:
        key = self.invite_key(number).public_key
        return self.say(
            by, acts.invite(self.authority(by), member(by), key=key, is_open=is_open, expires_ms=expires_ms)
        )

    def join(self, name: str, *, number: int = 0) -> list[bytes]:
        """What a newcomer says who holds the control log by now."""
        invite, key = self.invite_key(number), public_key(name)
        return self.say(name, acts.join(self.authority(name), invite=invite, newcomer=key, room_id=self.id))

    def set_level(self, name: str, level: Level, *, by: str = "ann") -> list[bytes]:
        return self.say(by, acts.set_level(self.authority(by), member(by), member(name), level))

    def kick(self, name: str, *, by: str = "ann") -> list[bytes]:
        return self.say(by, acts.kick(self.authority(by), member(by), member(name)))

    def with_members(self, **levels: Level) -> Room:
        """Granted by ann; everybody holds everything."""
        for name, level in levels.items():
            self.set_level(name, level)
        self.share("ann", *levels)
        return self

    def pen(self, name: str, incarnation: bytes = b"by hand!") -> Pen:
        return Pen(self, identity(name), incarnation)


@dataclass
class Pen:
    """Writes whatever it is told to, properly signed."""

    room: Room
    identity: Identity
    incarnation: bytes
    events: list[Event] = field(default_factory=list)

    def write(
        self,
        control: Control,
        *,
        auth: bytes = b"",
        ref: Event | None = None,
        after: Event | None = None,
        seq: int | None = None,
        prev: bytes | None = None,
        hlc: int | None = None,
    ) -> Event:
        """The next event, or the one behind `after`."""
        before = after if after is not None else self.events[-1] if self.events else None
        self.room.now_ms += 1
        body = encode_control(control)
        header = Header(
            version=1,
            author=self.identity.public_key,
            incarnation=self.incarnation,
            plane=Plane.CONTROL,
            seq=seq if seq is not None else before.header.seq + 1 if before is not None else 1,
            prev=prev if prev is not None else before.id if before is not None else b"",
            hlc=hlc if hlc is not None else hlc_at(self.room.now_ms),
            kind=kind_of(control),
            auth=auth,
            ref=Reference(ref.id, ref.header.hlc) if ref is not None else None,
            body_hash=hashlib.sha256(body).digest(),
        )
        event = seal_event(header, body, identity=self.identity, room_id=self.room.id)
        self.events.append(event)
        return event

    def join(self, invite: Event, *, number: int = 0) -> Event:
        proof = sign_join(self.room.invite_key(number), room_id=self.room.id, newcomer=self.identity.public_key)
        return self.write(proof, auth=invite.id)
