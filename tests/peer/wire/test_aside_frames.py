"""The frames of two alone; round trips, vectors and refusals are in test_frames.py, with all others."""

from __future__ import annotations

from peer.wire.aside_frames import DirectGate, RoomInvite


def test_secrets_are_in_no_repr() -> None:
    """A frame ends up in logs, and in reports of failures."""
    assert repr(DirectGate(b"s" * 16, is_answer=True)) == "DirectGate(is_answer=True)"
    assert repr(RoomInvite("Deck", b"\x01\x02\x03\x04" * 8, b"s" * 16, b"i" * 16)) == "RoomInvite(room 01020304)"
