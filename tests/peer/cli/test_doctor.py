"""All checks in a row, over a real server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from peer.cli.account import Account
from peer.cli.doctor import _doctor, as_text, examine
from peer.cli.findings import bad, good
from peer.cli.style import Style
from peer.rtc.ice import ADDRESSES_SETTING
from signaling.app import running_server
from signaling.config import Config as ServerConfig

from ...support.ice_servers import FakeStun, running
from ...turn.coturn import OPEN, TURN_SECRET, running_coturn
from .stage import options


@pytest.fixture(autouse=True)
def on_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ADDRESSES_SETTING, "127.0.0.1")


def test_line_has_its_mark_and_below_it_what_to_do() -> None:
    assert as_text(good("clock", "as the server's"), Style(colours=False)) == "✓ clock      as the server's"
    assert as_text(bad("clock", "late", "set it"), Style(colours=False)) == "✗ clock      late\n             → set it"


async def test_absent_server_is_found_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The exit code says so, as lines or as JSON."""
    account = Account(server="http://127.0.0.1:9", name="ann", data_dir=tmp_path)
    assert await _doctor(account, options("doctor")) == 1
    assert "✗ server" in capsys.readouterr().out
    assert await _doctor(account, options("doctor", "--json")) == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {(each["type"], each["mark"]) for each in lines if each["subject"] == "server"} == {("check", "bad")}


@pytest.mark.rtc
async def test_local_server_is_well(tmp_path: Path) -> None:
    """STUN is asked for real, and nothing of ours stays in the server."""
    async with running(FakeStun(lambda addr: addr)) as one, running(FakeStun(lambda addr: addr)) as two:
        config = ServerConfig(guests=True, store="memory:", port=0, stun_urls=(one.url, two.url))
        async with running_server(config) as url:
            account = Account(server=url, name="ann", data_dir=tmp_path / "ann")
            found = {each.subject: each.mark async for each in examine(account)}
    assert found.pop("turn") == "doubtful"
    assert found == dict.fromkeys(
        ("installed", "folder", "keyring", "link", "server", "clock", "entry", "stun", "nat"), "good"
    )


@pytest.mark.turn
async def test_relay_is_allocated_for_real(tmp_path: Path) -> None:
    """A coturn that shares the server's secret gives one; with another secret it refuses."""
    async with running_coturn(tmp_path, *OPEN) as coturn:
        for secret, mark in ((TURN_SECRET, "good"), ("another one entirely, of thirty-two", "bad")):
            config = ServerConfig(
                guests=True, store="memory:", port=0, turn_urls=(coturn.url(), coturn.url("tcp")), turn_secret=secret
            )
            async with running_server(config) as url:
                found = [each async for each in examine(Account(server=url, name="ann", data_dir=tmp_path))]
            assert [each.mark for each in found if each.subject == "turn"] == [mark, mark]
