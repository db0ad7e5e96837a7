"""Requests that the state of rooms and peers does not permit."""

from .root import Refused

__all__ = ["Conflict", "NoSuchPeer", "NoSuchRoom", "NotThere", "PeerGone", "RoomExists", "RoomFull"]


class NotThere(Refused):
    """What is asked for does not exist."""

    status = 404


class NoSuchRoom(NotThere):
    """No such room now; it may have ended."""

    code = "no_such_room"
    sentence = "There is no such room."
    hint = "Rooms end with their last peer; create the room again."


class NoSuchPeer(NotThere):
    """The addressee is not in the room."""

    code = "no_such_peer"
    sentence = "There is no such peer in this room."
    hint = "The peer has left; a heartbeat answers who is present."


class Conflict(Refused):
    """The room's state does not permit it."""

    status = 409


class RoomFull(Conflict):
    """The room has as many peers as it may."""

    code = "room_full"
    bound = "room_peers"
    hint = "Try again when somebody has left."

    def __init__(self, max_peers: int) -> None:
        self.max_peers = max_peers
        super().__init__(f"The room is full: {max_peers} peers are its most (SIGNALING_ROOM_PEERS).")


class RoomExists(Conflict):
    """The wanted room id is taken."""

    code = "room_exists"
    sentence = "A room with this id exists."
    hint = "Join it, or leave roomId out to be given a new one."


class PeerGone(Refused):
    """The token is good, but its peer's lease has ended."""

    code = "peer_gone"
    sentence = "This peer is no longer in the room."
    status = 410
    hint = "Join again with the resume secret."
