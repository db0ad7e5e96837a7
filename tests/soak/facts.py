"""What a member tells the watch. Moments are seconds of the monotonic clock, which all processes of a machine share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["Connected", "Delivered", "Entered", "Fact", "Gauge", "Heard", "Joined", "Left", "Parted", "Said", "Trouble"]


@dataclass(frozen=True, slots=True)
class Entered:
    """It is in the room; the invite is that of the founder."""

    invite: str


@dataclass(frozen=True, slots=True)
class Said:
    """A message of its own left it; numbers begin at 0 in each life."""

    number: int
    at: float


@dataclass(frozen=True, slots=True)
class Heard:
    """A message of somebody's life."""

    author: str
    life: int
    number: int
    at: float


@dataclass(frozen=True, slots=True)
class Delivered:
    """The library says that all who were linked have this message of its own."""

    number: int


@dataclass(frozen=True, slots=True)
class Joined:
    """Another member is linked; it is to hear everything from this number on."""

    other: str
    next_number: int


@dataclass(frozen=True, slots=True)
class Parted:
    """Another member left before this number, or was lost."""

    other: str
    reason: str
    next_number: int


@dataclass(frozen=True, slots=True)
class Connected:
    """Whether the link to another member lives, from this number on; it may be in doubt long before it is lost."""

    other: str
    is_linked: bool
    next_number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """What the process holds."""

    at: float
    kib: int
    """Resident memory."""
    blocks: int
    """Pieces of memory that Python holds; unlike what is resident, no hole between them counts."""
    cpu_s: float
    """Used so far."""
    files: int
    """Open descriptors, sockets among them."""
    sockets: int
    tasks: int
    threads: int


@dataclass(frozen=True, slots=True)
class Left:
    """It said goodbye; what it held before it opened its peer, and after it closed it."""

    before: Gauge
    after: Gauge
    leftovers: tuple[str, ...]
    """Tasks by name."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something was logged at ERROR, a warning was raised, or an exception was caught by nobody."""

    text: str


Fact: TypeAlias = Entered | Said | Heard | Delivered | Joined | Parted | Connected | Gauge | Left | Trouble
