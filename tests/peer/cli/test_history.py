"""What was said, without a server."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

import peer
from peer.cli.history import _history, as_line
from peer.ids import MemberId, MessageId, Topic
from peer.testing import Network

from ...support.rooms import linked
from .stage import open_peer, options

SAID = peer.Message(
    id=MessageId("ab"),
    room=Topic("t"),
    sender=peer.Member(id=MemberId("bob-key"), name="bob"),
    text="one\ntwo\x1b",
    sent_at=datetime(2026, 1, 2, tzinfo=UTC),
)


def test_line_has_the_day() -> None:
    stamp = f"{SAID.sent_at.astimezone():%Y-%m-%d %H:%M}"
    asked = options("history", "x")
    assert as_line(SAID, asked) == f"{stamp} <bob> one\n{' ' * 17}two"
    assert as_line(replace(SAID, text="x"), asked, title="Deck") == f"{stamp} [Deck] <bob> x"
    assert as_line(replace(SAID, is_deleted=True, text=""), asked).endswith("(taken back)")
    assert json.loads(as_line(SAID, options("history", "x", "--json"), title="Deck"))["conversation"] == "Deck"


async def test_conversations_are_read_and_searched(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with Network() as network:
        async with open_peer(network, "ann", tmp_path) as ann:
            for title in ("Deck", "Hold"):
                room = await ann.create_room(title)
                guest = await (await network.peer(f"bob of {title}")).join_room(str(room.invite))
                await linked(room, guest)
                for text in ("up anchor", f"all is well in the {title}", "drop anchor"):
                    await room.send(text)
        network.stop_server()

        async def printed(*words: str) -> list[str]:
            assert await _history(open_peer(network, "ann", tmp_path), options("history", *words)) == 0
            return [line.partition(" ")[2].partition(" ")[2] for line in capsys.readouterr().out.splitlines()]

        assert await printed("Deck") == ["<ann> up anchor", "<ann> all is well in the Deck", "<ann> drop anchor"]
        assert await printed("Deck", "--limit", "1") == ["<ann> drop anchor"]
        assert await printed("Deck", "--search", "anchor") == ["<ann> up anchor", "<ann> drop anchor"]
        assert sorted(await printed("--search", "well")) == [
            "[Deck] <ann> all is well in the Deck",
            "[Hold] <ann> all is well in the Hold",
        ]
        nothing = options("history", "--search", "rum")
        assert await _history(open_peer(network, "ann", tmp_path), nothing) == 1
        assert "nothing holds" in capsys.readouterr().err
