"""Whether a key is the person's."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from peer import UsageError, VerificationFailed
from peer.cli.verify import await_member, settle
from peer.testing import Network

from .stage import at_desks, options


async def test_number_is_the_same_on_both_sides_and_settles_it(tmp_path: Path) -> None:
    async with at_desks() as (ann, bob):
        shown = []
        for seat, other in ((ann, "bob"), (bob, "ann")):
            member = await await_member(seat.desk.room, other, timeout_s=1)
            asked = options("verify", "Deck", other, "--svg", str(tmp_path / f"{other}.svg"))
            shown.append(settle(seat.desk.me, seat.desk.room, member, asked))
        assert [line for line in shown[0] if line.startswith("      ")] == [
            line for line in shown[1] if line.startswith("      ")
        ]
        assert (tmp_path / "bob.svg").exists()
        code = shown[0][-1].rpartition(" ")[2]
        me, room, member = bob.desk.me, bob.desk.room, bob.desk.room.members[1]
        with pytest.raises(VerificationFailed):
            settle(me, room, member, options("verify", "Deck", "ann", "--code", "speaktube-verify:1:abc:def"))
        settle(me, room, member, options("verify", "Deck", "ann", "--code", code))
        assert room.members[1].verified
        settle(me, room, member, options("verify", "Deck", "ann", "--undo"))
        assert not room.members[1].verified
        settle(me, room, member, options("verify", "Deck", "ann", "--yes"))
        assert room.members[1].verified


async def test_somebody_is_waited_for() -> None:
    async with Network() as network:
        deck = await (await network.peer("ann")).create_room("Deck")
        waiting = asyncio.create_task(await_member(deck, "bob", timeout_s=2))
        await (await network.peer("bob")).join_room(str(deck.invite))
        assert (await waiting).name == "bob"
        with pytest.raises(UsageError, match="nobody here is called carol"):
            await await_member(deck, "carol", timeout_s=0.01)
