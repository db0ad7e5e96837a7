"""What servers say of us is gathered side by side, in a bounded time, and each address once."""

import asyncio

import aioice
import pytest
from aioice.ice import StunProtocol

from peer.rtc.gathering import Gathering, bind_hosts
from peer.rtc.sdp import MAX_CANDIDATES
from peer.rtc.servers import Plan, Server

from ...support.ice_servers import FakeStun, FakeTurn, running


class Gatherer:
    """A connection with a socket on loopback, which keeps what is found."""

    def __init__(self) -> None:
        self.connection = aioice.Connection(ice_controlling=True)
        self.ended = asyncio.Event()
        self.gathering: Gathering

    async def gather(self, plan: Plan, *addresses: str) -> list[aioice.Candidate]:
        """What there is in the end, without the host's own."""
        await self.begin(plan, *addresses)
        await asyncio.wait_for(self.ended.wait(), 5)
        return self.found

    async def begin(self, plan: Plan, *addresses: str) -> None:
        self.hosts = await bind_hosts(self.connection, list(addresses or ("127.0.0.1",)))
        self.connection._protocols += self.hosts
        self.connection._local_candidates += [host.local_candidate for host in self.hosts]
        self.gathering = Gathering(self.connection, plan, self.hosts, on_found=self.take, on_end=self.ended.set)

    def take(self, candidate: aioice.Candidate, protocol: StunProtocol | None) -> bool:
        self.connection._local_candidates.append(candidate)
        self.connection._protocols += [protocol] if protocol else []
        return True

    @property
    def found(self) -> list[aioice.Candidate]:
        return self.connection.local_candidates[len(self.hosts) :]

    async def close(self) -> None:
        await self.gathering.stop()
        await self.connection.close()


@pytest.fixture
async def gatherer() -> Gatherer:
    return Gatherer()


def _silent() -> FakeStun:
    stun = FakeStun()
    stun.is_silent = True
    return stun


async def test_reflexive_address_is_found(gatherer: Gatherer) -> None:
    async with running(FakeStun()) as stun:
        [candidate] = await gatherer.gather(Plan(stun=(stun.server,)))
        assert (candidate.type, candidate.host) == ("srflx", "203.0.113.1")
        assert candidate.related_address is None
        await gatherer.close()


async def test_two_servers_that_see_the_same_make_one_candidate(gatherer: Gatherer) -> None:
    """RFC 8445, section 5.1.3; nor is the host's own address told twice."""
    async with running(FakeStun()) as one, running(FakeStun()) as two, running(FakeStun(lambda addr: addr)) as three:
        assert len(await gatherer.gather(Plan(stun=(one.server, two.server, three.server)))) == 1
        assert [len(each.asked) for each in (one, two, three)] == [1, 1, 1]
        await gatherer.close()


async def test_silent_server_holds_up_nothing(gatherer: Gatherer) -> None:
    """The other one's answer is told as it comes, and stopping waits for nobody."""
    async with running(_silent()) as silent, running(FakeStun()) as stun:
        await gatherer.begin(Plan(stun=(silent.server, stun.server)))
        await asyncio.wait_for(gatherer.gathering.first.wait(), 0.9)
        assert len(gatherer.found) == 1
        assert not gatherer.gathering.is_over
        await gatherer.close()


async def test_silent_server_is_given_up(gatherer: Gatherer) -> None:
    """After a second."""
    async with running(_silent()) as silent:
        assert await gatherer.gather(Plan(stun=(silent.server,))) == []
        assert gatherer.gathering.is_over
        await gatherer.close()


async def test_without_servers_gathering_is_over_at_once(gatherer: Gatherer) -> None:
    await gatherer.begin(Plan())
    assert gatherer.gathering.is_over
    assert gatherer.gathering.first.is_set()
    await gatherer.close()


async def test_servers_are_asked_by_ipv6_too(gatherer: Gatherer) -> None:
    """From an address of the same family only."""
    async with running(FakeStun(lambda addr: ("2001:db8::7", addr[1])), host="::1") as stun:
        [candidate] = await gatherer.gather(Plan(stun=(stun.server,)), "127.0.0.1", "::1")
        assert candidate.host == "2001:db8::7"
        await gatherer.close()


async def test_server_is_found_by_its_name(gatherer: Gatherer) -> None:
    async with running(FakeStun()) as stun:
        named = Server("localhost", stun.server.port)
        assert len(await gatherer.gather(Plan(stun=(named,)))) == 1
        await gatherer.close()


async def test_relays_by_udp_are_preferred(gatherer: Gatherer) -> None:
    """And a dead TURN server costs nothing when another one answers."""
    async with running(FakeTurn()) as dead, running(FakeTurn()) as turn:
        dead.is_silent = True
        await gatherer.begin(Plan(turn=(dead.server, turn.server)))
        await asyncio.wait_for(gatherer.gathering.first.wait(), 1.5)
        [relay] = gatherer.found
        assert (relay.type, (relay.host, relay.port)) == ("relay", FakeTurn.relayed)
        assert relay.priority < 2**24  # type preference 0
        await gatherer.close()


async def test_second_relay_of_the_same_address_is_given_back(gatherer: Gatherer) -> None:
    """A server that makes no difference between two of its addresses."""
    async with running(FakeTurn()) as one, running(FakeTurn()) as two:
        assert len(await gatherer.gather(Plan(turn=(one.server, two.server)))) == 1
        assert sorted([one.asked[2:], two.asked[2:]]) == [[], ["REFRESH"]]
        await gatherer.close()


async def test_candidates_are_bounded(gatherer: Gatherer) -> None:
    """A host of many addresses has said all that a description holds."""
    async with running(FakeStun()) as stun:
        assert await gatherer.gather(Plan(stun=(stun.server,)), *["127.0.0.1"] * MAX_CANDIDATES) == []
        await gatherer.close()


async def test_address_that_cannot_be_bound_is_passed_over(gatherer: Gatherer) -> None:
    """It may have gone meanwhile; 203.0.113.1 (RFC 5737) is nobody's."""
    await gatherer.begin(Plan(), "203.0.113.1", "127.0.0.1")
    assert [candidate.host for candidate in gatherer.connection.local_candidates] == ["127.0.0.1"]
    await gatherer.close()


async def test_addresses_have_preferences_of_their_own(gatherer: Gatherer) -> None:
    """RFC 8445, section 5.1.2.1."""
    await gatherer.begin(Plan(), "127.0.0.1", "127.0.0.1")
    first, second = gatherer.connection.local_candidates
    assert first.priority == second.priority + 256
    await gatherer.close()
