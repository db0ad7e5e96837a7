"""The frames that two members tell each other beside the room that they meet in (docs/protocol.md, part 3, Two alone).

Both hold secrets of rooms, and show them in no repr. The types are 24 and 25, on the channel of events; like all that
is said there they come from the identity that the link has proven, and reach nobody else.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec

__all__ = ["AsideFrame", "DirectGate", "RoomInvite"]

_Bytes16 = Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]
_Bytes32 = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]


class DirectGate(msgspec.Struct, array_like=True, frozen=True, tag=24):
    """What opens the direct room of sender and receiver, as far as the sender knows; of several the smallest counts."""

    secret: _Bytes16
    is_answer: bool
    """An answer wants none."""

    def __repr__(self) -> str:
        return f"DirectGate(is_answer={self.is_answer})"


class RoomInvite(msgspec.Struct, array_like=True, frozen=True, tag=25):
    """The way into a private room of the same server, for the receiver."""

    title: Annotated[str, msgspec.Meta(max_length=64)]
    room_id: _Bytes32
    secret: _Bytes16
    seed: _Bytes16
    """Of an invite; of none, where the receiver was made a member before."""

    def __repr__(self) -> str:
        return f"RoomInvite(room {self.room_id[:4].hex()})"


AsideFrame: TypeAlias = DirectGate | RoomInvite
