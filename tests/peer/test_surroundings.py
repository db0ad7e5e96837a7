"""Sleep, frozen processes and changed networks, with a clock and addresses of the test's."""

from __future__ import annotations

import asyncio
import time

import pytest

from peer.surroundings import Surroundings, elapsed_s, local_addresses

HOME, AWAY = frozenset({"192.0.2.7", "127.0.0.1"}), frozenset({"198.51.100.9", "127.0.0.1"})


async def changes(*looks: tuple[float, frozenset[str]]) -> int:
    """How often a change was told, where each pause takes so long and then the addresses are these."""
    now, seen, told = 100.0, HOME, 0
    rest = list(looks)

    async def pause(seconds: float) -> None:
        nonlocal now, seen
        assert seconds == 3.0
        if not rest:
            raise asyncio.CancelledError
        took, seen = rest.pop(0)
        now += took

    def tell() -> None:
        nonlocal told
        told += 1

    watch = Surroundings(on_change=tell, look_every_s=3.0, clock=lambda: now, addresses=lambda: seen, pause=pause)
    with pytest.raises(asyncio.CancelledError):
        await watch.run()
    return told


async def test_quiet_times_are_not_told() -> None:
    """A busy loop comes back a little late."""
    assert await changes((3.0, HOME), (3.5, HOME), (6.0, HOME)) == 0


async def test_changed_network_is_told_each_time() -> None:
    """Away, and home again."""
    assert await changes((3.0, AWAY), (3.0, AWAY), (3.0, HOME)) == 2


async def test_machine_that_slept_is_told_once() -> None:
    """Also where it woke in another network."""
    assert await changes((3.0, HOME), (3600.0, HOME), (3.0, HOME)) == 1
    assert await changes((3600.0, AWAY), (3.0, AWAY)) == 1


def test_clock_goes_on_and_addresses_are_those_of_this_host() -> None:
    """Both for real."""
    before = elapsed_s()
    assert elapsed_s() >= before
    assert "127.0.0.1" in local_addresses()


def test_time_of_day_stands_in_for_a_clock_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on systems other than Linux."""
    monkeypatch.delattr(time, "CLOCK_BOOTTIME", raising=False)
    assert abs(elapsed_s() - time.time()) < 1


def test_addresses_that_cannot_be_read_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then no change is ever seen, and silence alone tells."""

    def refuse() -> None:
        raise OSError("no such thing")

    monkeypatch.setattr("ifaddr.get_adapters", refuse)
    assert local_addresses() == frozenset()
