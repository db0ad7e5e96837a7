"""Frames between two real links over loopback."""

import asyncio
import re

import pytest

from peer.config import Config
from peer.errors import BadSetting, LinkFailed
from peer.ports import Channel, IceServer
from peer.rtc import RtcLink, open_link
from peer.rtc.ice import ADDRESSES_SETTING
from peer.rtc.link import _warn_once

from .pairs import Pair, Recorder, make_link

pytestmark = pytest.mark.rtc

CONFIG = Config()


async def test_frames_travel_both_ways_on_both_channels(pair: Pair) -> None:
    for channel in Channel:
        pair.left.send(channel, b"from left")
        assert await pair.right_ear.take(1) == [(channel, b"from left")]
        pair.right.send(channel, b"from right")
        assert await pair.left_ear.take(1) == [(channel, b"from right")]


async def test_both_sides_open_once_before_any_frame(pair: Pair) -> None:
    pair.left.send(Channel.EVENTS, b"first")
    await pair.right_ear.take(1)
    assert pair.left_ear.calls == ["open"]
    assert pair.right_ear.calls == ["open", "frame"]


async def test_listener_may_send_as_soon_as_the_link_is_open() -> None:
    """`on_open` on both sides sends at once; neither frame is lost, whoever is first."""
    pair = Pair.make()
    await pair.exchange()
    for link, ear in ((pair.left, pair.left_ear), (pair.right, pair.right_ear)):
        await ear.wait_open()
        link.send(Channel.EVENTS, b"hello")
    assert await pair.left_ear.take(1) == await pair.right_ear.take(1) == [(Channel.EVENTS, b"hello")]
    await pair.close()


async def test_thousand_frames_keep_their_order(pair: Pair) -> None:
    frames = [number.to_bytes(2, "big") * 100 for number in range(1000)]
    for frame in frames:
        pair.left.send(Channel.EVENTS, frame)
    assert await pair.right_ear.take(1000) == [(Channel.EVENTS, frame) for frame in frames]


async def test_frame_leaves_without_a_task_of_its_own(pair: Pair) -> None:
    """Nor on a later turn of the loop."""
    before = asyncio.all_tasks()
    pair.left.send(Channel.EVENTS, b"at once")
    assert asyncio.all_tasks() == before
    assert await pair.right_ear.take(1) == [(Channel.EVENTS, b"at once")]


async def test_frames_sent_while_one_arrives_keep_their_order(pair: Pair) -> None:
    """What is sent from inside `on_frame` waits for the next turn, and is not overtaken."""
    hear = pair.right_ear.on_frame

    def answer(channel: Channel, data: bytes) -> None:
        hear(channel, data)
        for part in (b"one of ", b"two of "):
            pair.right.send(channel, part + data)

    pair.right_ear.on_frame = answer  # type: ignore[method-assign]
    questions = [b"%d" % number for number in range(50)]
    for question in questions:
        pair.left.send(Channel.EVENTS, question)
    answers = [part + question for question in questions for part in (b"one of ", b"two of ")]
    assert await pair.left_ear.take(100) == [(Channel.EVENTS, each) for each in answers]


@pytest.mark.parametrize("size", [0, 1, 1200, 64 * 1024])
async def test_frame_of_any_allowed_size_arrives_whole(pair: Pair, size: int) -> None:
    pair.left.send(Channel.EVENTS, bytes(size))
    assert await pair.right_ear.take(1) == [(Channel.EVENTS, bytes(size))]


async def test_both_sides_name_the_same_two_certificates() -> None:
    """What one side calls local is remote for the other, and each link has a certificate of its own."""
    first, second = Pair.make(), Pair.make()
    left, right = await first.connect()
    assert (left.local, left.remote) == (right.remote, right.local)
    assert len(left.local) == len(left.remote) == 32
    others = await second.connect()
    assert len({left.local, left.remote, others[0].local, others[0].remote}) == 4
    await first.close()
    await second.close()


async def test_only_loopback_is_gathered() -> None:
    """The allow-list replaces the host's addresses, so our tests talk to nobody else."""
    link, _ = make_link()
    offer = await link.create_offer()
    assert re.findall(r"a=candidate:\S+ 1 udp \d+ (\S+) \d+ typ (\S+)", offer) == [("127.0.0.1", "host")]
    assert offer.count("a=candidate:") == 1
    await link.close()


async def test_offer_has_one_fingerprint() -> None:
    link, _ = make_link()
    offer = await link.create_offer()
    assert re.findall(r"a=fingerprint:(\S+)", offer) == ["sha-256"]
    await link.close()


async def test_host_without_a_usable_address_fails_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stock aiortc would stay "new" for ever; 203.0.113.1 (RFC 5737) is an address of nobody, so it cannot be bound."""
    monkeypatch.setenv(ADDRESSES_SETTING, "203.0.113.1")
    link, _ = make_link()
    with pytest.raises(LinkFailed, match="no address"):
        await link.create_offer()
    await link.close()


async def test_wrong_list_of_addresses_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ADDRESSES_SETTING, "localhost")
    with pytest.raises(BadSetting, match=ADDRESSES_SETTING):
        make_link()


async def test_silent_stun_server_costs_a_second_at_most(silent_port: int) -> None:
    """Stock aioice waits 5 s on either side."""
    link = open_link((IceServer((f"stun:127.0.0.1:{silent_port}",)),), Recorder())
    before = asyncio.get_running_loop().time()
    assert "typ host" in await link.create_offer()
    assert asyncio.get_running_loop().time() - before < 1.8
    await link.close()


async def test_trickled_candidates_open_a_link_whose_descriptions_have_none() -> None:
    """A browser sends its candidates behind its description; those that overtake it wait."""
    pair = Pair.make()
    offer, offered = _without_candidates(await pair.left.create_offer())
    await pair.right.add_candidate(offered[0])
    answer, _ = await pair.right.accept_offer(offer)
    answer, answered = _without_candidates(answer)
    await pair.left.accept_answer(answer)
    await pair.left.add_candidate("candidate:nonsense")
    await pair.left.add_candidate(answered[0])
    await pair.left.add_candidate("")
    await pair.left_ear.wait_open()
    await pair.close()


async def test_peer_that_hides_its_address_gets_through() -> None:
    """Names in .local are dropped, and the end of candidates with them: its own checks then show where it is."""
    pair = Pair.make()
    offer, _ = _without_candidates(await pair.left.create_offer())
    offer += "a=candidate:1 1 udp 2130706431 0b7bd5a8-5dd2.local 50000 typ host\r\na=end-of-candidates\r\n"
    answer, _ = await pair.right.accept_offer(offer)
    await pair.right.add_candidate("")
    await pair.left.accept_answer(answer)
    await pair.right_ear.wait_open()
    await pair.close()


async def test_wait_drained_returns_when_the_buffer_is_low(pair: Pair) -> None:
    """Above the high-water mark a sender waits; when it goes on, no more than the low-water mark is left."""
    while pair.left.buffered_bytes <= CONFIG.high_water_bytes:
        pair.left.send(Channel.EVENTS, bytes(16 * 1024))
    pair.left.send(Channel.EPHEMERAL, bytes(1024))
    await asyncio.wait_for(pair.left.wait_drained(), 10)
    assert pair.left.buffered_bytes <= CONFIG.high_water_bytes // 4


async def test_wait_drained_returns_at_once_on_an_idle_link(pair: Pair) -> None:
    pair.left.send(Channel.EVENTS, b"little")
    await asyncio.wait_for(pair.left.wait_drained(), 0.1)


async def test_wait_drained_returns_when_the_link_closes(pair: Pair) -> None:
    while pair.left.buffered_bytes <= CONFIG.high_water_bytes:
        pair.left.send(Channel.EVENTS, bytes(64 * 1024))
    waiting = asyncio.create_task(pair.left.wait_drained())
    await pair.right.close()
    await asyncio.wait_for(waiting, 10)


async def test_slow_reader_is_closed_above_the_limit() -> None:
    """A buffer is bounded: the link goes, not the memory."""
    pair = Pair.make(Config(max_buffered_bytes=512 * 1024))
    await pair.connect()
    for _ in range(10):  # the first leaves at once, eight fill the buffer
        pair.left.send(Channel.EVENTS, bytes(64 * 1024))
    assert pair.left_ear.reason == "slow reader"
    pair.left.send(Channel.EVENTS, b"dropped")
    await pair.close()


async def test_send_before_open_is_dropped() -> None:
    pair = Pair.make()
    pair.left.send(Channel.EVENTS, b"too early")
    await pair.connect()
    pair.left.send(Channel.EVENTS, b"in time")
    assert await pair.right_ear.take(1) == [(Channel.EVENTS, b"in time")]
    assert pair.right_ear.frames.empty()
    await pair.close()


async def test_twenty_pairs_open_at_once() -> None:
    pairs = [Pair.make() for _ in range(20)]
    await asyncio.gather(*(pair.connect() for pair in pairs))
    for pair in pairs:
        pair.right.send(Channel.EVENTS, b"here")
        assert await pair.left_ear.take(1) == [(Channel.EVENTS, b"here")]
    await asyncio.gather(*(pair.close() for pair in pairs))


async def test_route_names_the_pair_in_use(pair: Pair) -> None:
    """From open to close, by its kinds."""
    for link in (pair.left, pair.right):
        assert str(link.route) in ("host-host udp ipv4", "host-prflx udp ipv4")
    await pair.close()
    assert pair.left.route is None


async def test_link_over_relays_needs_a_turn_server(caplog: pytest.LogCaptureFixture) -> None:
    """One sentence that says what to do, at once; in the log it stands once, however many attempts follow."""
    _warn_once.cache_clear()
    servers = (IceServer(("stun:127.0.0.1:1",)), IceServer(("turn:127.0.0.1:1",)))
    for begin in (RtcLink.create_offer, lambda link: RtcLink.accept_offer(link, "sdp")):
        link = open_link(servers, Recorder(), config=Config(relay_only=True))
        with pytest.raises(LinkFailed, match="SIGNALING_TURN_URLS"):
            await begin(link)
        await link.close()
    assert len([record for record in caplog.records if "SIGNALING_TURN_URLS" in record.getMessage()]) == 1


def _without_candidates(sdp: str) -> tuple[str, list[str]]:
    lines = sdp.splitlines()
    candidates = [line.removeprefix("a=") for line in lines if line.startswith("a=candidate:")]
    kept = [line for line in lines if not line.startswith(("a=candidate:", "a=end-of-candidates"))]
    return "".join(f"{line}\r\n" for line in kept), candidates
