"""Rooms of a server, and those kept here."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from peer.cli.rooms import _age, _rooms, table
from peer.testing import Network

from ...support.rooms import linked
from .stage import open_peer, options


async def test_public_rooms_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    async with Network() as network:
        assert await _rooms(open_peer(network, "ann"), options("rooms")) == 0
        assert "no public room" in capsys.readouterr().err
        host = await network.peer("host")
        await host.create_room("Secret")
        await host.create_room("Lobby", public=True)
        await _rooms(open_peer(network, "ann"), options("rooms"))
        heads, row = capsys.readouterr().out.splitlines()
        assert heads.split() == ["room", "people", "opened", "by", "age"]
        assert row.split()[:3] == ["Lobby", "1", "host"]
        await _rooms(open_peer(network, "ann"), options("rooms", "--json"))
        assert json.loads(capsys.readouterr().out)["customName"] == "Lobby"


async def test_own_conversations_need_no_server(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with Network() as network:
        await _rooms(open_peer(network, "ann", tmp_path), options("rooms", "--mine"))
        assert "no conversation" in capsys.readouterr().err
        async with open_peer(network, "ann", tmp_path) as ann:
            deck = await ann.create_room("Deck")
            guest = await (await network.peer("bob")).join_room(str(deck.invite))
            await linked(deck, guest)
            await deck.send("ahoy\nthere")
        network.stop_server()
        await _rooms(open_peer(network, "ann", tmp_path), options("rooms", "--mine"))
        row = capsys.readouterr().out.splitlines()[1]
        assert row.startswith("Deck")
        assert row.endswith("ann: ahoy there")
        await _rooms(open_peer(network, "ann", tmp_path), options("rooms", "--mine", "--json"))
        found = json.loads(capsys.readouterr().out)
        assert (found["title"], found["preview"]["text"]) == ("Deck", "ahoy\nthere")


def test_columns_fit_what_is_in_them_and_steer_nothing() -> None:
    assert table(["a", "b"], []) == []
    assert table(["a", "b"], [["x" * 99, "\x1b[2J"], ["y", "z"]]) == [
        "a" + " " * 41 + "b",
        "x" * 39 + "…  [2J",
        "y" + " " * 41 + "z",
    ]


def test_age_that_a_server_makes_up_is_none() -> None:
    now = datetime(2026, 1, 2, tzinfo=UTC)
    assert [_age(each, now) for each in ("2026-01-01T22:00:00Z", "long ago", "2026-01-01T22:00:00")] == ["2 h", "", ""]
