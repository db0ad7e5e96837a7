"""What STUN and TURN servers say, and what that means."""

from __future__ import annotations

from dataclasses import replace

import pytest

from peer.config import Config
from peer.ports import IceServer
from peer.rtc.ice import ADDRESSES_SETTING
from peer.rtc.probe import Mapped, NatKind, Refused, ask_stun, ask_turn, kind_of_nat, plan_probes, try_link
from peer.rtc.servers import Server

from ...support.ice_servers import FakeStun, FakeTurn, running

ONE, TWO = Server("192.0.2.1", 3478), Server("192.0.2.2", 3478)
BASE, OUTSIDE, ELSEWHERE = ("10.0.0.1", 5), ("203.0.113.1", 7), ("203.0.113.1", 8)


@pytest.fixture(autouse=True)
def on_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ADDRESSES_SETTING, "127.0.0.1")


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        ([], "unknown"),
        ([Mapped(ONE, BASE, OUTSIDE)], "unknown"),
        ([Mapped(ONE, BASE, BASE)], "none"),
        ([Mapped(ONE, BASE, OUTSIDE), Mapped(TWO, BASE, OUTSIDE)], "endpoint-independent"),
        ([Mapped(ONE, BASE, OUTSIDE), Mapped(TWO, BASE, ELSEWHERE)], "address-dependent"),
        ([Mapped(ONE, BASE, OUTSIDE), Mapped(TWO, ("10.0.0.2", 5), ELSEWHERE)], "unknown"),
    ],
)
def test_nat_shows_in_what_two_servers_see_of_one_socket(found: list[Mapped], kind: NatKind) -> None:
    assert kind_of_nat(found) == kind


async def test_each_server_is_asked_from_one_socket() -> None:
    """A silent one is left out, after a second."""
    async with running(FakeStun()) as one, running(FakeStun(lambda addr: ("203.0.113.1", 9))) as two:
        found = await ask_stun([one.server, two.server])
        two.is_silent = True
        rest = await ask_stun([one.server, two.server])
    assert [each.server for each in found] == [one.server, two.server]
    assert found[0].base == found[1].base
    assert kind_of_nat(found) == "address-dependent"
    assert [each.server for each in rest] == [one.server]


async def test_relay_is_asked_for_and_given_back() -> None:
    async with running(FakeTurn()) as turn:
        assert await ask_turn(turn.server) == turn.relayed
        assert turn.asked[-1] == "REFRESH"


async def test_wrong_credential_is_told_as_such() -> None:
    async with running(FakeTurn()) as turn:
        with pytest.raises(Refused):
            await ask_turn(replace(turn.server, credential="wrong"))


async def test_silent_relay_takes_a_bounded_time() -> None:
    async with running(FakeTurn()) as turn:
        turn.is_silent = True
        with pytest.raises(TimeoutError):
            await ask_turn(turn.server)


def test_as_many_are_asked_as_a_link_would() -> None:
    plan = plan_probes([IceServer(("stun:a", "stun:b"))], Config(max_stun_servers=1))
    assert [each.host for each in plan.stun] == ["a"]


@pytest.mark.rtc
async def test_link_to_ourselves_carries_something() -> None:
    assert 0 < await try_link(Config()) < 10
