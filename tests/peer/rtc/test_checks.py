"""Checks lose no time, and stay bounded whatever the other side does."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import aioice
import pytest
from aioice import stun
from aioice.ice import StunProtocol

from peer.rtc.checks import (
    MAX_PAIRS,
    MAX_PEER_REFLEXIVE,
    MAX_ROUNDS,
    MAX_WAITING_DATAGRAMS,
    FastConnection,
    hasten,
)
from peer.rtc.ice import LocalConnection, choose_gathering
from peer.rtc.route import route_of
from peer.rtc.servers import Plan

from ...support.ice_couples import LOOPBACK, Couple, a_candidate, fast
from ...support.ice_servers import FakeIceServer, FakeTurn, running
from ...support.transport import until


@pytest.fixture
async def couple() -> AsyncIterator[Couple]:
    couple = await Couple.make()
    yield couple
    await couple.close()


def _check(couple: Couple, **attributes: object) -> stun.Message:
    """As the left one would send it to the right one."""
    request = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
    request.attributes["USERNAME"] = f"{couple.right.local_username}:{couple.left.local_username}"
    request.attributes.update(attributes)
    request.add_message_integrity(couple.right.local_password.encode())
    return request


def _lose_first(protocol: StunProtocol, is_lost: Callable[[stun.Message], bool]) -> None:
    """What a NAT does that nobody has opened yet."""
    send = protocol.send_stun
    lost: list[stun.Message] = []

    def send_but_the_first(message: stun.Message, addr: tuple[str, int]) -> None:
        if not lost and is_lost(message):
            lost.append(message)
        else:
            send(message, addr)

    protocol.send_stun = send_but_the_first  # type: ignore[method-assign]


# ---- speed


async def test_connection_is_there_before_the_pace_is_over(couple: Couple) -> None:
    """Each with its first check: no sleep stands behind it. Data travels at once."""
    await couple.connect()
    await couple.left.send(b"ahoy")
    assert await couple.right.recv() == b"ahoy"


@pytest.mark.parametrize("is_left", [True, False])
async def test_lost_check_is_sent_again_when_the_other_sides_arrives(couple: Couple, is_left: bool) -> None:
    """RFC 8445, section 7.3.1.4: stock waits half a second for its timer."""
    end = couple.left if is_left else couple.right
    _lose_first(end._protocols[0], lambda message: message.message_class == stun.Class.REQUEST)
    before = asyncio.get_running_loop().time()
    await couple.connect()
    assert asyncio.get_running_loop().time() - before < 0.4


async def test_stock_on_the_other_side_is_understood() -> None:
    """In both roles."""
    for is_fast_controlling in (True, False):
        stock = aioice.Connection(ice_controlling=not is_fast_controlling)
        choose_gathering(stock, allowed=(LOOPBACK,))
        couple = await Couple.make(fast(controlling=is_fast_controlling), stock)
        await couple.connect()
        await couple.close()


async def test_two_that_both_want_to_control_agree() -> None:
    """RFC 8445, section 7.3.1.1."""
    couple = await Couple.make(right=fast(controlling=True))
    await couple.connect()
    assert couple.left.ice_controlling is not couple.right.ice_controlling
    await couple.close()


async def test_candidate_that_comes_late_is_checked_at_once() -> None:
    """Nothing is polled: with an empty list both wait for what is trickled."""
    couple = Couple(fast(), fast(controlling=False))
    for one, other in ((couple.left, couple.right), (couple.right, couple.left)):
        await one.gather_candidates()
        one.remote_username, one.remote_password = other.local_username, other.local_password
    connecting = asyncio.create_task(couple.connect())
    await asyncio.sleep(0)
    for candidate in couple.right.local_candidates:
        await couple.left.add_remote_candidate(candidate)
    await connecting
    assert str(route_of(couple.right)) == "host-prflx udp ipv4"
    await couple.close()


async def test_no_way_is_told_when_there_is_none() -> None:
    """As soon as both sides have ended their candidates and nothing is left to check."""
    connection = fast()
    await connection.gather_candidates()
    connection.remote_username, connection.remote_password = "ufrag", "p" * 22
    connecting = asyncio.create_task(connection.connect())
    await asyncio.sleep(0)
    await connection.add_remote_candidate(None)
    with pytest.raises(ConnectionError):
        await connecting
    await connection.close()


async def test_closing_ends_a_search_for_ways() -> None:
    """No task of it is left, says the guard."""
    connection = fast()
    await connection.gather_candidates()
    connection.remote_username, connection.remote_password = "ufrag", "p" * 22
    await connection.add_remote_candidate(a_candidate("203.0.113.1", 9))
    connecting = asyncio.create_task(connection.connect())
    await asyncio.sleep(0.01)
    await connection.close()
    with pytest.raises(ConnectionError):
        await connecting


async def test_connecting_needs_the_other_sides_credentials() -> None:
    connection = fast()
    with pytest.raises(ConnectionError):
        await connection.connect()


# ---- the change itself


async def test_connection_is_changed_once_however_often_it_is_asked() -> None:
    connection = aioice.Connection(ice_controlling=True)
    assert not hasten(connection, Plan(), on_candidate=print)
    assert type(connection) is aioice.Connection
    choose_gathering(connection, allowed=(LOOPBACK,))
    assert hasten(connection, Plan(), on_candidate=print)
    assert not hasten(connection, Plan(), on_candidate=print)
    choose_gathering(connection, allowed=(LOOPBACK,))
    assert issubclass(type(connection), LocalConnection)
    assert isinstance(connection, FastConnection)
    await connection.gather_candidates()
    await connection.gather_candidates()
    assert len(connection.local_candidates) == 1
    await connection.close()


# ---- relays


async def test_relay_found_late_forms_its_pairs() -> None:
    """With candidates known before, and with those that come after it (RFC 8838, section 10)."""
    async with running(FakeTurn()) as turn:
        connection = fast(plan=Plan(turn=(turn.server,)))
        await connection.add_remote_candidate(a_candidate("203.0.113.1", 1))
        await connection.gather_candidates()
        assert connection.gathering is not None
        await asyncio.wait_for(connection.gathering.first.wait(), 2)
        await connection.add_remote_candidate(a_candidate("203.0.113.1", 2))
        pairs = {(pair.local_candidate.type, pair.remote_candidate.port) for pair in connection._check_list}
        assert pairs == {("host", 1), ("host", 2), ("relay", 1), ("relay", 2)}
        await connection.close()
        assert turn.asked[-1] == "REFRESH"


async def test_relays_alone_are_gathered_where_that_is_asked_for() -> None:
    """The description waits for the first of them, and no socket of the host is opened."""
    async with running(FakeTurn()) as turn:
        connection = fast(plan=Plan(stun=(turn.server,), turn=(turn.server,)), relay_only=True)
        await connection.gather_candidates()
        assert [candidate.type for candidate in connection.local_candidates] == ["relay"]
        assert [protocol.local_candidate.type for protocol in connection._protocols] == ["relay"]
        await connection.close()


async def test_relays_that_died_are_given_up_side_by_side() -> None:
    """Three seconds would be one after the other."""
    relays = [("192.0.2.51", 1), ("192.0.2.52", 1), ("192.0.2.53", 1)]
    async with contextlib.AsyncExitStack() as stack:
        turns = [await stack.enter_async_context(running(FakeTurn())) for _ in relays]
        for turn, relayed in zip(turns, relays, strict=True):
            turn.relayed = relayed
        connection = fast(plan=Plan(turn=tuple(turn.server for turn in turns)))
        await connection.gather_candidates()
        await until(lambda: not connection.is_gathering)
        for turn in turns:
            turn.is_silent = True
        before = asyncio.get_running_loop().time()
        await connection.close()
        assert asyncio.get_running_loop().time() - before < 2


# ---- bounds


async def test_ever_new_addresses_of_the_other_side_stay_bounded(couple: Couple) -> None:
    """Whoever knows our password may check from any port: the oldest of them go, and the pair in use stays."""
    await couple.connect()
    right = couple.right
    in_use = right._nominated[1].remote_candidate
    for port in range(1, 500):
        right.request_received(_check(couple, PRIORITY=7), ("203.0.113.1", port), right._protocols[0])
    assert len(right._remote_candidates) <= MAX_PEER_REFLEXIVE + 2
    assert len(right._check_list) <= MAX_PEER_REFLEXIVE + 2
    assert in_use in right._remote_candidates
    assert right._nominated[1].remote_candidate is in_use


async def test_check_without_a_priority_is_dropped(couple: Couple) -> None:
    """Stock raises a KeyError into the loop."""
    couple.right.request_received(_check(couple), ("203.0.113.1", 1), couple.right._protocols[0])
    await couple.connect()


async def test_pairs_are_bounded() -> None:
    connection = fast()
    await connection.gather_candidates()
    for port in range(1, MAX_PAIRS + 100):
        await connection.add_remote_candidate(a_candidate("203.0.113.1", port))
    assert len(connection._check_list) == MAX_PAIRS
    await connection.close()


async def test_datagrams_that_nobody_reads_are_bounded(couple: Couple) -> None:
    """Anybody can send them, before any handshake."""
    for _ in range(MAX_WAITING_DATAGRAMS + 10):
        couple.left._protocols[0].datagram_received(b"\x16no STUN", ("203.0.113.1", 1))
    assert couple.left._queue.qsize() == MAX_WAITING_DATAGRAMS


async def test_malformed_stun_is_dropped_without_a_word(couple: Couple) -> None:
    """A priority of two bytes; the guard would see the error that aioice raises into the loop."""
    bad = b"\x00\x01\x00\x08\x21\x12\xa4\x42" + bytes(12) + b"\x00\x24\x00\x02\x00\x00\x00\x00"
    couple.left._protocols[0].datagram_received(bad, ("203.0.113.1", 1))
    await couple.connect()


class Contrary(FakeIceServer):
    """Answers every check with a conflict of roles, properly signed."""

    key = b"p" * 22

    def answer(self, request: stun.Message, addr: tuple[str, int]) -> None:
        response = stun.Message(request.message_method, stun.Class.ERROR, request.transaction_id)
        response.attributes["ERROR-CODE"] = (487, "Role Conflict")
        response.add_message_integrity(self.key)
        self.say(response, addr)


async def test_role_is_switched_a_bounded_number_of_times() -> None:
    """Stock goes round for ever, one call deeper each time."""
    async with running(Contrary()) as contrary:
        connection = fast()
        await connection.gather_candidates()
        connection.remote_username, connection.remote_password = "ufrag", contrary.key.decode()
        await connection.add_remote_candidate(a_candidate(LOOPBACK, contrary.server.port))
        await connection.add_remote_candidate(None)
        with pytest.raises(ConnectionError):
            await asyncio.wait_for(connection.connect(), 2)
        assert len(contrary.asked) == MAX_ROUNDS
        await connection.close()


async def test_flood_of_checks_is_answered_by_a_bounded_number_of_ours(couple: Couple) -> None:
    """A check in progress is sent again at most every 20 ms."""
    right = couple.right
    assert isinstance(right, FastConnection)
    sent: list[stun.Message] = []
    right._protocols[0].send_stun = lambda message, _addr: sent.append(message)  # type: ignore[method-assign,assignment]
    connecting = asyncio.create_task(right.connect())
    await asyncio.sleep(0.001)
    address = couple.left.local_candidates[0]
    for _ in range(100):
        right.request_received(_check(couple, PRIORITY=7), (address.host, address.port), right._protocols[0])
    requests = [message for message in sent if message.message_class == stun.Class.REQUEST]
    assert len(requests) <= 3
    await right.close()
    await asyncio.gather(connecting, return_exceptions=True)
