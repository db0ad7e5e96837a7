"""Which pair is kept, and that consent is asked for."""

import asyncio

import pytest
from aioice import stun
from aioice.ice import CandidatePair, StunProtocol

from peer.rtc.checks import FastConnection
from peer.rtc.servers import Plan

from ...support.ice_couples import LOOPBACK, Couple, a_candidate, fast
from ...support.ice_servers import FakeTurn, running
from ...support.transport import until


async def test_worse_pair_does_not_take_the_place_of_a_better_one_at_first() -> None:
    """With aggressive nomination several succeed; later, the last one to be nominated counts."""
    couple = await Couple.make()
    await couple.connect()
    left = couple.left
    assert isinstance(left, FastConnection)
    best, worse = left._nominated[1], CandidatePair(left._protocols[0], a_candidate(LOOPBACK, 9, "relay"))
    worse.nominated, worse.state = True, CandidatePair.State.SUCCEEDED
    left.check_complete(worse)
    assert left._nominated[1] is best
    left._better_pairs_until = 0.0
    left.check_complete(worse)
    assert left._nominated[1] is worse
    await couple.close()


async def test_relay_that_is_not_in_use_is_given_back() -> None:
    """After some seconds, in which a better way is found or not; the link goes on."""
    async with running(FakeTurn()) as turn:
        left = fast(plan=Plan(turn=(turn.server,)))
        left.consent_interval_s = 0.05
        couple = await Couple.make(left)
        await couple.connect()
        await until(lambda: turn.asked[-1:] == ["REFRESH"])
        assert {pair.local_candidate.type for pair in couple.left._check_list} == {"host"}
        await couple.left.send(b"ahoy")
        assert await couple.right.recv() == b"ahoy"
        await couple.close()


async def test_consent_is_asked_for_by_nominating_again() -> None:
    """So that the other side follows us when a NAT on the way has given us another address."""
    left = fast()
    left.consent_interval_s = 0.01
    couple = await Couple.make(left)
    await couple.connect()
    asked: asyncio.Queue[stun.Message] = asyncio.Queue()
    receive = couple.right.request_received

    def note(message: stun.Message, addr: tuple[str, int], protocol: StunProtocol) -> None:
        asked.put_nowait(message)
        receive(message, addr, protocol)

    couple.right.request_received = note  # type: ignore[method-assign]
    assert "USE-CANDIDATE" in (await asyncio.wait_for(asked.get(), 2)).attributes
    await couple.close()


async def test_connection_whose_other_side_is_silent_ends() -> None:
    """Nothing is sent to who does not want it."""
    left = fast()
    left.consent_interval_s, left.consent_failures, left.consent_retries = 0.01, 1, 0
    couple = await Couple.make(left)
    await couple.connect()
    couple.right._protocols[0].send_stun = lambda _message, _addr: None  # type: ignore[method-assign,assignment]
    with pytest.raises(ConnectionError):
        await asyncio.wait_for(couple.left.recv(), 3)
    await couple.close()


async def test_consent_that_takes_longer_than_a_second_counts() -> None:
    """A satellite, or a stream that fills a slow uplink: the link is slow, and not dead."""
    left = fast()
    left.consent_interval_s, left.consent_failures = 0.01, 1
    couple = await Couple.make(left)
    await couple.connect()
    protocol, loop = couple.right._protocols[0], asyncio.get_running_loop()
    answer, timers = protocol.send_stun, list[asyncio.TimerHandle]()

    def answer_late(message: stun.Message, addr: tuple[str, int]) -> None:
        timers.append(loop.call_later(0.6, answer, message, addr))

    protocol.send_stun = answer_late  # type: ignore[method-assign]
    await until(lambda: timers and loop.time() > timers[0].when() + 0.1)
    assert left._nominated
    for timer in timers:
        timer.cancel()
    await couple.close()
