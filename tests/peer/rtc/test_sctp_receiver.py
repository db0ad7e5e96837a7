"""What arrives in any order, twice, cut short or made up; on a made-up path, under a clock that the test turns."""

import random
from collections.abc import Iterator
from struct import pack

import pytest
from aiortc.rtcsctptransport import HeartbeatChunk, InboundStream, SackChunk, parse_packet
from google_crc32c import value as crc32c
from hypothesis import given, settings
from hypothesis import strategies as st

from peer.ports import Channel
from peer.rtc.sctp import MAX_SACKS, WINDOW_BYTES
from peer.rtc.sctp_chunks import OutboundChunk
from peer.rtc.sctp_receiver import MAX_DUPLICATES, MAX_SACK_BLOCKS
from tests.support.associations import Association, make_associations

BINARY, WHOLE, FIRST, LAST, UNORDERED = 53, 3, 2, 1, 4


class Attacker:
    """Writes packets of its own to one association."""

    def __init__(self, victim: Association, remote: Association) -> None:
        self.victim = victim
        self.first_tsn = remote.sctp._local_tsn
        self._head = pack("!HHL", 5000, 5000, victim.sctp._local_verification_tag)

    def chunk(self, ahead: int, data: bytes = b"x", *, flags: int = WHOLE, stream: int = 0, seq: int = 0) -> bytes:
        """Of data, counted from the one that is expected."""
        return OutboundChunk(flags, (self.first_tsn + ahead) % 2**32, stream, seq, BINARY, data).encoded

    def give(self, *chunks: bytes) -> list[SackChunk]:
        """One packet; returns the acknowledgements that it caused at once."""
        sent = self.victim.path.sent
        before, body = len(sent), b"".join(chunks)
        checksum = crc32c(self._head + bytes(4) + body)
        self.victim.sctp.receive_packet(self._head + pack("<L", checksum) + body)
        return sacks(sent[before:])


def sacks(packets: list[bytes]) -> list[SackChunk]:
    return [chunk for packet in packets for chunk in parse_packet(packet)[3] if isinstance(chunk, SackChunk)]


@pytest.fixture
async def attacker() -> Attacker:
    remote, victim = await make_associations()
    return Attacker(victim, remote)


async def test_second_packet_is_acknowledged_at_once_and_a_single_one_on_the_next_turn(attacker: Attacker) -> None:
    """RFC 9260, section 6.2."""
    assert attacker.give(attacker.chunk(0)) == []
    (sack,) = attacker.give(attacker.chunk(1, seq=1))
    assert sack.cumulative_tsn == (attacker.first_tsn + 1) % 2**32
    assert attacker.give(attacker.chunk(2, seq=2)) == []
    before = len(attacker.victim.path.sent)
    await attacker.victim.path.clock.run(0)
    (sack,) = sacks(attacker.victim.path.sent[before:])
    assert sack.cumulative_tsn == (attacker.first_tsn + 2) % 2**32


async def test_third_packet_is_acknowledged_at_once_while_a_socket_is_emptied(attacker: Attacker) -> None:
    """And the rest on the next turn; a gap as ever."""
    sctp = attacker.victim.sctp
    sctp.begin_reading()
    assert [len(attacker.give(attacker.chunk(ahead, seq=ahead))) for ahead in range(7)] == [0, 0, 1, 0, 0, 1, 0]
    sctp.end_reading()
    before = len(attacker.victim.path.sent)
    await attacker.victim.path.clock.run(0)
    (sack,) = sacks(attacker.victim.path.sent[before:])
    assert sack.cumulative_tsn == (attacker.first_tsn + 6) % 2**32
    sctp.begin_reading()
    assert len(attacker.give(attacker.chunk(9, seq=9))) == 1


async def test_gap_is_reported_at_once(attacker: Attacker) -> None:
    (sack,) = attacker.give(attacker.chunk(1, seq=1), attacker.chunk(2, seq=2), attacker.chunk(5, seq=5))
    assert sack.gaps == [(2, 3), (6, 6)]
    assert attacker.victim.received[Channel.EVENTS] == []


async def test_runs_of_arrivals_are_found_where_numbers_wrap(attacker: Attacker) -> None:
    """aiortc sorts by the number itself, and would report two runs in the wrong order."""
    sctp = attacker.victim.sctp
    sctp._last_received_tsn = 2**32 - 3
    attacker.first_tsn = 2**32 - 2
    (sack,) = attacker.give(*(attacker.chunk(ahead, seq=9) for ahead in (1, 2, 3)))
    assert sack.gaps == [(2, 4)]


@pytest.mark.parametrize("seed", range(5))
async def test_any_order_of_fragments_makes_the_same_messages(attacker: Attacker, seed: int) -> None:
    """Each chunk some times over; ordered and unordered messages of one to five fragments."""
    chance = random.Random(seed)  # noqa: S311 - nothing secret
    chunks, expected, tsn = [], list[bytes](), 0
    for seq in range(20):
        parts = [b"%d.%d " % (seq, part) for part in range(chance.randint(1, 5))]
        expected.append(b"".join(parts))
        for part, data in enumerate(parts):
            flags = (FIRST if part == 0 else 0) | (LAST if part == len(parts) - 1 else 0)
            chunks.append(attacker.chunk(tsn, data, flags=flags, seq=seq))
            tsn += 1
    order = chunks * 2
    chance.shuffle(order)
    for chunk in order:
        attacker.give(chunk)
    assert attacker.victim.received[Channel.EVENTS] == expected
    assert attacker.victim.sctp._sack_misordered == set()
    assert attacker.victim.sctp._advertised_rwnd == WINDOW_BYTES


async def test_unordered_messages_do_not_wait(attacker: Attacker) -> None:
    attacker.give(attacker.chunk(3, b"later", flags=WHOLE | UNORDERED, stream=1))
    assert attacker.victim.received[Channel.EPHEMERAL] == [b"later"]


async def test_whole_messages_behind_fragments_that_never_end_are_taken_without_a_look_at_them(
    attacker: Attacker,
) -> None:
    """A look each would cost milliseconds a packet: some hundred packets a second would hold up everything."""
    stream = attacker.victim.sctp._inbound_streams[1] = WatchedStream()
    for start in range(0, 480, 48):
        attacker.give(*(attacker.chunk(start + each, flags=UNORDERED, stream=1) for each in range(48)))
    walks = stream.walks
    attacker.give(*(attacker.chunk(480 + each, flags=WHOLE | UNORDERED, stream=1) for each in range(40)))
    assert attacker.victim.received[Channel.EPHEMERAL] == [b"x"] * 40
    assert (stream.walks - walks, attacker.victim.abuses) == (0, [])


async def test_acknowledgement_fits_a_packet_whatever_came(attacker: Attacker) -> None:
    """Every second chunk missing, and many twice: OpenSSL's buffer would be cut in a longer packet, for good."""
    for ahead in range(1, 2 * MAX_SACK_BLOCKS + 100, 2):
        attacker.give(attacker.chunk(ahead, seq=ahead))
    (sack,) = attacker.give(*[attacker.chunk(1, seq=1)] * 50)
    assert len(sack.gaps) == MAX_SACK_BLOCKS
    assert len(attacker.victim.path.sent[-1]) <= 1189


async def test_duplicates_that_are_noted_are_few(attacker: Attacker) -> None:
    attacker.give(attacker.chunk(0))
    (sack,) = attacker.give(*[attacker.chunk(0)] * 60)
    assert len(sack.duplicates) == MAX_DUPLICATES
    assert attacker.victim.received[Channel.EVENTS] == [b"x"]


async def test_other_chunks_between_ours_are_heard_as_well(attacker: Attacker) -> None:
    """A heartbeat in front of, between and behind data."""
    beat = HeartbeatChunk()
    beat.params = [(1, b"beat")]
    before = len(attacker.victim.path.sent)
    attacker.give(attacker.chunk(0), bytes(beat), attacker.chunk(1, b"y", seq=1))
    attacker.give(bytes(beat), attacker.chunk(2, b"z", seq=2))
    assert attacker.victim.received[Channel.EVENTS] == [b"x", b"y", b"z"]
    kinds = [packet[12] for packet in attacker.victim.path.sent[before:]]
    assert kinds.count(5) == 2


async def test_packet_that_is_damaged_or_of_another_association_is_dropped(attacker: Attacker) -> None:
    sctp, body = attacker.victim.sctp, attacker.chunk(0)
    good = attacker._head + pack("<L", crc32c(attacker._head + bytes(4) + body)) + body
    sctp.receive_packet(good[:-1] + b"?")
    head = attacker._head[:4] + pack("!L", sctp._local_verification_tag ^ 1)
    sctp.receive_packet(head + pack("<L", crc32c(head + bytes(4) + body)) + body)
    assert attacker.victim.received[Channel.EVENTS] == []
    sctp.receive_packet(good)
    assert attacker.victim.received[Channel.EVENTS] == [b"x"]


@settings(max_examples=25)
@given(cut=st.integers(0, 40), length=st.integers(0, 60))
async def test_chunk_of_another_length_than_it_says_is_never_read_beyond_its_end(cut: int, length: int) -> None:
    """Dropped, or the end of the link; the chunks in front of it may be taken."""
    remote, victim = await make_associations()
    attacker = Attacker(victim, remote)
    chunk = bytearray(attacker.chunk(1, b"y" * 20, seq=1))
    chunk[2:4] = pack("!H", length)
    attacker.give(attacker.chunk(0), bytes(chunk[: len(chunk) - cut]))
    assert set(victim.received[Channel.EVENTS]) <= {b"x", (b"y" * 20)[: max(0, length - 16)]}
    assert victim.abuses in ([], ["malformed"])


async def test_acknowledgement_that_claims_more_than_it_holds_ends_the_link(attacker: Attacker) -> None:
    """aiortc's reader would die of it, with a traceback in the log."""
    attacker.give(pack("!BBHLLHH", 3, 0, 16, attacker.victim.sctp._last_sacked_tsn, 1000, 300, 0))
    assert attacker.victim.abuses == ["malformed"]


async def test_many_acknowledgements_in_one_packet_end_the_link(attacker: Attacker) -> None:
    """Each with a gap makes us look at all that is under way; an honest packet has one."""
    sack = pack("!BBHLLHH", 3, 0, 16, attacker.victim.sctp._last_sacked_tsn, 1000, 0, 0)
    attacker.give(*[sack] * MAX_SACKS)
    assert attacker.victim.abuses == []
    attacker.give(*[sack] * (MAX_SACKS + 1))
    assert attacker.victim.abuses == ["malformed"]


class WatchedStream(InboundStream):
    """Counts how often all that waits on it was looked at."""

    walks = 0

    def pop_messages(self) -> Iterator[tuple[int, int, bytes]]:
        self.walks += 1
        return super().pop_messages()
