"""Our own log: gives each event of ours its number, clock and signature, once.

The number is given when the first member is linked, and what was given is kept before the first byte leaves (`state`).
A new log is begun where there is none, where the disk was set back, where others hold more of ours than we do, and
where our log is cut: so no number is ever given twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import msgspec

from ..crypto.identity import Identity
from ..ids import RoomId
from ..log.event import (
    INCARNATION_BYTES,
    EventId,
    Header,
    LogId,
    Plane,
    Reference,
    hlc_at,
    seal_event,
)
from .bodies import Body, encode_body, kind_of
from .said import Place, Said, said_of

__all__ = ["Pen", "PenState"]


class PenState(msgspec.Struct, array_like=True, frozen=True):
    """What must outlive a crash; fields that a later version adds come last, with a default."""

    incarnation: Annotated[bytes, msgspec.Meta(max_length=INCARNATION_BYTES)] = b""
    """Empty: none begun."""
    seq: int = 0
    """The highest number that was ever given in it."""
    last: Annotated[bytes, msgspec.Meta(max_length=32)] = b""
    """The id of that event."""
    hlc: int = 0
    """And its clock."""


@dataclass(slots=True)
class Pen:
    """Of one member in one room."""

    identity: Identity
    room_id: RoomId
    random_bytes: Callable[[int], bytes]
    state: PenState

    @property
    def log(self) -> LogId:
        """The one that we write to, or, before the first word, an empty one."""
        return LogId(self.identity.public_key, self.state.incarnation, Plane.MESSAGE)

    def begin_log(self) -> None:
        """The next event is the first of another log."""
        self.state = PenState(hlc=self.state.hlc)

    def write(self, body: Body, *, auth: EventId, auth_hlc: int, ref: Place | None, now_ms: int) -> Said:
        """Sign the next event: dated by our clock, and behind our last one, its right and what it is about."""
        if not self.state.incarnation:
            self.state = msgspec.structs.replace(self.state, incarnation=self.random_bytes(INCARNATION_BYTES))
        encoded, state = encode_body(body), self.state
        behind = max(state.hlc, auth_hlc, ref[0] if ref is not None else 0)
        header = Header(
            version=1,
            author=self.identity.public_key,
            incarnation=state.incarnation,
            plane=Plane.MESSAGE,
            seq=state.seq + 1,
            prev=state.last,
            hlc=max(hlc_at(now_ms), behind + 1),
            kind=kind_of(body),
            auth=auth,
            ref=Reference(ref[1], ref[0]) if ref is not None else None,
            body_hash=hashlib.sha256(encoded).digest(),
        )
        said = said_of(seal_event(header, encoded, identity=self.identity, room_id=self.room_id))
        assert said is not None
        self.state = PenState(state.incarnation, said.seq, said.id, said.hlc)
        return said
