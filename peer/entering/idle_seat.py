"""The seat of a room that is at no server: nobody can come there yet, and what is written waits.

A direct room has it until both know where to meet.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ..ids import PeerId, Topic
from ..ports import IceServer, PeerInfo, RoomInfo, Signal, SignalingEvent

__all__ = ["NOWHERE", "IdleSeat"]

NOWHERE = PeerId("")
"""Our id where we have no seat."""


class IdleSeat:
    """The port `Seat`; nothing ever happens there."""

    def __init__(self, topic: Topic) -> None:
        self.peer_id = NOWHERE
        self.room = RoomInfo(topic=topic, broadcaster_name="", created_at="", participant_count=1, is_public=False)
        self.peers: tuple[PeerInfo, ...] = ()
        self.ice_servers: tuple[IceServer, ...] = ()
        self._is_left = asyncio.Event()

    def send(self, signal: Signal) -> None:
        """There is nobody to send to."""

    async def run(self, on_event: Callable[[SignalingEvent], None]) -> None:  # noqa: ARG002 - the port's signature
        await self._is_left.wait()

    def renew(self) -> None:
        """There is no connection."""

    def probe(self) -> None:
        """Likewise."""

    async def leave(self) -> None:
        self._is_left.set()
