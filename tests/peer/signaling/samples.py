"""Values as a server would write them, for all tests of the signaling adapter."""

from typing import Any

from peer.ids import PeerId
from peer.ports import PeerInfo, Signal
from peer.signaling.wire import derive_peer_id

__all__ = ["ANN", "BEN", "RESUME", "US", "joined", "offer", "person"]

RESUME = "A" * 43
US = derive_peer_id(RESUME)
ANN = PeerInfo(PeerId("a" * 22), "user-ann", "Ann")
BEN = PeerInfo(PeerId("b" * 22), "user-ben", "Ben")


def person(peer: PeerInfo) -> dict[str, str]:
    return {"peerId": peer.peer_id, "userId": peer.user_id, "displayName": peer.display_name}


def offer(body: str, *, to: PeerId = ANN.peer_id) -> Signal:
    return Signal("offer", to, body)


def joined(**changes: Any) -> dict[str, Any]:
    """The answer *joined* of the contract."""
    room = {
        "roomId": "lobby",
        "broadcasterId": "user-ann",
        "broadcasterName": "Ann",
        "createdAt": "2026-01-31T12:00:00Z",
        "participantCount": 2,
        "isPublic": True,
    }
    return {
        "room": room,
        "peerId": US,
        "token": "token-1",
        "resume": RESUME,
        "peers": [person(ANN)],
        "iceServers": [
            {"urls": ["stun:stun.example"]},
            {"urls": ["turn:t.example"], "username": "u", "credential": "c"},
        ],
        "heartbeatS": 30,
    } | changes
