"""A conversation as a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from peer import BadSetting
from peer.cli.export import _export
from peer.testing import Network

from ...support.rooms import linked
from .stage import open_peer, options


async def test_conversation_is_written_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """To standard output, or to a file, which others could read, and that is said."""
    async with Network() as network:
        async with open_peer(network, "ann", tmp_path / "ann") as ann:
            deck = await ann.create_room("Deck")
            guest = await (await network.peer("bob")).join_room(str(deck.invite))
            await linked(deck, guest)
            await deck.send("ahoy")

        async def export(*words: str) -> int:
            return await _export(open_peer(network, "ann", tmp_path / "ann"), options("export", "Deck", *words))

        assert await export() == 0
        assert json.loads(capsys.readouterr().out)["text"] == "ahoy"
        assert await export("-") == 0
        assert json.loads(capsys.readouterr().out)["text"] == "ahoy"
        assert await export(str(tmp_path / "deck.md"), "--format", "markdown") == 0
        assert "# Deck" in (tmp_path / "deck.md").read_text()
        assert "deck.md" in capsys.readouterr().err
        with pytest.raises(BadSetting, match="name another file"):
            await export(str(tmp_path / "no" / "deck.md"))
