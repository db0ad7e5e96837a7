"""What of control events somebody may bring who is no member: the events of others, but no joins of others.

Made-up identities cost nothing, and each join of one is kept until it is granted or void. So whoever is in the lobby
brings one join, that of the identity which its handshake has proven; what else it holds is asked for again once it is a
member.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..crypto.identity import member_id_of
from ..errors import MalformedFrame
from ..ids import MemberId, RoomId
from ..log.control import Kind
from ..log.event import Event, decode_event

__all__ = ["Sieved", "sieve"]


@dataclass(frozen=True, slots=True)
class Sieved:
    """Control events, parted."""

    passed: list[bytes]
    held_back: int


def sieve(events: Iterable[bytes], *, bearer: MemberId, may_join: bool, room_id: RoomId) -> Sieved:
    """Of the bearer's own joins the latest passes, if it may; what is no event is left for the log to refuse."""
    passed, own, held_back = list[bytes](), list[Event](), 0
    for data in events:
        join = _join_in(data, room_id)
        if join is None:
            passed.append(data)
        elif may_join and member_id_of(join.header.author) == bearer:
            own.append(join)
        else:
            held_back += 1
    own.sort(key=lambda join: (join.header.hlc, join.id))
    return Sieved([*passed, *(join.encoded for join in own[-1:])], held_back + len(own[:-1]))


def _join_in(data: bytes, room_id: RoomId) -> Event | None:
    try:
        event = decode_event(data, room_id=room_id)
    except MalformedFrame:
        return None
    return event if event.header.kind == Kind.JOIN else None
