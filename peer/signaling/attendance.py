"""Who is in the room, by the server's word, so that each coming and going is told once.

Pure. The same fact can arrive twice: in a roster and as a notice that was queued before it, or, without a
WebSocket, as a notice and in the reply to a heartbeat.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..ids import PeerId
from ..ports import PeerInfo, PeerJoinedRoom, PeerLeftRoom, Roster

__all__ = ["Attendance"]


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
        if peer_id == self._ourselves or peer_id in self._present:
            return []
        self._present[peer_id] = notice.peer
        return [notice]

    def left(self, notice: PeerLeftRoom) -> list[PeerJoinedRoom | PeerLeftRoom]:
        """What is news in a notice that a peer left."""
        return [notice] if self._present.pop(notice.peer_id, None) else []

    def compare(self, peers: Iterable[PeerInfo]) -> list[PeerJoinedRoom | PeerLeftRoom]:
        """What is news in a full list: goings first. The list has no reasons, so a going counts as a timeout."""
        now_present = self._others(peers)
        gone = [PeerLeftRoom(peer_id, "timeout") for peer_id in self._present if peer_id not in now_present]
        come = [PeerJoinedRoom(peer) for peer_id, peer in now_present.items() if peer_id not in self._present]
        self._present = now_present
        return [*gone, *come]

    def _others(self, peers: Iterable[PeerInfo]) -> dict[PeerId, PeerInfo]:
        return {peer.peer_id: peer for peer in peers if peer.peer_id != self._ourselves}
