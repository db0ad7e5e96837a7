"""Which addresses we gather on."""

import logging

import aioice
import pytest

from peer.errors import BadSetting
from peer.rtc.ice import MAX_ADDRESSES, LocalConnection, allowed_addresses, choose_addresses, choose_gathering


def test_addresses_of_the_host_are_taken() -> None:
    found = ["203.0.113.7", "2001:db8::1"]
    assert choose_addresses(found, allowed=()) == found


def test_host_without_any_other_address_gets_loopback() -> None:
    """A container without network: aioice leaves loopback out, and would find nothing."""
    assert choose_addresses([], allowed=()) == ["127.0.0.1"]


def test_link_local_addresses_are_left_out() -> None:
    assert choose_addresses(["fe80::1", "203.0.113.7"], allowed=()) == ["203.0.113.7"]


def test_ipv4_link_local_stays() -> None:
    """Two machines on one cable have nothing else."""
    assert choose_addresses(["169.254.7.7"], allowed=()) == ["169.254.7.7"]


def test_allowed_addresses_replace_those_found() -> None:
    assert choose_addresses(["203.0.113.7"], allowed=("127.0.0.1",)) == ["127.0.0.1"]


def test_addresses_are_bounded() -> None:
    """A host with a hundred container bridges still fits into one description."""
    assert len(choose_addresses([f"10.0.0.{n}" for n in range(100)], allowed=())) == MAX_ADDRESSES


@pytest.mark.parametrize(
    ("setting", "addresses"),
    [("", ()), (" , ", ()), ("127.0.0.1", ("127.0.0.1",)), ("127.0.0.1, ::1,", ("127.0.0.1", "::1"))],
)
def test_setting_is_a_list(setting: str, addresses: tuple[str, ...]) -> None:
    assert allowed_addresses(setting) == addresses


@pytest.mark.parametrize("setting", ["localhost", "127.0.0.1;::1", "127.0.0.1 ::1", "127.0.0.1/8"])
def test_wrong_setting_is_refused(setting: str) -> None:
    with pytest.raises(BadSetting):
        allowed_addresses(setting)


async def test_gathering_is_chosen_once_however_often_it_is_asked() -> None:
    connection = aioice.Connection(ice_controlling=True)
    for _ in range(2):
        choose_gathering(connection, allowed=("127.0.0.1",))
    await connection.gather_candidates()
    assert type(connection) is LocalConnection
    assert [candidate.host for candidate in connection.local_candidates] == ["127.0.0.1"]
    await connection.close()


async def test_unknown_aioice_is_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    """Its insides may have changed: stock behaviour, and a line in the log that says so."""
    connection = aioice.Connection(ice_controlling=True)
    with caplog.at_level(logging.WARNING, logger="peer"):
        choose_gathering(connection, allowed=("127.0.0.1",), version="0.99.0")
    assert type(connection) is aioice.Connection
    assert "aioice 0.99.0 is unknown" in caplog.text
    await connection.close()


async def test_empty_datagram_of_a_stranger_is_dropped() -> None:
    """aiortc, which looks at the first byte, would end the link of it."""
    connection = aioice.Connection(ice_controlling=True)
    choose_gathering(connection, allowed=())
    connection.data_received(b"", 1)
    connection.data_received(b"x", 1)
    assert connection._queue.get_nowait() == (b"x", 1)
    assert connection._queue.empty()
