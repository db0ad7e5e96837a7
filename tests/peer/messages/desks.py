"""A private room whose members have a journal each, and a pen for message events that our own code would not write."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from peer.crypto.identity import Identity
from peer.ids import RoomId
from peer.log.control import Level
from peer.log.event import Header, Plane, Reference, hlc_at, seal_event
from peer.log.record import LogRecord
from peer.messages.bodies import Body, Text, encode_body, kind_of
from peer.messages.holdings import Holdings
from peer.messages.journal import Journal
from peer.messages.rules import PrivateRules, PublicRules, Rules
from peer.messages.said import Said, said_of, stripped
from peer.messages.window import Limits

from ...support.keys import Chance, identity
from ..log.replicas import NOW_MS, Room, member, public_key

__all__ = ["NOW_MS", "PUBLIC_ROOM", "Desk", "MessagePen", "bare", "holding", "public_pen"]

PUBLIC_ROOM = RoomId(b"a public room's id, hash of name")


@dataclass
class MessagePen:
    """Writes whatever it is told to, properly signed."""

    identity: Identity
    room_id: RoomId = PUBLIC_ROOM
    auth: bytes = b""
    incarnation: bytes = b"by hand!"
    now_ms: int = NOW_MS
    said: list[Said] = field(default_factory=list)

    def write(
        self,
        body: Body | str,
        *,
        ref: Said | None = None,
        after: Said | None = None,
        auth: bytes | None = None,
        seq: int | None = None,
        prev: bytes | None = None,
        hlc: int | None = None,
        ms: int | None = None,
        ref_hlc: int | None = None,
    ) -> Said:
        """The next event, or the one behind `after`; a str is a text."""
        before = after if after is not None else self.said[-1] if self.said else None
        self.now_ms += 1
        body = Text(body) if isinstance(body, str) else body
        encoded = encode_body(body)
        header = Header(
            version=1,
            author=self.identity.public_key,
            incarnation=self.incarnation,
            plane=Plane.MESSAGE,
            seq=seq if seq is not None else before.seq + 1 if before is not None else 1,
            prev=prev if prev is not None else before.id if before is not None and seq != 1 else b"",
            hlc=hlc if hlc is not None else hlc_at(ms if ms is not None else self.now_ms),
            kind=kind_of(body),
            auth=self.auth if auth is None else auth,
            ref=Reference(ref.id, ref.hlc if ref_hlc is None else ref_hlc) if ref is not None else None,
            body_hash=hashlib.sha256(encoded).digest(),
        )
        said = said_of(seal_event(header, encoded, identity=self.identity, room_id=self.room_id))
        assert said is not None
        self.said.append(said)
        return said

    def texts(self, count: int) -> list[Said]:
        return [self.write(f"text {number}") for number in range(count)]


def public_pen(name: str, incarnation: bytes = b"by hand!", *, ms: int = 0) -> MessagePen:
    """Of somebody in a public room, whose clock is that far ahead."""
    return MessagePen(identity(name), incarnation=incarnation, now_ms=NOW_MS + ms)


def holding(said: Iterable[Said], *, limits: Limits | None = None, rules: Rules | None = None) -> Holdings:
    """Of a public room, unless rules are given."""
    holdings = Holdings(rules or PublicRules(), limits or Limits())
    for each in said:
        fork = holdings.logs.fork_by(each)
        if fork is not None:
            holdings.cut(fork)
        elif not holdings.logs.is_cut(each.log, each.seq):
            holdings.put(each)
    return holdings


def bare(said: Said) -> Said:
    return stripped(said)


class Desk:
    """A private room founded by ann; who holds what of the messages is up to the test."""

    def __init__(
        self, *, limits: Limits | None = None, levels: Mapping[str, Level] | None = None, **more: Level
    ) -> None:
        self.room = Room().with_members(**{**(levels or {}), **more})
        self.limits = limits
        self._journals: dict[str, Journal] = {}
        self._opened = 0

    def rules(self, name: str = "ann") -> PrivateRules:
        return PrivateRules(self.room.authority(name))

    def __getitem__(self, name: str) -> Journal:
        if name not in self._journals:
            self._journals[name] = self.open(name)
        return self._journals[name]

    def open(self, name: str, record: LogRecord | None = None) -> Journal:
        self._opened += 1
        return Journal(
            self.room.id,
            identity=identity(name),
            rules=self.rules(name),
            random_bytes=Chance(f"{name}'s messages, process {self._opened}"),
            now_ms=self.room.now_ms,
            limits=self.limits,
            record=record,
        )

    def pen(self, name: str, incarnation: bytes = b"by hand!", *, highest: bool = False) -> MessagePen:
        """Relies on the lowest right of its owner, or the highest."""
        standings = self.room.authority("ann").standings_of(member(name))
        auth = standings[0 if highest else -1].id if standings else b""
        return MessagePen(identity(name), self.room.id, auth, incarnation, self.room.now_ms)

    def say(self, name: str, body: Body | str, about: Said | None = None) -> Said:
        """Sealed at once, and held by nobody else."""
        self.room.now_ms += 1
        journal = self[name]
        body = Text(body) if isinstance(body, str) else body
        journal.speaker.compose(body, about.id if about is not None else None)
        [said] = journal.seal(now_ms=self.room.now_ms)
        return said

    def tell(self, names: str, said: Iterable[Said]) -> None:
        encoded = [each.encoded for each in said]
        for name in names.split():
            self[name].receive(encoded, now_ms=self.room.now_ms)

    def learn(self, names: str) -> None:
        """These look at the control log again."""
        for name in names.split():
            self[name].weigh_again(self.rules(name), now_ms=self.room.now_ms)


def key(name: str) -> bytes:
    return public_key(name)
