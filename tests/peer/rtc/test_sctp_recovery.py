"""What is sent again, when, and how much may be under way; on a made-up path, under a clock that the test turns."""

import pytest
from aiortc.rtcsctptransport import DataChunk, SackChunk, parse_packet

from peer.ports import Channel
from peer.rtc.sctp_recovery import MAX_RTO_S, MAX_WINDOW_CAP_BYTES, MIN_RTO_S, MIN_WINDOW_CAP_BYTES
from tests.support.associations import Association, Weather, make_associations

EVENTS = Channel.EVENTS
KIB = bytes(1024)


def tsns(packets: list[bytes]) -> list[int]:
    """Of the data in these packets, in order."""
    return [chunk.tsn for packet in packets for chunk in parse_packet(packet)[3] if isinstance(chunk, DataChunk)]


def lose(association: Association, *counts: int) -> None:
    """Lose the first packets with these chunks of data, each as many times as it is named; counted from the next."""
    left = [(association.sctp._local_tsn + count) % 2**32 for count in counts]

    def keep(packet: bytes) -> bool:
        for tsn in tsns([packet]):
            if tsn in left:
                left.remove(tsn)
                return False
        return True

    association.path.keep = keep


def ack(association: Association, ahead: int, *gaps: tuple[int, int], window: int = 10**6) -> None:
    """As if the other side had said so."""
    sack = SackChunk()
    sack.cumulative_tsn = (association.sctp._last_sacked_tsn + ahead) % 2**32
    sack.gaps, sack.advertised_rwnd = list(gaps), window
    association.sctp._check_sack(sack)
    association.sctp._flush()


async def test_lost_packet_is_sent_again_without_waiting_for_the_timer() -> None:
    left, right = await make_associations()
    lose(left, 5)
    for _ in range(50):
        left.send(EVENTS, KIB)
    before = left.path.clock.now
    assert await left.path.clock.run(5, until=lambda: len(right.received[EVENTS]) == 50)
    assert left.path.clock.now - before < MIN_RTO_S / 2


async def test_packet_lost_twice_is_sent_again_without_waiting_for_the_timer() -> None:
    """Once what was sent after its second time arrives; RFC 9260 would wait for the timer."""
    left, right = await make_associations()
    lose(left, 5, 5)
    for _ in range(80):
        left.send(EVENTS, KIB)
    before = left.path.clock.now
    assert await left.path.clock.run(5, until=lambda: len(right.received[EVENTS]) == 80)
    assert left.path.clock.now - before < MIN_RTO_S / 2


async def test_nothing_is_sent_a_third_time_in_vain() -> None:
    """The chunk sent again is on its way while those before it go on being reported."""
    left, right = await make_associations(Weather(delay_s=0.05))
    for _ in range(40):
        left.send(EVENTS, KIB)
    await left.path.clock.run(2)
    left.path.sent.clear()
    lose(left, 3)
    for _ in range(40):
        left.send(EVENTS, KIB)
    await left.path.clock.run(5)
    sent = tsns(left.path.sent)
    assert len(right.received[EVENTS]) == 80
    assert len(sent) == len(set(sent)) + 1


async def test_last_packet_lost_costs_less_than_a_second() -> None:
    """Nothing comes behind it that would tell; aiortc waits a second or more."""
    left, right = await make_associations()
    left.send(EVENTS, KIB)
    await left.path.clock.run(1)
    lose(left, 0)
    left.send(EVENTS, KIB)
    before = left.path.clock.now
    assert await left.path.clock.run(5, until=lambda: len(right.received[EVENTS]) == 2)
    assert MIN_RTO_S <= left.path.clock.now - before < 2 * MIN_RTO_S


async def test_outage_is_over_a_second_after_it_ends() -> None:
    """The timer doubles up to that and no further."""
    left, right = await make_associations()
    left.send(EVENTS, KIB)
    await left.path.clock.run(1)
    left.path.keep = lambda _: False
    for _ in range(100):
        left.send(EVENTS, KIB)
    sent_before = len(left.path.sent)
    await left.path.clock.run(60)
    assert len(left.path.sent) - sent_before < 140  # two small ones a second
    left.path.keep = lambda _: True
    assert await left.path.clock.run(MAX_RTO_S + 0.5, until=lambda: len(right.received[EVENTS]) == 101)


@pytest.mark.parametrize(
    ("delay_s", "cap"), [(0.001, MIN_WINDOW_CAP_BYTES), (0.1, MAX_WINDOW_CAP_BYTES)], ids=["near", "far"]
)
async def test_window_grows_to_what_the_path_holds(delay_s: float, cap: int) -> None:
    left, right = await make_associations(Weather(delay_s=delay_s))
    for _ in range(8000):
        left.send(EVENTS, KIB)
    await left.path.clock.run(120, until=lambda: len(right.received[EVENTS]) == 8000)
    assert cap * 0.9 <= left.sctp._cwnd <= cap


async def test_other_side_without_room_is_asked_by_one_chunk_at_a_time() -> None:
    """RFC 9260, section 6.1, A; aiortc does not read what room there is."""
    left, _ = await make_associations()
    left.path.keep = lambda _: False
    for _ in range(30):
        left.send(EVENTS, KIB)
    await left.path.clock.run(0)
    under_way = len(left.sctp._sent_queue)
    left.path.sent.clear()
    ack(left, under_way, window=0)
    assert len(tsns(left.path.sent)) == 1
    for _ in range(5):
        ack(left, 1, window=0)
    assert len(tsns(left.path.sent)) == 6


async def test_what_the_other_side_takes_back_is_sent_again() -> None:
    """It may drop what it has reported behind a gap (RFC 9260, section 6.2.1)."""
    left, right = await make_associations()
    left.path.keep = lambda _: False
    for _ in range(3):
        left.send(EVENTS, KIB)
    await left.path.clock.run(0)
    ack(left, 0, (2, 3))
    ack(left, 0)
    left.path.keep = lambda _: True
    assert await left.path.clock.run(5, until=lambda: len(right.received[EVENTS]) == 3)


async def test_what_has_arrived_behind_a_gap_is_not_sent_again_by_the_timer() -> None:
    left, _ = await make_associations()
    left.path.keep = lambda _: False
    for _ in range(3):
        left.send(EVENTS, KIB)
    await left.path.clock.run(0)
    first = tsns(left.path.sent)[-3]
    ack(left, 0, (2, 3))
    left.path.sent.clear()
    await left.path.clock.run(5)
    assert set(tsns(left.path.sent)) == {first}


async def test_gaps_told_and_taken_back_in_turns_make_us_send_little() -> None:
    """Acknowledgements are cheap to make up: a thousand of them cause no more than a few packets each."""
    left, _ = await make_associations()
    left.path.keep = lambda _: False
    for _ in range(60):
        left.send(EVENTS, KIB)
    for _ in range(20):
        await left.path.clock.run(0)
        ack(left, 1)
    left.path.sent.clear()
    for _ in range(500):
        ack(left, 0, (3, 5))
        ack(left, 0)
    assert len(left.path.sent) < 100
    assert 0 <= left.sctp._flight_size <= 60 * 1024


async def test_old_acknowledgement_changes_nothing() -> None:
    left, _ = await make_associations()
    for _ in range(3):
        left.send(EVENTS, KIB)
    await left.path.clock.run(2)
    before = left.sctp._last_sacked_tsn, left.sctp._cwnd
    ack(left, -2)
    assert (left.sctp._last_sacked_tsn, left.sctp._cwnd) == before


async def test_nothing_is_left_ticking_when_all_has_arrived() -> None:
    left, right = await make_associations(Weather(loss=0.05), seed=3)
    for _ in range(100):
        left.send(EVENTS, KIB)
    await left.path.clock.run(30)
    assert len(right.received[EVENTS]) == 100
    assert left.sctp._t3_handle is None
    assert left.sctp._flight_size == 0
