"""What is kept of a room but its messages: values that a `RoomStore` takes and gives."""

from __future__ import annotations

from dataclasses import dataclass, field

from .ids import RoomId

__all__ = ["RoomLine", "RoomRecord"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomRecord:
    """What a member keeps of a room from one run to the next."""

    secret: bytes = field(repr=False)
    """16 bytes, from which the room's keys derive; empty for a public room, which its name opens."""
    seed: bytes = field(default=b"", repr=False)
    """16 bytes: that of the invite we came by, or of the room's standing one; empty where there is none."""
    is_open: bool = False
    """Whether that invite admits any number of guests."""
    genesis: bytes = b""
    """As received; empty while nobody has told us."""
    title: str = ""
    incarnation: bytes = b""
    """8 bytes: which of our logs is the one to continue; empty where we wrote nothing yet."""
    control: tuple[bytes, ...] = ()
    """Encoded control events, each once; `load` gives them in the order in which they were first saved."""
    public_name: str = ""
    """Of a public room; empty for a private one."""
    is_agreed: bool = True
    """False in a direct room whose other end has not told us its secret yet."""
    is_unanswered: bool = False
    """Somebody opened a direct room with us, and we have said nothing in it yet."""


@dataclass(frozen=True, slots=True)
class RoomLine:
    """What a room that is kept is, without what opens it."""

    room_id: RoomId
    title: str
    genesis: bytes = b""
    """Empty for a public room."""
    public_name: str = ""
