"""What the other side can make a link hold before any handshake: a bounded amount, and honest links lose nothing."""

import asyncio
import itertools
from collections.abc import Callable

import pytest
from aiortc.rtcsctptransport import (
    Chunk,
    DataChunk,
    ForwardTsnChunk,
    HeartbeatAckChunk,
    HeartbeatChunk,
    RTCSctpTransport,
    SackChunk,
)
from OpenSSL import SSL

from peer.config import Config
from peer.ports import Channel
from peer.rtc import RtcLink
from peer.rtc.connection import dtls_of, sctp_of
from peer.rtc.sctp import UNFINISHED_BYTES, WINDOW_BYTES

from .pairs import TIMEOUT_S, Pair, RawPeer, Recorder, make_link

pytestmark = pytest.mark.rtc

FIRST, LAST, UNORDERED = 2, 1, 4
BINARY = 53
FRAGMENT_BYTES = 1024
FLOOD_BYTES = 2 * 1024 * 1024

LARGE_FRAMES = [number.to_bytes(2, "big") * (32 * 1024) for number in range(200)]
"""Of 64 KiB each."""

SMALL_FRAMES = [number.to_bytes(2, "big") * 50 for number in range(4000)]
"""Each one a chunk: behind a gap the window is full with 512 of them."""


async def test_message_without_end_ends_the_link(raw: RawPeer) -> None:
    """Found by a review: 9 MiB were held, and walked over again for each fragment."""
    most_bytes = await _flood(raw, lambda number: _fragment(number, flags=FIRST if number == 0 else 0))
    assert await raw.ear.wait_closed() == "flood"
    assert most_bytes <= WINDOW_BYTES + UNFINISHED_BYTES + FRAGMENT_BYTES
    assert raw.ear.frames.empty()
    assert sctp_of(raw.link._connection)._inbound_streams == {}


@pytest.mark.parametrize("size", [0, 1])
async def test_fragments_of_next_to_nothing_count_as_well(raw: RawPeer, size: int) -> None:
    """A byte in each: half a KiB of memory in each, too."""
    await _flood(raw, lambda number: _fragment(number, flags=FIRST | UNORDERED, size=size))
    assert await raw.ear.wait_closed() == "flood"


async def test_fragments_spread_over_our_streams_are_added_up(raw: RawPeer) -> None:
    most_bytes = await _flood(raw, lambda number: _fragment(number, stream_id=number % 2))
    assert await raw.ear.wait_closed() == "flood"
    assert most_bytes <= WINDOW_BYTES + UNFINISHED_BYTES + FRAGMENT_BYTES


async def test_stream_that_is_no_channel_ends_the_link(raw: RawPeer) -> None:
    await _flood(raw, lambda number: _fragment(number, stream_id=number, flags=FIRST), count=len(Channel) + 1)
    assert await raw.ear.wait_closed() == "channel"


async def test_such_streams_that_are_only_skipped_end_it_as_well(raw: RawPeer) -> None:
    chunk = ForwardTsnChunk()
    chunk.cumulative_tsn = sctp_of(raw.connection)._local_tsn
    chunk.streams = [(stream_id, 0) for stream_id in range(200)]
    await sctp_of(raw.connection)._send_chunk(chunk)
    assert await raw.ear.wait_closed() == "channel"


async def test_beyond_a_gap_no_more_is_taken_than_the_window(raw: RawPeer) -> None:
    """As on a path that loses it: the link stays, and what comes first is taken as soon as it comes."""
    most_bytes = await _flood(raw, lambda number: _fragment(number + 1))
    assert WINDOW_BYTES - FRAGMENT_BYTES <= most_bytes <= WINDOW_BYTES
    await sctp_of(raw.connection)._send_chunk(_numbered(raw, _fragment(0, flags=FIRST | LAST, size=5)))
    assert await raw.ear.take(1) == [(Channel.EVENTS, bytes(5))]


async def test_complete_messages_beyond_a_gap_are_bounded_too(raw: RawPeer) -> None:
    """Nothing waits, but each one's number would be remembered, and all of them sorted for each new one."""
    await _flood(raw, lambda number: _fragment(number + 1, stream_id=1, flags=FIRST | LAST | UNORDERED, size=1))
    assert raw.ear.frames.qsize() == len(sctp_of(raw.link._connection)._sack_misordered) == WINDOW_BYTES // 1024


async def test_acknowledgement_of_what_we_never_sent_ends_the_link(raw: RawPeer) -> None:
    """aiortc would count each of 19 million, 1.7 s long, for one packet."""
    sack = SackChunk()
    sack.cumulative_tsn = sctp_of(raw.connection)._last_received_tsn
    sack.gaps = [(0, 0xFFFF)] * 290
    await sctp_of(raw.connection)._send_chunk(sack)
    assert await raw.ear.wait_closed() == "malformed"


async def test_acknowledgement_from_the_future_ends_the_link(raw: RawPeer) -> None:
    sack = SackChunk()
    sack.cumulative_tsn = ((sctp_of(raw.connection)._last_received_tsn or 0) + 1000) % 2**32
    await sctp_of(raw.connection)._send_chunk(sack)
    assert await raw.ear.wait_closed() == "malformed"


async def test_parameter_without_length_ends_the_link(raw: RawPeer) -> None:
    """aiortc would read the same one for ever, and remember each time that it did."""
    chunk = Chunk(body=bytes(4))
    chunk.type = HeartbeatChunk.type
    await sctp_of(raw.connection)._send_chunk(chunk)
    assert await raw.ear.wait_closed() == "malformed"


async def test_data_far_beyond_what_an_acknowledgement_can_name_is_not_taken(raw: RawPeer) -> None:
    """aiortc would fail to encode one, where nobody hears of it but the loop's own log."""
    await _flood(raw, lambda number: _fragment(70_000 + number, flags=FIRST | LAST), count=3)
    assert sctp_of(raw.link._connection)._sack_misordered == set()
    await sctp_of(raw.connection)._send_chunk(_numbered(raw, _fragment(0, flags=FIRST | LAST, size=5)))
    assert await raw.ear.take(1) == [(Channel.EVENTS, bytes(5))]


async def test_nothing_is_taken_after_the_end(raw: RawPeer) -> None:
    await _flood(raw, lambda number: _fragment(number, stream_id=number), count=len(Channel) + 1)
    await raw.ear.wait_closed()
    ours = sctp_of(raw.link._connection)
    await ours._receive_chunk(_fragment(0))
    await ours._handle_data(b"anything")
    assert ours._inbound_streams == {}
    assert raw.ear.calls == ["open", "closed"]


async def test_records_that_share_a_datagram_are_read_at_once(raw: RawPeer) -> None:
    """One would else be read with each datagram, and the others pile up in OpenSSL, late and without a bound."""
    theirs, ours = dtls_of(raw.connection), dtls_of(raw.link._connection)
    assert theirs._ssl is not None
    assert ours._ssl is not None
    path = theirs.transport._connection._nominated[1]
    for _ in range(50):
        records = b""
        while len(records) < 1000:
            theirs._ssl.send(b"x")
            records += theirs._ssl.bio_read(1500)
        path.protocol.transport.sendto(records, path.remote_addr)
    await _settle(sctp_of(raw.connection), raw.ear.closed)
    with pytest.raises(SSL.WantReadError):
        ours._ssl.recv(1500)


@pytest.mark.long
async def test_large_frames_pass_both_ways_out_of_order(pair: Pair) -> None:
    """200 of 64 KiB each way, back to back, while every eighth datagram is overtaken by the next three."""
    _shuffle(pair.left)
    _shuffle(pair.right)
    await asyncio.gather(
        _pass(LARGE_FRAMES, sender=pair.left, receiver=pair.right_ear),
        _pass(LARGE_FRAMES, sender=pair.right, receiver=pair.left_ear),
    )


@pytest.mark.parametrize("frames", [LARGE_FRAMES, SMALL_FRAMES], ids=["large", "small"])
@pytest.mark.long
async def test_link_survives_a_packet_that_is_lost_twice(frames: list[bytes]) -> None:
    """aiortc goes on until its timer runs out, also beyond our window; what we did not take, it sends again."""
    pair = Pair(*make_link(Config(fast_transport=False)), *make_link())
    await pair.connect()
    _lose_twice(pair.left)
    await _pass(frames, sender=pair.left, receiver=pair.right_ear)
    await pair.close()


def _fragment(number: int, *, stream_id: int = 0, flags: int = 0, size: int = FRAGMENT_BYTES) -> DataChunk:
    chunk = DataChunk(flags)
    chunk.tsn, chunk.stream_id, chunk.protocol, chunk.user_data = number, stream_id, BINARY, bytes(size)
    return chunk


def _numbered(raw: RawPeer, chunk: DataChunk) -> DataChunk:
    """Counted from the first that the link expects."""
    chunk.tsn = (sctp_of(raw.connection)._local_tsn + chunk.tsn) % 2**32
    return chunk


async def _flood(raw: RawPeer, make: Callable[[int], DataChunk], *, count: int = FLOOD_BYTES // FRAGMENT_BYTES) -> int:
    """Send that many until the link is closed, past aiortc's queues; returns the most bytes that were ever held."""
    theirs, ours = sctp_of(raw.connection), sctp_of(raw.link._connection)
    most_bytes = 0
    for number in range(count):
        if raw.ear.closed.is_set():
            break
        await theirs._send_chunk(_numbered(raw, make(number)))
        await asyncio.sleep(0)
        most_bytes = max(most_bytes, WINDOW_BYTES - ours._advertised_rwnd)
    await _settle(theirs, raw.ear.closed)
    return max(most_bytes, WINDOW_BYTES - ours._advertised_rwnd)


async def _settle(theirs: RTCSctpTransport, closed: asyncio.Event) -> None:
    """Loopback keeps the order: once a heartbeat is answered, or the link is gone, all before it was read."""
    answered = asyncio.Event()
    stock = theirs._receive_chunk

    async def receive(chunk: Chunk) -> None:
        if isinstance(chunk, HeartbeatAckChunk):
            answered.set()
        await stock(chunk)

    theirs._receive_chunk = receive  # type: ignore[method-assign]
    await theirs._send_chunk(HeartbeatChunk())
    waiting = [asyncio.create_task(event.wait()) for event in (answered, closed)]
    _, pending = await asyncio.wait(waiting, timeout=TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    assert len(pending) < len(waiting)


def _shuffle(link: RtcLink) -> None:
    """Keep back every eighth datagram of this link until three more are sent."""
    socket = link._ice._nominated[1].protocol.transport
    stock, kept, count = socket.sendto, list[bytes](), itertools.count()

    def send(data: bytes, address: tuple[str, int]) -> None:
        number = next(count)
        if number % 8 == 7:
            kept.append(data)
            return
        stock(data, address)
        if number % 8 == 2 and kept:
            stock(kept.pop(), address)

    socket.sendto = send  # type: ignore[method-assign, assignment]


def _lose_twice(link: RtcLink) -> None:
    """Drop one chunk of data, and what is sent in its place at first, with as much under way as on a long path."""
    sctp = sctp_of(link._connection)
    sctp._cwnd = 16 * WINDOW_BYTES
    stock, lost, number = sctp._send_chunk, (sctp._local_tsn + 300) % 2**32, itertools.count()

    async def send(chunk: Chunk) -> None:
        is_lost = isinstance(chunk, DataChunk) and chunk.tsn == lost and next(number) < 2
        if not is_lost:
            await stock(chunk)

    sctp._send_chunk = send  # type: ignore[method-assign]


async def _pass(frames: list[bytes], *, sender: RtcLink, receiver: Recorder) -> None:
    """Send them back to back, and see each arrive, in order."""

    async def send() -> None:
        for frame in frames:
            sender.send(Channel.EVENTS, frame)
            await sender.wait_drained()

    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        tasks.create_task(send())
        for frame in frames:
            assert await receiver.frames.get() == (Channel.EVENTS, frame)
