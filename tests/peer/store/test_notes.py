"""What bots keep of a room: in a space of its own, sealed, and gone with the room."""

from __future__ import annotations

import os
from pathlib import Path

from peer.ids import RoomId
from peer.store.notes import MemoryNotes
from peer.store.vault import open_vault

ROOM, OTHER = RoomId(bytes(32)), RoomId(b"\x01" * 32)


def test_notes_come_back_and_belong_to_one_room(tmp_path: Path) -> None:
    """By their names; empty where nothing was saved."""
    vault = open_vault(tmp_path, None, random_bytes=os.urandom)
    vault.notes(ROOM).save("scores", b"12")
    vault.notes(ROOM).save("scores", b"13")
    vault.notes(ROOM).save("names", b"ann")
    assert vault.notes(ROOM) is vault.notes(ROOM)
    vault.close()
    assert b"ann" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
    vault = open_vault(tmp_path, None, random_bytes=os.urandom)
    found = vault.notes(ROOM)
    assert (found.load("scores"), found.load("names"), found.load("other")) == (b"13", b"ann", b"")
    assert vault.notes(OTHER).load("scores") == b""
    vault.forget_notes(ROOM)
    assert vault.notes(ROOM).load("scores") == b""
    vault.close()


def test_without_a_folder_notes_last_as_long_as_the_vault() -> None:
    """The same calls."""
    vault = open_vault(None, None, random_bytes=os.urandom)
    assert isinstance(vault.notes(ROOM), MemoryNotes)
    vault.notes(ROOM).save("scores", b"12")
    assert (vault.notes(ROOM).load("scores"), vault.notes(OTHER).load("scores")) == (b"12", b"")
    vault.forget_notes(ROOM)
    assert vault.notes(ROOM).load("scores") == b""
    vault.close()
