"""Candidates of real links: gathered in the background, trickled to the other side, by IPv4, IPv6 or relays only."""

import asyncio
import dataclasses
import re

import pytest

import peer
from peer.config import Config
from peer.errors import LinkFailed
from peer.ports import Channel, IceServer
from peer.rtc import open_link
from peer.rtc.ice import ADDRESSES_SETTING
from signaling.app import running_server

from ..support.ice_servers import FakeStun, FakeTurn, running
from ..support.transport import until
from .pairs import Pair, Recorder
from .relay import running_relay
from .rooms import GUESTS, Company

pytestmark = pytest.mark.rtc


def pair_with(*servers: IceServer, config: Config | None = None) -> Pair:
    """Both ask these, and each trickles to the other."""
    ears = Recorder(), Recorder()
    links = [open_link(servers, ear, config=config) for ear in ears]
    return Pair(links[0], ears[0], links[1], ears[1])


def kinds(lines: str | list[str]) -> list[str]:
    return re.findall(r"candidate:.* typ (\w+)", lines if isinstance(lines, str) else "\n".join(lines))


async def test_description_does_not_wait_for_a_server(silent_port: int) -> None:
    """Stock aioice waits 5 s on either side for one that is silent; the link is open meanwhile."""
    pair = pair_with(IceServer((f"stun:127.0.0.1:{silent_port}",)))
    before = asyncio.get_running_loop().time()
    await pair.connect()
    assert asyncio.get_running_loop().time() - before < 0.9
    assert pair.left_ear.candidates == []
    await pair.close()


async def test_candidates_found_later_are_trickled_with_their_end() -> None:
    """The description has those of the host, and says nothing of an end."""
    async with running(FakeStun()) as stun, running(FakeTurn()) as turn:
        pair = pair_with(IceServer((stun.url, turn.url), "user", "secret"))
        offer = await pair.left.create_offer()
        assert kinds(offer) == ["host"]
        assert "end-of-candidates" not in offer
        await until(lambda: "" in pair.left_ear.candidates)
        assert sorted(kinds(pair.left_ear.candidates)) == ["relay", "srflx"]
        assert pair.left_ear.candidates[-1] == ""
        assert "127.0.0.1" not in "".join(pair.left_ear.candidates)
        await pair.close()


async def test_description_without_servers_ends_its_candidates() -> None:
    """Nothing follows it."""
    pair = pair_with()
    assert "a=end-of-candidates" in await pair.left.create_offer()
    await asyncio.sleep(0)
    assert pair.left_ear.candidates == []
    await pair.close()


async def test_stock_transport_says_all_in_its_description() -> None:
    """The switch: aioice gathers, from the first server of each kind."""
    async with running(FakeStun()) as stun:
        pair = pair_with(IceServer((stun.url,)), config=Config(fast_transport=False))
        offer = await pair.left.create_offer()
        assert kinds(offer) == ["host", "srflx"]
        assert "end-of-candidates" in offer
        await pair.close()


async def test_trickled_candidate_alone_leads_to_the_other_side() -> None:
    """The descriptions name none: what a STUN server said later is all there is."""
    async with running(FakeStun(lambda addr: addr)) as stun:
        pair = pair_with(IceServer((stun.url,)))
        offer = await pair.left.create_offer()
        answer, _ = await pair.right.accept_offer(_bare(offer))
        await pair.left.accept_answer(_bare(answer))
        for line in re.findall(r"candidate:\S.*", offer):
            await pair.right.add_candidate(line)
        await pair.left_ear.wait_open()
        await pair.right_ear.wait_open()
        await pair.close()


def _bare(sdp: str) -> str:
    return "".join(f"{line}\r\n" for line in sdp.splitlines() if "candidate" not in line)


async def test_peers_trickle_through_the_server() -> None:
    """As signals of kind candidate, which the server cannot read."""
    async with running(FakeStun()) as stun:
        settings = dataclasses.replace(GUESTS, stun_urls=(stun.url,))
        async with running_server(settings) as server, running_relay(server) as middle, Company() as company:
            await company.pair(middle.address)
            await middle.until(lambda: sum(passing.kind == "candidate" for passing in middle.passed) >= 2)
            assert not any("203.0.113.1" in str(passing) for passing in middle.passed)


# ---- relays only


async def test_link_over_relays_tells_no_address_of_the_host() -> None:
    """Neither in the description, which waits for the first relay, nor in what is trickled."""
    async with running(FakeStun()) as stun, running(FakeTurn()) as turn, running(FakeTurn()) as other:
        other.relayed = ("192.0.2.51", 50_001)
        servers = IceServer((stun.url, turn.url, other.url), "user", "secret")
        pair = pair_with(servers, config=Config(relay_only=True))
        offer = await pair.left.create_offer()
        await until(lambda: len(kinds(offer) + kinds(pair.left_ear.candidates)) == 2)
        told = offer + "\n".join(pair.left_ear.candidates)
        assert set(kinds(told)) == {"relay"}
        assert "127.0.0.1" not in told
        assert stun.asked == []
        await pair.close()


@pytest.mark.parametrize("is_fast", [True, False])
async def test_link_over_relays_fails_where_none_is_given(is_fast: bool) -> None:
    """With a sentence that says where to look; stock aioice is held to it as well."""
    async with running(FakeTurn()) as turn:
        config = Config(relay_only=True, fast_transport=is_fast)
        pair = pair_with(IceServer((turn.url,), "user", "wrong"), config=config)
        with pytest.raises(LinkFailed, match="TURN server"):
            await pair.left.create_offer()
        await pair.close()


async def test_closing_does_not_wait_for_a_relay_that_never_comes() -> None:
    async with running(FakeTurn()) as turn:
        turn.is_silent = True
        pair = pair_with(IceServer((turn.url,), "user", "secret"), config=Config(relay_only=True))
        offering = asyncio.create_task(pair.left.create_offer())
        await until(lambda: turn.asked)
        before = asyncio.get_running_loop().time()
        await pair.close()
        with pytest.raises(LinkFailed):
            await offering
        assert asyncio.get_running_loop().time() - before < 0.5


# ---- IPv6


@pytest.mark.parametrize(("setting", "family"), [("::1", "ipv6"), ("::1,127.0.0.1", "ipv6"), ("127.0.0.1,::1", "ipv4")])
async def test_links_open_by_ipv6_and_dual_stack(monkeypatch: pytest.MonkeyPatch, setting: str, family: str) -> None:
    """The first address that is common to both has the highest priority."""
    monkeypatch.setenv(ADDRESSES_SETTING, setting)
    pair = pair_with()
    await pair.connect()
    pair.left.send(Channel.EVENTS, b"ahoy")
    assert await pair.right_ear.take(1) == [(Channel.EVENTS, b"ahoy")]
    for link in (pair.left, pair.right):
        assert link.route is not None
        assert (link.route.family, link.route.local) == (family, "host")
    await pair.close()


async def test_room_shows_the_route_to_each_member(server: str, company: Company) -> None:
    """By member or id; to ourselves, and to who is gone, there is none."""
    alice, bob = await company.pair(server)
    [other] = [member for member in alice.room.members if not member.is_me]
    route = alice.room.route(other)
    assert isinstance(route, peer.Route)
    assert (route.transport, route.family, route.remote in ("host", "prflx")) == ("udp", "ipv4", True)
    assert alice.room.route(other.id) == route
    assert alice.room.route(alice.room.me) is None
    await bob.room.leave()
    await alice.ear.next(peer.MemberLeft)
    assert alice.room.route(other) is None
