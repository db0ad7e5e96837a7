"""Which packets and associations aiortc may see; `tests/rtc/test_reassembly.py` has the rest, on real links."""

import logging
from struct import pack

import pytest
from aiortc import RTCSctpTransport
from hypothesis import given
from hypothesis import strategies as st

from peer.ports import Channel
from peer.rtc.connection import create_channel, create_connection, sctp_of
from peer.rtc.sctp import PARAMETERS_AT, WINDOW_BYTES, BoundedSctp, bound_sctp, has_endless_parameters

HEADER = bytes(12)
INIT, HEARTBEAT, DATA = 1, 4, 0


def chunk(kind: int, body: bytes) -> bytes:
    return pack("!BBH", kind, 0, 4 + len(body)) + body + bytes(-len(body) % 4)


@pytest.mark.parametrize("kind", PARAMETERS_AT)
def test_parameter_without_length_is_seen(kind: int) -> None:
    """In any chunk that has parameters, behind an honest one, and in the second chunk of a packet."""
    fixed = bytes(PARAMETERS_AT[kind] - 4)
    endless = chunk(kind, fixed + pack("!HH", 0x8008, 6) + b"\x82\xc0\x00\x00" + bytes(4))
    assert has_endless_parameters(HEADER + endless)
    assert has_endless_parameters(HEADER + chunk(DATA, bytes(13)) + endless)


@pytest.mark.parametrize("length", range(8))
def test_parameter_is_as_long_as_its_header(length: int) -> None:
    packet = HEADER + chunk(HEARTBEAT, pack("!HH", 1, length) + bytes(max(0, length - 4)))
    assert has_endless_parameters(packet) == (length < 4)


def test_data_that_looks_like_such_a_parameter_is_none() -> None:
    assert not has_endless_parameters(HEADER + chunk(DATA, bytes(1000)))


def test_init_has_fixed_fields_before_its_parameters() -> None:
    assert not has_endless_parameters(HEADER + chunk(INIT, bytes(16) + pack("!HH", 0xC000, 4)))


def test_chunk_without_length_is_left_to_aiortc() -> None:
    """Which drops the packet."""
    assert not has_endless_parameters(HEADER + bytes(4) + chunk(HEARTBEAT, bytes(4)))


@given(st.binary(max_size=100))
def test_any_packet_gets_an_answer(packet: bytes) -> None:
    assert has_endless_parameters(packet) in {True, False}


async def test_association_is_bound_before_it_starts() -> None:
    connection = create_connection(())
    create_channel(connection, Channel.EVENTS)
    bound_sctp(sctp_of(connection), on_abuse=pytest.fail)
    assert type(sctp_of(connection)) is BoundedSctp
    assert sctp_of(connection)._advertised_rwnd == WINDOW_BYTES
    await connection.close()


async def test_unknown_aiortc_is_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    """Its insides may have changed: stock behaviour, and one line in the log that says so."""
    connection = create_connection(())
    create_channel(connection, Channel.EVENTS)
    with caplog.at_level(logging.WARNING, logger="peer"):
        for _ in range(2):
            bound_sctp(sctp_of(connection), on_abuse=pytest.fail, version="1.99.0")
    assert type(sctp_of(connection)) is RTCSctpTransport
    assert caplog.text.count("aiortc 1.99.0 is unknown") == 1
    await connection.close()
