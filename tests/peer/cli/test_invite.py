"""Links for others."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from peer import BadSetting, NotAllowed
from peer.cli.invite import _invite, make_link, write_svg
from peer.testing import Network

from .stage import at_desks, open_peer, options


async def test_new_link_lets_somebody_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In a pipe the link stands alone; its picture goes to a file that others cannot read."""
    async with Network() as network:
        async with open_peer(network, "ann", tmp_path / "ann") as ann:
            deck = await ann.create_room("Deck")
            await network.transport("x").signaling.close()
            bob = await network.peer("bob")
            await bob.join_room(str(deck.invite))
        picture = tmp_path / "invite.svg"
        asked = options("invite", "Deck", "--svg", str(picture))
        assert await _invite(open_peer(network, "ann", tmp_path / "ann"), "Deck", asked) == 0
        printed = capsys.readouterr()
        [link] = printed.out.splitlines()
        assert link.startswith("http")
        assert link != deck.invite
        assert printed.err == ""
        assert picture.read_text().startswith("<svg")
        assert stat.S_IMODE(picture.stat().st_mode) == 0o600


async def test_who_may_make_none_gets_the_one_of_the_room() -> None:
    async with at_desks() as (ann, bob):
        asked = options("invite", "Deck")
        made, remark = await make_link(ann.desk.room, asked)
        assert (made != ann.desk.room.invite, remark) == (True, "")
        link, remark = await make_link(bob.desk.room, asked)
        assert link == ann.desk.room.invite
        assert "admins can" in remark
    async with Network() as network:
        deck = await (await network.peer("ann")).create_room("Deck")
        guest = await (await network.peer("bob")).join_room(await deck.create_invite())
        with pytest.raises(NotAllowed):
            await make_link(guest, asked)


def test_picture_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="name another file"):
        write_svg(str(tmp_path / "no" / "folder.svg"), "x")
