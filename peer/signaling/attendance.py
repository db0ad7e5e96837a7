"""Who is in the room, by the server's word, so that each coming and going is told once.

Pure. The same fact can arrive twice: in a roster and as a notice that was queued before it, or, without a
WebSocket, as a notice and in the reply to a heartbeat. A server may name whom it likes, as often as it likes; what
we remember of it is bounded, and a peer we have no place for is not told.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from ..ids import PeerId
from ..ports import PeerInfo, PeerJoinedRoom, PeerLeftRoom, Roster

__all__ = ["MAX_PRESENT", "Attendance"]

MAX_PRESENT = 4096
"""Sixteen times the room of a server as it comes, and far beyond what a mesh of links carries; 0.6 KiB each."""


class Attendance:
    """The others; notices about ourselves are none."""

    def __init__(self, ourselves: PeerId) -> None:
        self._ourselves = ourselves
        self._present: dict[PeerId, PeerInfo] = {}

    def reset(self, peers: Iterable[PeerInfo]) -> Roster:
        """A new connection tells all who are present."""
        self._present = self._others(peers)
        return Roster(tuple(self._present.values()))

    def joined(self, notice: PeerJoinedRoom) -> list[PeerJoinedRoom | PeerLeftRoom]:
        """What is news in a notice that a peer came."""
        peer_id = notice.peer.peer_id
        if peer_id == self._ourselves or peer_id in self._present or len(self._present) >= MAX_PRESENT:
            return []
        self._present[peer_id] = notice.peer
        return [notice]

    def left(self, notice: PeerLeftRoom) -> list[PeerJoinedRoom | PeerLeftRoom]:
        """What is news in a notice that a peer left."""
        return [notice] if self._present.pop(notice.peer_id, None) else []

    def compare(self, peers: Iterable[PeerInfo]) -> list[PeerJoinedRoom | PeerLeftRoom]:
        """What is news in a full list: goings first. The list has no reasons, so a going counts as a timeout.

        In a list that is too long, those we know come before those we do not, or its order would make them go.
        """
        listed = list(peers)
        known = [peer for peer in listed if peer.peer_id in self._present]
        now_present = self._others([*known, *listed])
        gone = [PeerLeftRoom(peer_id, "timeout") for peer_id in self._present if peer_id not in now_present]
        come = [PeerJoinedRoom(peer) for peer_id, peer in now_present.items() if peer_id not in self._present]
        self._present = now_present
        return [*gone, *come]

    def _others(self, peers: Iterable[PeerInfo]) -> dict[PeerId, PeerInfo]:
        others = {peer.peer_id: peer for peer in peers if peer.peer_id != self._ourselves}
        return dict(islice(others.items(), MAX_PRESENT))
