"""What leaves, in which order and in how many packets; on a made-up path, under a clock that the test turns."""

import pytest
from aiortc import RTCSctpTransport

from peer.ports import Channel
from peer.rtc.connection import create_channel, create_connection, sctp_of
from peer.rtc.datagrams import FastDtls
from peer.rtc.sctp import BoundedSctp, bound_sctp
from peer.rtc.sctp_sender import MAX_CHUNKS_UNDER_WAY, PACKET_BYTES, FastSctp, hasten_sctp
from tests.support.associations import Association, Weather, make_associations

MESSAGES = [b"%d " % number * (1 + number % 900) for number in range(400)]
EVENTS, EPHEMERAL, BULK = Channel


async def pass_all(left: Association, right: Association, *, within_s: float = 60) -> None:
    """Both send all messages at once, and both get them, in order, each once."""
    for message in MESSAGES:
        left.send(EVENTS, message)
        right.send(EVENTS, message)
    both = left.received[EVENTS], right.received[EVENTS]
    assert await left.path.clock.run(within_s, until=lambda: all(len(each) == len(MESSAGES) for each in both))
    await left.path.clock.run(5)
    assert both == (MESSAGES, MESSAGES)
    assert left.abuses == right.abuses == []


@pytest.mark.parametrize("loss", [0.0, 0.01, 0.03, 0.05])
@pytest.mark.parametrize("seed", range(3))
async def test_everything_arrives_once_and_in_order(loss: float, seed: int) -> None:
    """Under loss, reordering and duplication, both ways."""
    await pass_all(*await make_associations(Weather(loss=loss, twice=0.02, late=0.05), seed=seed))


@pytest.mark.parametrize("loss", [0.0, 0.05])
@pytest.mark.parametrize("is_stock", [True, False], ids=["stock", "bounded"])
async def test_others_understand_it_and_are_understood(loss: float, is_stock: bool) -> None:
    """aiortc as it is, and our own association with `fast_transport` off."""
    await pass_all(
        *await make_associations(Weather(loss=loss, twice=0.02, late=0.05), is_fast=False, is_stock=is_stock)
    )


async def test_first_message_of_a_turn_leaves_at_once_and_the_others_together() -> None:
    """Bundled as RFC 9260, section 6.10, has it, within the size of a packet."""
    left, _ = await make_associations()
    left.path.sent.clear()
    for number in range(40):
        left.send(EVENTS, bytes([number]) * 64)
    assert len(left.path.sent) == 1
    await left.path.clock.run(0)
    assert len(left.path.sent) == 4
    assert all(len(packet) <= 12 + PACKET_BYTES for packet in left.path.sent)


async def test_bulk_lets_others_pass_between_its_messages() -> None:
    """Not within one: what is begun is finished."""
    left, right = await make_associations()
    order: list[Channel] = []
    for channel, rtc_channel in right.channels.items():
        rtc_channel.on("message", lambda _, channel=channel: order.append(channel))
    for _ in range(4):
        left.send(BULK, bytes(32_000))
    left.send(EVENTS, b"chat")
    left.send(EPHEMERAL, b"typing")
    await left.path.clock.run(5)
    assert order == [BULK, EVENTS, EPHEMERAL, BULK, BULK, BULK]


@pytest.mark.parametrize(("delay_s", "least", "most"), [(0.001, 48, 96), (0.01, 256, 530)])
async def test_bulk_leaves_less_under_way_than_others_may(delay_s: float, least: int, most: int) -> None:
    """In KiB: what comes next waits behind it. A long path needs more to be filled, and gets it."""
    left, right = await make_associations(Weather(delay_s=delay_s))
    under_way = []
    for _ in range(200):
        left.send(BULK, bytes(16 * 1024))
    for _ in range(400):
        await left.path.clock.run(delay_s / 2)
        under_way.append(left.sctp._flight_size // 1024)
    await left.path.clock.run(5)
    assert len(right.received[BULK]) == 200
    assert least <= max(under_way) <= most


async def test_messages_of_one_kind_keep_their_order() -> None:
    left, right = await make_associations()
    for number in range(20):
        left.send(EVENTS, bytes([number]) * 2000)
        left.send(BULK, bytes([number]) * 20_000)
    await left.path.clock.run(5)
    for channel in (EVENTS, BULK):
        assert [message[0] for message in right.received[channel]] == list(range(20))


async def test_number_of_chunks_under_way_is_bounded() -> None:
    """However small they are: each acknowledgement with gaps looks at all of them."""
    left, right = await make_associations(Weather(delay_s=0.2))
    for number in range(4000):
        left.send(EVENTS, b"%d" % number)
    most = 0
    while len(right.received[EVENTS]) < 4000:
        await left.path.clock.run(0.05)
        most = max(most, len(left.sctp._sent_queue))
    assert most == MAX_CHUNKS_UNDER_WAY


@pytest.mark.parametrize("loss", [0.05, 0.3])
async def test_unreliable_messages_are_lost_and_hold_up_nobody(loss: float) -> None:
    left, right = await make_associations(Weather(loss=loss), seed=4)
    for number in range(300):
        left.send(EPHEMERAL, b"%d" % number)
        left.send(EVENTS, b"%d" % number)
        await left.path.clock.run(0.001)
    assert await left.path.clock.run(60, until=lambda: len(right.received[EVENTS]) == 300)
    await left.path.clock.run(5)
    assert 0 < len(right.received[EPHEMERAL]) < 300
    assert len(set(right.received[EPHEMERAL])) == len(right.received[EPHEMERAL])
    assert not left.sctp._sent_queue


async def test_empty_message_arrives() -> None:
    """By the path of aiortc itself (RFC 8831, section 6.6)."""
    left, right = await make_associations()
    left.send(EVENTS, b"")
    await left.path.clock.run(1)
    assert right.received[EVENTS] == [b""]


async def test_closing_a_channel_sends_what_it_holds() -> None:
    left, right = await make_associations()
    for message in MESSAGES:
        left.send(EVENTS, message)
    left.channels[EVENTS].close()
    await left.path.clock.run(20)
    assert right.received[EVENTS] == MESSAGES
    assert left.channels[EVENTS].readyState == right.channels[EVENTS].readyState == "closed"


async def test_path_that_has_ended_loses_packets_and_nothing_else() -> None:
    left, _ = await make_associations()

    def end(_: bytes) -> bool:
        raise ConnectionError

    left.path.keep = end
    left.send(EVENTS, b"too late")
    await left.path.clock.run(1)


async def test_association_is_hastened_once_however_often_it_is_asked() -> None:
    """An experiment that was applied twice stood still under loss."""
    connection = create_connection(())
    create_channel(connection, Channel.EVENTS)
    sctp = sctp_of(connection)
    for _ in range(3):
        bound_sctp(sctp, on_abuse=pytest.fail)
        hasten_sctp(sctp, is_wanted=True)
    assert type(sctp) is FastSctp
    assert type(sctp.transport) is FastDtls
    await connection.close()


async def test_association_stays_as_it_is_when_so_wanted_or_unknown() -> None:
    """With the setting off only the bounds are ours; with an aiortc that we do not know, not even they."""
    connection = create_connection(())
    create_channel(connection, Channel.EVENTS)
    sctp = sctp_of(connection)
    bound_sctp(sctp, on_abuse=pytest.fail, version="1.99.0")
    hasten_sctp(sctp, is_wanted=True)
    assert type(sctp) is RTCSctpTransport
    bound_sctp(sctp, on_abuse=pytest.fail)
    hasten_sctp(sctp, is_wanted=False)
    assert type(sctp) is BoundedSctp
    await connection.close()
