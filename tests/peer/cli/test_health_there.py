"""What doctor hears from others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from peer import Config
from peer.cli.account import Account
from peer.cli.health_there import (
    check_clock,
    check_nat,
    check_server,
    check_stun,
    check_turn,
    find_ice_servers,
    plan_of,
)
from peer.ports import IceServer
from peer.rtc.ice import ADDRESSES_SETTING
from peer.rtc.probe import Mapped
from peer.rtc.servers import Plan, Server
from peer.signaling.probe import Seen

from ...support.ice_servers import FakeStun, FakeTurn, running
from ..signaling.fake_server import FakeServer, refusal

NOW = datetime(2026, 1, 2, tzinfo=UTC)
ONE, TWO = Server("127.0.0.1", 1), Server("127.0.0.1", 2)
BASE, OUTSIDE, ELSEWHERE = ("10.0.0.1", 5), ("203.0.113.1", 7), ("203.0.113.1", 8)


@pytest.fixture(autouse=True)
def on_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ADDRESSES_SETTING, "127.0.0.1")


@pytest.mark.parametrize(
    ("skew_s", "mark"), [(0, "good"), (9, "good"), (-9, "good"), (30, "doubtful"), (-30, "doubtful"), (300, "bad")]
)
def test_clock_is_compared(skew_s: float, mark: str) -> None:
    assert check_clock(Seen("1", NOW, 0.0), NOW + timedelta(seconds=skew_s)).mark == mark


def test_server_without_a_clock_is_doubtful() -> None:
    assert check_clock(Seen("1", None, 0.0), NOW).mark == "doubtful"


@pytest.mark.parametrize("server", ["http://127.0.0.1:9", "no address"])
async def test_absent_server_has_to_be_mended(server: str) -> None:
    found, seen = await check_server(server)
    assert (found.mark, seen) == ("bad", None)
    assert "--server" in found.advice


async def test_entry_tells_which_servers_help() -> None:
    """By a seat, which is given back; a server that lets nobody in says why."""
    async with FakeServer() as server:
        account = Account(server=server.url, name="ann")
        found, ice_servers = await find_ice_servers(account, Config())
        assert found.mark == "good"
        assert isinstance(ice_servers, tuple)
        assert any("leave-room" in path for path in server.paths)
        server.script("create-room", refusal(401, "invalid_token", hint="ask for a new one"))
        found, _ = await find_ice_servers(account, Config())
        assert (found.mark, "ask for a new one" in found.text) == ("bad", True)


async def test_each_stun_server_has_its_line() -> None:
    async with running(FakeStun()) as one, running(FakeStun()) as two:
        two.is_silent = True
        findings, mapped = await check_stun(Plan(stun=(one.server, two.server)))
    assert [each.mark for each in findings] == ["good", "bad"]
    assert len(mapped) == 1
    [missing], _ = await check_stun(Plan())
    assert missing.mark == "doubtful"


async def test_each_turn_server_has_its_line() -> None:
    """No credential is shown."""
    async with running(FakeTurn()) as turn:
        good = [each async for each in check_turn(plan_of((IceServer((turn.url,), "user", "secret"),), Config()))]
        bad = [each async for each in check_turn(plan_of((IceServer((turn.url,), "user", "mistaken"),), Config()))]
    assert [each.mark for each in (*good, *bad)] == ["good", "bad"]
    assert "SIGNALING_TURN_SECRET" in bad[0].advice
    assert not any(word in repr([good, bad]) for word in ("mistaken", "secret'"))
    assert [each.mark async for each in check_turn(Plan())] == ["doubtful"]
    assert [each.mark async for each in check_turn(Plan(turn=(Server("127.0.0.1", 9, "tcp", "a", "b"),)))] == ["bad"]


@pytest.mark.parametrize(
    ("found", "has_turn", "mark"),
    [
        ([Mapped(ONE, BASE, BASE)], False, "good"),
        ([Mapped(ONE, BASE, OUTSIDE), Mapped(TWO, BASE, OUTSIDE)], False, "good"),
        ([Mapped(ONE, BASE, OUTSIDE), Mapped(TWO, BASE, ELSEWHERE)], True, "doubtful"),
        ([Mapped(ONE, BASE, OUTSIDE), Mapped(TWO, BASE, ELSEWHERE)], False, "bad"),
        ([Mapped(ONE, BASE, OUTSIDE)], False, "doubtful"),
    ],
)
def test_nat_means_something_for_links(found: list[Mapped], mark: str, *, has_turn: bool) -> None:
    assert check_nat(found, has_turn=has_turn).mark == mark
