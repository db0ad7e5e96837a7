"""What is kept of a room."""

from __future__ import annotations

from peer.records import RoomRecord


def test_secrets_of_a_room_are_in_no_repr() -> None:
    """It ends up in logs and in reports of failures."""
    shown = repr(RoomRecord(secret=b"the secret", seed=b"the seed", title="Deck"))
    assert "the secret" not in shown
    assert "the seed" not in shown
    assert "Deck" in shown
