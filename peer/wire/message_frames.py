"""The frames of the message plane: what two members tell each other of message events (docs/protocol.md, part 3).

What is in a part, an event, a register or a profile is the business of `peer.messages`; here are its bounds. The types
are 16 to 22, on the channel of events.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec

__all__ = [
    "MAX_EVENTS",
    "MAX_PART_BYTES",
    "MAX_PROFILES",
    "MessageDigest",
    "MessageEvents",
    "MessageFrame",
    "MessageMore",
    "MessageSummary",
    "ProfileDigest",
    "ProfileFrame",
    "Profiles",
    "Receipts",
]

MAX_PART_BYTES = 48 * 1024
"""Of one part of a summary, of the events in one frame, of one register."""
MAX_EVENTS = 512
MAX_PROFILES = 64
"""In one frame."""
_MAX_EVENT_BYTES = 16 * 1024
_MAX_PROFILE_BYTES = 512

_Hlc = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class MessageDigest(msgspec.Struct, array_like=True, frozen=True, tag=16):
    """What the sender's messages hash to: equal means that both hold the same."""

    digest: Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]
    since: _Hlc
    """From which clock value on; the later one of both sides counts."""


class MessageSummary(msgspec.Struct, array_like=True, frozen=True, tag=17):
    """One part of which messages the sender holds; the answer is those that it lacks."""

    part: Annotated[bytes, msgspec.Meta(max_length=MAX_PART_BYTES)]
    since: _Hlc
    is_last: bool
    """No further part follows."""


class MessageEvents(msgspec.Struct, array_like=True, frozen=True, tag=18):
    """Message events as they were signed; of its own accord, or in answer to a summary."""

    events: Annotated[
        tuple[Annotated[bytes, msgspec.Meta(max_length=_MAX_EVENT_BYTES)], ...],
        msgspec.Meta(max_length=MAX_EVENTS),
    ]
    is_last: bool
    """All parts of the summary are answered with this."""


class MessageMore(msgspec.Struct, array_like=True, frozen=True, tag=19):
    """One frame of an answer that goes on was taken in: send one more."""


class Receipts(msgspec.Struct, array_like=True, frozen=True, tag=20):
    """How far the sender has got in some logs."""

    register: Annotated[bytes, msgspec.Meta(max_length=MAX_PART_BYTES)]


class ProfileDigest(msgspec.Struct, array_like=True, frozen=True, tag=21):
    """What the names that the sender knows hash to, in 16 parts of 8 bytes: equal where both know the same."""

    digest: Annotated[bytes, msgspec.Meta(min_length=128, max_length=128)]


class Profiles(msgspec.Struct, array_like=True, frozen=True, tag=22):
    """Profiles as they were signed; of its own accord, or since a digest differed."""

    profiles: Annotated[
        tuple[Annotated[bytes, msgspec.Meta(max_length=_MAX_PROFILE_BYTES)], ...],
        msgspec.Meta(max_length=MAX_PROFILES),
    ]


ProfileFrame: TypeAlias = ProfileDigest | Profiles
MessageFrame: TypeAlias = MessageDigest | MessageSummary | MessageEvents | MessageMore | Receipts
