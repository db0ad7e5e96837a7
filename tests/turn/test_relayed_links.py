"""Peers that can reach each other through coturn only.

The address that they may gather on is none of this machine's, so they have no candidate but the relay's.
"""

import time
from collections.abc import AsyncIterator

import pytest

from peer.ports import Channel, IceServer
from peer.rtc import open_link
from peer.rtc.ice import ADDRESSES_SETTING
from signaling.app import running_server
from signaling.config import Config

from ..rtc.pairs import Pair, Recorder
from ..rtc.relay import running_relay
from ..rtc.rooms import Company
from ..signaling.support import FakeClock
from ..support.caller import call
from .coturn import TURN_SECRET, Coturn, Turn, turn_of

pytestmark = [pytest.mark.turn, pytest.mark.rtc]

NOWHERE = "192.0.2.1"
"""Kept for documentation (RFC 5737): nothing can be bound to it."""


@pytest.fixture(autouse=True)
def _no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ADDRESSES_SETTING, NOWHERE)


@pytest.fixture
async def company(coturn: Coturn) -> AsyncIterator[Company]:
    """Gone before coturn is: aioice gives its relays back."""
    async with Company() as company:
        yield company


def settings(coturn: Coturn) -> Config:
    return Config(guests=True, store="memory:", port=0, turn_urls=(coturn.url(),), turn_secret=TURN_SECRET)


def _ice(turn: Turn) -> tuple[IceServer, ...]:
    return (IceServer(tuple(turn["urls"]), turn["username"], turn["credential"]),)


async def test_link_opens_through_a_relay_alone(coturn: Coturn) -> None:
    """Both descriptions name relays and nothing else; frames cross both ways."""
    async with running_server(settings(coturn)) as url:
        servers = [_ice(turn_of(await call(url, "/signaling/create-room", {}))) for _ in range(2)]
    ears = Recorder(), Recorder()
    left, right = (open_link(ice, ear) for ice, ear in zip(servers, ears, strict=True))
    pair = Pair(left, ears[0], right, ears[1])
    try:
        offer = await left.create_offer()
        answer, _ = await right.accept_offer(offer)
        await left.accept_answer(answer)
        for sdp in (offer, answer):
            candidates = [line for line in sdp.splitlines() if line.startswith("a=candidate:")]
            assert candidates
            assert all(" typ relay" in line for line in candidates)
        for ear in ears:
            await ear.wait_open()
        left.send(Channel.EVENTS, b"ahoy")
        right.send(Channel.EVENTS, b"aye")
        assert await ears[1].take(1) == [(Channel.EVENTS, b"ahoy")]
        assert await ears[0].take(1) == [(Channel.EVENTS, b"aye")]
    finally:
        await pair.close()


async def test_peers_talk_through_a_relay_alone(coturn: Coturn, company: Company) -> None:
    """S16, from the settings to the message."""
    async with running_server(settings(coturn)) as url:
        alice, bob = await company.pair(url)
        await alice.say("ahoy")
        await bob.hear("ahoy")
        await bob.say("aye")
        await alice.hear("aye")
        await company.close()


async def test_peer_links_through_a_relay_when_its_first_credentials_have_expired(
    coturn: Coturn, company: Company
) -> None:
    """A bot that has been alone in its room for an hour is there for who comes then."""
    clock = FakeClock(time.time() - 3610)
    async with running_server(settings(coturn), clock=clock) as server, running_relay(server) as middle:
        alice = await company.create(middle.address, "alice")
        await middle.until(lambda: any(passing.kind == "welcome" for passing in middle.passed))
        clock.advance(1801)
        await middle.until(lambda: any(passing.kind == "token" for passing in middle.passed))
        bob = await company.join(alice.invite, "bob")
        await alice.meet(bob)
        await company.close()
