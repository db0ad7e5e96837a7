"""Who is in the room, each coming and going told once."""

from peer.ids import PeerId
from peer.ports import PeerInfo, PeerJoinedRoom, PeerLeftRoom, Roster
from peer.signaling.attendance import MAX_PRESENT, Attendance

from .samples import ANN, BEN, US

OURSELVES = PeerInfo(US, "us", "Us")

CROWD = [PeerInfo(PeerId(f"{number:022}"), f"user-{number}", "Crowd") for number in range(MAX_PRESENT + 50)]
"""More than we have places for."""


def test_roster_holds_the_others() -> None:
    attendance = Attendance(US)
    assert attendance.reset([ANN, OURSELVES, BEN]) == Roster((ANN, BEN))


def test_notice_is_told_once() -> None:
    """The same coming may stand in the roster and in a notice that was queued before it."""
    attendance = Attendance(US)
    attendance.reset([ANN])
    assert attendance.joined(PeerJoinedRoom(ANN)) == []
    assert attendance.joined(PeerJoinedRoom(BEN)) == [PeerJoinedRoom(BEN)]
    assert attendance.joined(PeerJoinedRoom(BEN)) == []
    assert attendance.left(PeerLeftRoom(BEN.peer_id, "left")) == [PeerLeftRoom(BEN.peer_id, "left")]
    assert attendance.left(PeerLeftRoom(BEN.peer_id, "left")) == []


def test_notices_about_ourselves_are_none() -> None:
    attendance = Attendance(US)
    assert attendance.joined(PeerJoinedRoom(OURSELVES)) == []
    assert attendance.left(PeerLeftRoom(US, "kicked")) == []


def test_full_list_tells_what_no_notice_said() -> None:
    """Goings come first, so that a peer who came back under a new id is never there twice."""
    attendance = Attendance(US)
    attendance.reset([ANN])
    assert attendance.compare([BEN, OURSELVES]) == [
        PeerLeftRoom(ANN.peer_id, "timeout"),
        PeerJoinedRoom(BEN),
    ]
    assert attendance.compare([BEN]) == []
    assert attendance.joined(PeerJoinedRoom(BEN)) == []


def test_peer_that_left_may_come_again() -> None:
    attendance = Attendance(US)
    attendance.reset([ANN])
    attendance.left(PeerLeftRoom(ANN.peer_id, "left"))
    assert attendance.joined(PeerJoinedRoom(ANN)) == [PeerJoinedRoom(ANN)]


def test_notices_beyond_the_bound_are_no_news() -> None:
    """A server may make peers up for ever; a place is free again when one leaves."""
    attendance = Attendance(US)
    news = [attendance.joined(PeerJoinedRoom(peer)) for peer in CROWD]
    assert news == [[PeerJoinedRoom(peer)] for peer in CROWD[:MAX_PRESENT]] + [[]] * 50
    assert attendance.left(PeerLeftRoom(CROWD[-1].peer_id, "left")) == []
    attendance.left(PeerLeftRoom(CROWD[0].peer_id, "left"))
    assert attendance.joined(PeerJoinedRoom(CROWD[-1])) == [PeerJoinedRoom(CROWD[-1])]


def test_roster_is_bounded() -> None:
    attendance = Attendance(US)
    assert attendance.reset([OURSELVES, *CROWD]) == Roster(tuple(CROWD[:MAX_PRESENT]))
    assert attendance.joined(PeerJoinedRoom(ANN)) == []


def test_full_list_is_bounded() -> None:
    attendance = Attendance(US)
    assert attendance.compare([OURSELVES, *CROWD]) == [PeerJoinedRoom(peer) for peer in CROWD[:MAX_PRESENT]]
    assert attendance.joined(PeerJoinedRoom(ANN)) == []


def test_known_peer_stays_however_long_the_list_is() -> None:
    """Strangers who stand before it do not take its place."""
    attendance = Attendance(US)
    attendance.reset([ANN])
    assert attendance.compare([*CROWD, ANN]) == [PeerJoinedRoom(peer) for peer in CROWD[: MAX_PRESENT - 1]]
