"""All mutations; a name is given once."""

from __future__ import annotations

from . import handshakes, links, logs, messages, rooms, storage, streams, transport

__all__ = ["MUTATIONS"]

MUTATIONS = (
    *handshakes.MUTATIONS,
    *links.MUTATIONS,
    *rooms.MUTATIONS,
    *logs.MUTATIONS,
    *messages.MUTATIONS,
    *storage.MUTATIONS,
    *streams.MUTATIONS,
    *transport.MUTATIONS,
)
