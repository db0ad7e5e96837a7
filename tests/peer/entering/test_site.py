"""Where a room is."""

from __future__ import annotations

from dataclasses import fields

from peer.entering.site import Site


def test_site_is_all_that_changes_when_a_room_moves() -> None:
    """What else belongs to a room stays: its readers, its pace, its store."""
    assert [field.name for field in fields(Site)] == ["mesh", "topic", "links", "seat", "keep"]
