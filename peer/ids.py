"""The names of things, as types: who, where, which.

A `PeerId` is one running process, given by the signaling server; a `MemberId` is an identity and survives restarts.
Nothing here knows how a name is made: keys are the business of `crypto`, peer ids that of the server.
"""

from __future__ import annotations

from typing import NewType

__all__ = ["MemberId", "MessageId", "PeerId", "RoomId", "Topic", "short"]

PeerId = NewType("PeerId", str)
"""22 characters of base64url; what the signaling server calls a running peer."""

MemberId = NewType("MemberId", str)
"""43 characters of base64url: an Ed25519 identity key."""

MessageId = NewType("MessageId", str)
"""Hexadecimal digits, unique in a room: 64 of a message that was sent, 16 of a draft."""

RoomId = NewType("RoomId", bytes)
"""32 bytes: the hash of the room's genesis, so that nobody can swap a room for another."""

Topic = NewType("Topic", str)
"""1-64 characters of `[A-Za-z0-9_-]`: the room's name for the signaling server; says nothing in a private room."""


def short(name: str) -> str:
    """The first eight characters, for logs."""
    return name[:8]
