"""A folder that is put back to an older state forks nothing: over real data channels, with real disks."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import peer

from .crew import Crew

pytestmark = pytest.mark.rtc


async def test_folder_that_was_put_back_loses_nothing_and_forks_nothing(server: str, tmp_path: Path) -> None:
    """What its owner said and whom it removed since the copy stands, and whatever it says or does next counts too.

    It speaks and acts before it has heard from anybody what it has forgotten.
    """
    crew, folder, copy = Crew(server, tmp_path), tmp_path / "alice", tmp_path / "copy of alice"
    try:
        await crew.come("alice", "bob", "carol", "frank")
        await crew.room("alice").send("before the copy")
        await crew.agree()
        await crew.go("alice")
        shutil.copytree(folder, copy)
        await crew.come("alice")
        await crew.room("alice").send("forgotten")
        await crew.room("alice").kick(crew.aboard["frank"].me.id)
        await crew.aboard["frank"].ear.until(lambda: crew.room("frank").state is peer.RoomState.LEFT)
        await crew.agree(but="frank")
        await crew.go("alice", "frank")

        shutil.rmtree(folder)
        shutil.copytree(copy, folder)
        await crew.board("alice")
        await crew.room("alice").send("after it")
        await crew.room("alice").kick(crew.aboard["carol"].me.id)
        await crew.aboard["carol"].ear.until(lambda: crew.room("carol").state is peer.RoomState.LEFT)
        await crew.go("carol")
        await crew.agree()
        for name in ("alice", "bob"):
            assert sorted(await crew.texts(name)) == ["after it", "before the copy", "forgotten"]
            assert crew.aboard[name].ear.of(peer.AuthorForked) == []
            assert {member.name for member in crew.room(name).members} == {"alice", "bob"}
    finally:
        await crew.go(*crew.aboard)
