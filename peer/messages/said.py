"""Message events as the rest of this package sees them: read once, with their place in the order of all.

The *place* of an event is (hlc, id): a total order, the same on every replica. The *anchor* is the place of the message
that an edit, deletion, reaction or pin is about, which its author signed with it: so what is kept of all that is said
about a message goes with that message, also where the message itself is not there.
"""

from __future__ import annotations

import msgspec

from ..errors import MalformedFrame
from ..ids import RoomId
from ..log.event import MAX_HLC, Event, EventId, LogId, Plane, decode_event, replace_body
from .bodies import Body, Kind, decode_body

__all__ = ["HIGHEST", "LOWEST", "Place", "Said", "decode_said", "place_of", "said_of", "stripped", "with_words"]

Place = tuple[int, EventId]
LOWEST: Place = (-1, EventId(b""))
"""Below every event."""
HIGHEST: Place = (MAX_HLC, EventId(b"\xff" * 33))
"""Above every event."""

_ABOUT = {Kind.EDIT, Kind.DELETE, Kind.REACTION, Kind.PIN}
_KINDS = {int(kind): kind for kind in Kind}


class Said(msgspec.Struct, frozen=True, eq=False, gc=False):
    """A message event and its body."""

    event: Event
    body: Body | None
    """None where it was taken back, is kept as proof alone, or has yet to come."""
    id: EventId
    kind: Kind
    author: bytes
    log: LogId
    seq: int
    place: Place
    target: EventId | None
    """What it is about, or answers."""
    anchor: Place
    """Its own place for texts and settings."""

    @property
    def hlc(self) -> int:
        return self.place[0]

    @property
    def encoded(self) -> bytes:
        return self.event.encoded


def place_of(said: Said) -> Place:
    """To sort by."""
    return said.place


def decode_said(encoded: bytes, *, room_id: RoomId) -> Said | None:
    """Read a message event; None for a kind of a later version; raise MalformedFrame, and nothing else."""
    return said_of(decode_event(encoded, room_id=room_id))


def said_of(event: Event) -> Said | None:
    """None for a kind of a later version; raise MalformedFrame for what is no message event."""
    header = event.header
    if header.plane is not Plane.MESSAGE:
        raise MalformedFrame("not a message event")
    kind = _KINDS.get(header.kind)
    if kind is None:
        return None
    if kind in _ABOUT and header.ref is None:
        raise MalformedFrame("this event does not say what it is about")
    place, target = (header.hlc, event.id), EventId(header.ref.id) if header.ref is not None else None
    anchor = (header.ref.hlc, EventId(header.ref.id)) if header.ref is not None and kind in _ABOUT else place
    body = decode_body(kind, event.body) if event.body else None
    return Said(event, body, event.id, kind, header.author, header.log, header.seq, place, target, anchor)


def stripped(said: Said) -> Said:
    """The same without its words."""
    return msgspec.structs.replace(said, event=replace_body(said.event, b""), body=None)


def with_words(said: Said, whole: Said) -> Said:
    """The same with the words of another copy, whose signature nobody has looked at."""
    return msgspec.structs.replace(said, event=replace_body(said.event, whole.event.body), body=whole.body)
