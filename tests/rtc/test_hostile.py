"""What a misbehaving other side can do to a link of ours: end it, and nothing else."""

import logging
import socket
import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from peer.config import Config
from peer.errors import LinkFailed
from peer.ports import Channel

from .pairs import Pair, RawPeer, make_link

pytestmark = pytest.mark.rtc

DCEP, TEXT = 50, 51
"""Payload protocol identifiers of RFC 8832, 8.1 and RFC 8831, 8."""


async def test_binary_from_stock_aiortc_arrives(raw: RawPeer) -> None:
    raw.events.send(b"hello")
    raw.ephemeral.send(b"typing")
    assert sorted(await raw.ear.take(2), key=lambda frame: frame[0].value) == [
        (Channel.EVENTS, b"hello"),
        (Channel.EPHEMERAL, b"typing"),
    ]


async def test_text_message_ends_the_link(raw: RawPeer) -> None:
    raw.events.send("hello")
    assert await raw.ear.wait_closed() == "text"
    assert raw.ear.frames.empty()


async def test_invalid_text_ends_the_link(raw: RawPeer) -> None:
    """aiortc decodes before anybody is asked, and its reader dies of it."""
    await _send(raw, stream_id=0, protocol=TEXT, data=b"\xff\xfe")
    assert await raw.ear.wait_closed() == "remote"


async def test_oversized_message_ends_the_link(raw: RawPeer) -> None:
    raw.connection.sctp._remote_max_message_size = 0  # type: ignore[union-attr] # ignore what we announced
    raw.events.send(bytes(64 * 1024 + 1))
    assert await raw.ear.wait_closed() == "oversized"


@pytest.mark.parametrize(("size_bytes", "fitting"), [(1, 8), (64 * 1024, 1)])
async def test_frames_before_the_link_is_open_are_few(size_bytes: int, fitting: int) -> None:
    """Whoever can signal has an attempt of each contact to fill."""
    link, ear = make_link()
    for _ in range(fitting):
        link._channels[Channel.EVENTS].emit("message", bytes(size_bytes))
    assert (ear.reason, len(link._early_frames)) == (None, fitting)
    link._channels[Channel.BULK].emit("message", b"x")
    assert (ear.reason, link._early_frames) == ("early frames", [])
    await link.close()


async def test_announced_channel_ends_the_link(raw: RawPeer) -> None:
    raw.connection.createDataChannel("surprise")
    assert await raw.ear.wait_closed() == "channel"


@pytest.mark.parametrize(
    "data",
    [
        struct.pack("!BBHLHH", 3, 0, 0, 0, 2, 0) + b"\xc3",
        struct.pack("!BBHLHH", 3, 0, 0, 0, 1, 0) + b"x",
    ],
    ids=["label cut inside a character", "repeated announcement of our own channel"],
)
@pytest.mark.parametrize("stream_id", [0, 1, 7])
async def test_bad_announcement_ends_the_link_at_most(raw: RawPeer, data: bytes, stream_id: int) -> None:
    await _send(raw, stream_id=stream_id, protocol=DCEP, data=data)
    assert await raw.ear.wait_closed() in {"remote", "channel"}


async def test_truncated_announcement_ends_the_link(raw: RawPeer) -> None:
    await _send(raw, stream_id=0, protocol=DCEP, data=b"\x03")
    assert await raw.ear.wait_closed() == "channel"


@pytest.mark.parametrize("is_fast", [True, False])
async def test_datagrams_of_a_stranger_end_no_link(is_fast: bool) -> None:
    """Anybody can send to an open port; an empty one, too."""
    pair = Pair.make(Config(fast_transport=is_fast))
    await pair.connect()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for data in (b"", b"\x00", b"\x17", b"\x80", b"\xff" * 1500):
            stranger.sendto(data, pair.left._ice._nominated[1].local_addr)
    pair.right.send(Channel.EVENTS, b"still here")
    assert await pair.left_ear.take(1) == [(Channel.EVENTS, b"still here")]
    pair.left.send(Channel.EVENTS, b"so are we")
    assert await pair.right_ear.take(1) == [(Channel.EVENTS, b"so are we")]
    await pair.close()


async def test_other_side_that_just_leaves_is_noticed(raw: RawPeer) -> None:
    await raw.connection.close()
    assert await raw.ear.wait_closed() == "remote"


async def test_certificate_other_than_announced_is_refused() -> None:
    """The offer's fingerprint was exchanged on the way: the answerer sees another certificate and gives up."""
    pair = Pair.make()
    offer = await pair.left.create_offer()
    digest = offer.split("a=fingerprint:sha-256 ")[1][:95]
    answer, fingerprints = await pair.right.accept_offer(offer.replace(digest, "AB:" * 31 + "AB"))
    assert fingerprints.remote == b"\xab" * 32
    await pair.left.accept_answer(answer)
    assert await pair.right_ear.wait_closed() == "dtls"
    assert "open" not in pair.right_ear.calls
    await pair.close()


async def test_weaker_hash_beside_ours_changes_nothing() -> None:
    """A fingerprint of another hash function is dropped; SHA-256 alone decides, here in favour."""
    pair = Pair.make()
    offer = await pair.left.create_offer()
    extra = "a=fingerprint:sha-512 " + ":".join(["00"] * 64)
    answer, _ = await pair.right.accept_offer(offer.replace("a=setup", f"{extra}\r\na=setup"))
    await pair.left.accept_answer(answer)
    await pair.right_ear.wait_open()
    await pair.close()


async def test_two_fingerprints_are_refused() -> None:
    pair = Pair.make()
    offer = await pair.left.create_offer()
    second = "a=fingerprint:sha-256 " + ":".join(["00"] * 32)
    with pytest.raises(LinkFailed):
        await pair.right.accept_offer(offer.replace("a=setup", f"{second}\r\na=setup"))
    await pair.close()


async def test_unreachable_address_ends_the_attempt_by_close_alone() -> None:
    """Checks go on for a minute; whoever gives up closes."""
    pair = Pair.make()
    await pair.right.accept_offer(await pair.left.create_offer())
    await pair.close()
    assert pair.right_ear.calls == ["closed"]


async def test_answer_without_an_offer_is_refused() -> None:
    pair, other = Pair.make(), Pair.make()
    answer, _ = await pair.right.accept_offer(await pair.left.create_offer())
    with pytest.raises(LinkFailed):
        await other.left.accept_answer(answer)
    await pair.close()
    await other.close()


async def test_answer_to_another_section_is_refused() -> None:
    pair = Pair.make()
    answer, _ = await pair.right.accept_offer(await pair.left.create_offer())
    with pytest.raises(LinkFailed):
        await pair.left.accept_answer(answer.replace("a=mid:0", "a=mid:data"))
    await pair.close()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_mutated_offer_raises_link_failed_only(data: st.DataObject) -> None:
    """One line dropped, doubled or overwritten: an answer or `LinkFailed`, and a clean close."""
    left, _ = make_link()
    right, _ = make_link()
    lines = (await left.create_offer()).splitlines()
    position = data.draw(st.integers(0, len(lines) - 1))
    changed = data.draw(st.sampled_from([[], [lines[position]] * 2, ["a=" + data.draw(st.text(max_size=20))]]))
    offer = "\r\n".join([*lines[:position], *changed, *lines[position + 1 :], ""])
    try:
        await right.accept_offer(offer)
    except LinkFailed:
        pass
    finally:
        await left.close()
        await right.close()


async def test_log_has_no_description_and_no_address(caplog: pytest.LogCaptureFixture) -> None:
    """Our own log, at its most talkative; aiortc's is the operator's choice."""
    caplog.set_level(logging.DEBUG, logger="peer")
    pair = Pair.make()
    await pair.connect()
    await pair.close()
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("peer")]
    assert not [line for line in lines if "127.0.0.1" in line or "candidate" in line or "fingerprint" in line]


async def _send(raw: RawPeer, *, stream_id: int, protocol: int, data: bytes) -> None:
    """Past aiortc's own checks, straight into SCTP."""
    assert raw.connection.sctp is not None
    await raw.connection.sctp._send(stream_id, protocol, data)
