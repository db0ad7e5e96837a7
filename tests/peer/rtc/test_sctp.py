"""Which packets and associations aiortc may see; `tests/rtc/test_reassembly.py` has the rest, on real links."""

import logging
from collections.abc import Callable, Iterator
from struct import pack

import pytest
from aiortc import RTCSctpTransport
from aiortc.rtcsctptransport import (
    Chunk,
    CookieEchoChunk,
    DataChunk,
    ForwardTsnChunk,
    HeartbeatChunk,
    InboundStream,
    ReconfigChunk,
    SackChunk,
    serialize_packet,
)
from google_crc32c import value as crc32c
from hypothesis import given
from hypothesis import strategies as st

from peer.ports import Channel
from peer.rtc.connection import create_channel, create_connection, sctp_of
from peer.rtc.sctp import (
    MAX_DEMANDS,
    MAX_REQUESTS,
    MAX_SACKS,
    PARAMETERS_AT,
    WINDOW_BYTES,
    BoundedSctp,
    bound_sctp,
    is_malformed,
)
from tests.support.associations import FAIR, Association, Clock, make_associations

BOTH = pytest.mark.parametrize("is_fast", [True, False], ids=["fast", "bounded"])
HEADER = bytes(12)
DATA, INIT, INIT_ACK, HEARTBEAT, COOKIE_ACK = 0, 1, 2, 4, 11


def chunk(kind: int, body: bytes) -> bytes:
    return pack("!BBH", kind, 0, 4 + len(body)) + body + bytes(-len(body) % 4)


@pytest.mark.parametrize("kind", PARAMETERS_AT)
def test_parameter_without_length_is_seen(kind: int) -> None:
    """In any chunk that has parameters, behind an honest one, and in the second chunk of a packet."""
    fixed = bytes(PARAMETERS_AT[kind] - 4)
    endless = chunk(kind, fixed + pack("!HH", 0x8008, 6) + b"\x82\xc0\x00\x00" + bytes(4))
    assert is_malformed(HEADER + endless)
    assert is_malformed(HEADER + chunk(DATA, bytes(13)) + endless)


@pytest.mark.parametrize("length", range(8))
def test_parameter_is_as_long_as_its_header(length: int) -> None:
    packet = HEADER + chunk(HEARTBEAT, pack("!HH", 1, length) + bytes(max(0, length - 4)))
    assert is_malformed(packet) == (length < 4)


def test_data_that_looks_like_such_a_parameter_is_none() -> None:
    assert not is_malformed(HEADER + chunk(DATA, bytes(1000)))


def test_init_has_fixed_fields_before_its_parameters() -> None:
    assert not is_malformed(HEADER + chunk(INIT, bytes(16) + pack("!HH", 0xC000, 4)))


def test_chunk_without_length_is_left_to_aiortc() -> None:
    """Which drops the packet."""
    assert not is_malformed(HEADER + bytes(4) + chunk(HEARTBEAT, bytes(4)))


@pytest.mark.parametrize(
    ("one", "limit"),
    [
        (HeartbeatChunk(), MAX_DEMANDS),
        (CookieEchoChunk(0, b"cookie"), MAX_DEMANDS),
        (ForwardTsnChunk(0, bytes(4)), MAX_DEMANDS),
        (SackChunk(), MAX_SACKS),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Chunk) else "",
)
def test_packet_asks_for_few_answers(one: Chunk, limit: int) -> None:
    """One of 1.1 KB would else be answered 280 times, or make us look 48 times at all that is under way."""
    data = chunk(DATA, bytes(13))
    assert not is_malformed(HEADER + (data + bytes(one)) * limit)
    assert is_malformed(HEADER + (data + bytes(one)) * (limit + 1))


def test_reconfiguration_asks_for_few_things() -> None:
    """RFC 6525, section 3.1. Other chunks may have more parameters."""
    request = pack("!HHLL", 17, 12, 1, 1)
    assert not is_malformed(HEADER + chunk(ReconfigChunk.type, request * MAX_REQUESTS))
    assert is_malformed(HEADER + chunk(ReconfigChunk.type, request * (MAX_REQUESTS + 1)))
    assert not is_malformed(HEADER + chunk(INIT, bytes(16) + request * (MAX_REQUESTS + 1)))


@given(st.binary(max_size=100))
def test_any_packet_gets_an_answer(packet: bytes) -> None:
    assert is_malformed(packet) in {True, False}


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


def give(receiver: Association, given: Chunk) -> None:
    """A packet of its own."""
    receiver.path.receiver, before = receiver.sctp, receiver.path.receiver
    receiver.path._arrive(serialize_packet(5000, 5000, receiver.sctp._local_verification_tag, given))
    receiver.path.receiver = before


@BOTH
async def test_late_first_packet_of_the_association_changes_nothing(is_fast: bool) -> None:
    """RFC 9260, section 5.2.2: INIT was overtaken by all that was said since; the count goes on where it stood."""
    clock = Clock()
    left, right = (Association(clock, FAIR, seed=seed, is_fast=is_fast) for seed in range(2))
    left.path.receiver, right.path.receiver = right.sctp, left.sctp
    right.path._role = "server"
    held = list[bytes]()

    def keep(packet: bytes) -> bool:
        if packet[12] == INIT and not held:
            held.append(packet)
            return False
        return True

    left.path.keep = keep
    await left.start()
    await right.start()
    assert await clock.run(30, until=lambda: left.is_open and right.is_open)
    left.send(Channel.EVENTS, b"before")
    await clock.run(0.1)
    left.path._arrive(held[0])
    for number in range(3):
        left.send(Channel.EVENTS, b"after %d" % number)
    await clock.run(0.5)
    assert right.received[Channel.EVENTS] == [b"before", b"after 0", b"after 1", b"after 2"]
    assert not left.sctp._sent_queue


@BOTH
async def test_first_packet_that_the_first_data_overtook_changes_nothing(is_fast: bool) -> None:
    """It may come before the last packet of the handshake as well; as long as nothing has come, it is answered."""
    _, right = await make_associations(is_fast=is_fast)
    sctp = right.sctp
    init = pack("!LLHHL", sctp._remote_verification_tag, WINDOW_BYTES, 3, 3, sctp._last_received_tsn)
    packet = pack("!HHL", 5000, 5000, 0), chunk(INIT, init)
    whole = packet[0] + pack("<L", crc32c(packet[0] + bytes(4) + packet[1])) + packet[1]
    sctp._association_state = sctp.State.COOKIE_ECHOED
    last = sctp._last_received_tsn
    sctp._last_received_tsn = (last + 5) % 2**32
    await sctp._handle_data(whole)
    assert sctp._last_received_tsn == (last + 5) % 2**32
    sctp._last_received_tsn, before = (last - 1) % 2**32, len(right.path.sent)
    await sctp._handle_data(whole)
    assert [packet[12] for packet in right.path.sent[before:]] == [INIT_ACK]


@BOTH
async def test_association_opens_though_both_first_answers_were_lost(is_fast: bool) -> None:
    """An INIT that is said again carries the tag 0, though the other side's tag is known by then."""
    clock = Clock()
    left, right = (Association(clock, FAIR, seed=seed, is_fast=is_fast) for seed in (0, 1))
    left.path.receiver, right.path.receiver = right.sctp, left.sctp
    right.path._role = "server"
    for association in (left, right):
        association.path.keep = _losing_one(INIT_ACK)
    await left.start()
    await right.start()
    assert await clock.run(30, until=lambda: left.is_open and right.is_open)


def _losing_one(kind: int) -> Callable[[bytes], bool]:
    lost: list[bytes] = []

    def keep(packet: bytes) -> bool:
        if packet[12] != kind or lost:
            return True
        lost.append(packet)
        return False

    return keep


async def test_chunk_for_a_path_that_has_ended_is_dropped_without_a_word() -> None:
    """aiortc says it again in tasks of its own, and nobody would ask how those end."""
    connection = create_connection(())
    create_channel(connection, Channel.EVENTS)
    transport = sctp_of(connection)
    bound_sctp(transport, on_abuse=pytest.fail)
    transport._remote_port = 5000
    await transport._send_chunk(HeartbeatChunk())
    await connection.close()


@BOTH
async def test_cookie_that_comes_again_is_confirmed_and_sets_nothing_up(is_fast: bool) -> None:
    """Its confirmation may have been lost."""
    left, right = await make_associations(is_fast=is_fast)
    before = len(right.path.sent)
    give(right, CookieEchoChunk(0, b"any"))
    assert [packet[12] for packet in right.path.sent[before:]] == [COOKIE_ACK]
    left.send(Channel.EVENTS, b"on")
    await left.path.clock.run(0.1)
    assert right.received[Channel.EVENTS] == [b"on"]


@BOTH
async def test_skipping_where_numbers_wrap_goes_on(is_fast: bool) -> None:
    """aiortc sorts by the number itself, and would wait for what it has."""
    _, right = await make_associations(is_fast=is_fast)
    right.sctp._last_received_tsn = 2**32 - 4
    right.sctp._sack_misordered = {2**32 - 2, 2**32 - 1, 0, 1}
    skip = ForwardTsnChunk()
    skip.cumulative_tsn = 2**32 - 3
    give(right, skip)
    assert (right.sctp._last_received_tsn, right.sctp._sack_misordered) == (1, set())


@BOTH
async def test_stream_that_is_skipped_often_is_skipped_once(is_fast: bool) -> None:
    """Each time would be a walk over all that waits on it; 280 of them fit a packet."""
    _, right = await make_associations(is_fast=is_fast)
    stream = right.sctp._inbound_streams[0] = WatchedStream()
    skip = ForwardTsnChunk()
    skip.cumulative_tsn = (right.sctp._last_received_tsn + 1) % 2**32
    skip.streams = [(0, number) for number in range(200)]
    give(right, skip)
    assert (stream.walks, stream.sequence_number) == (1, 200)


@BOTH
@pytest.mark.parametrize("protocol", [0, 50, 52, 54, 99])
async def test_message_that_no_channel_hears_ends_the_link(is_fast: bool, protocol: int) -> None:
    """It would else be dropped without a word or a limit, however many come; announcements have no place here."""
    _, right = await make_associations(is_fast=is_fast)
    data = DataChunk(3)
    data.tsn, data.protocol, data.user_data = right.sctp._last_received_tsn + 1, protocol, b"\x02"
    give(right, data)
    give(right, data)
    assert right.abuses == ["channel"]


@BOTH
@pytest.mark.parametrize("kind", [DataChunk, ForwardTsnChunk])
async def test_stream_that_is_no_channel_ends_the_link(is_fast: bool, kind: type) -> None:
    """Fragments that never end could wait on it, where no channel bounds what follows them."""
    _, right = await make_associations(is_fast=is_fast)
    tsn = (right.sctp._last_received_tsn + 1) % 2**32
    if kind is DataChunk:
        given: Chunk = DataChunk(0, pack("!LHHL", tsn, len(Channel), 0, 53) + b"x")
    else:
        given = ForwardTsnChunk(0, pack("!LHH", tsn, len(Channel), 0))
    give(right, given)
    assert right.abuses == ["channel"]


class WatchedStream(InboundStream):
    """Counts how often all that waits on it was looked at."""

    walks = 0

    def pop_messages(self) -> Iterator[tuple[int, int, bytes]]:
        self.walks += 1
        return super().pop_messages()
