"""A peer that is gone before it is linked: given up in time, and nothing of the attempt is left, in any phase of it."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from aiortc import RTCSessionDescription

from peer import Config
from peer.rtc.connection import dtls_of, sctp_of

from .pairs import RawPeer, make_link, tasks_besides
from .relay import Frame, Passing, Relay
from .rooms import Company

pytestmark = pytest.mark.rtc


async def _describe(raw: RawPeer) -> None:
    """Up to the descriptions."""
    offer = await raw.link.create_offer()
    await raw.connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
    await raw.connection.setLocalDescription()
    await raw.link.accept_answer(raw.connection.localDescription.sdp)


async def _in_ice(raw: RawPeer) -> None:
    """It has answered, and answers no check."""
    await _describe(raw)
    dtls_of(raw.connection).transport.iceGatherer._connection.request_received = _ignore  # type: ignore[method-assign,assignment]


async def _in_dtls(raw: RawPeer) -> None:
    """It is connected, and answers no handshake."""
    dtls_of(raw.connection).start = _wait  # type: ignore[method-assign,assignment]
    await _describe(raw)
    await _until(raw, "connecting")


async def _in_sctp(raw: RawPeer) -> None:
    """DTLS is done, and there is no association."""
    sctp_of(raw.connection).start = _wait  # type: ignore[method-assign,assignment]
    await _describe(raw)
    await _until(raw, "connected")
    await asyncio.sleep(0.02)  # INIT is sent again and again


async def _until(raw: RawPeer, state: str) -> None:
    async with asyncio.timeout(5):
        while raw.link._dtls.state != state or dtls_of(raw.connection).transport.state != "completed":  # noqa: ASYNC110 - aiortc tells it by an event of its own
            await asyncio.sleep(0.001)


async def _wait(*_: object) -> None:
    """It does not begin."""


async def _lose_answers(passing: Passing) -> list[Frame]:
    return [] if passing.kind == "answer" else [passing.frame]


def _ignore(*_: object) -> None:
    """The cable is out."""


@pytest.mark.parametrize("vanish", [_in_ice, _in_dtls, _in_sctp], ids=lambda phase: phase.__name__)
async def test_giving_up_leaves_nothing(vanish: Callable[[RawPeer], Awaitable[None]]) -> None:
    """No task; the guard looks for sockets and timers."""
    before = asyncio.all_tasks()
    raw = RawPeer(*make_link())
    await vanish(raw)
    asked_at = asyncio.get_running_loop().time()
    await raw.link.close()
    assert asyncio.get_running_loop().time() - asked_at < 1
    assert raw.ear.calls == ["closed"]
    await raw.connection.close()
    if stock := tasks_besides(before):  # of the other side, which sleeps 20 ms between its checks
        await asyncio.wait(stock, timeout=0.1)
    assert tasks_besides(before) == set()


async def test_room_gives_up_who_answers_nothing(relay: Relay, company: Company) -> None:
    """After `link_timeout_s`, which is 10 s unless it is set; stock would try for 64."""
    config = Config(link_timeout_s=0.3, admission_timeout_s=5.0)
    alice = await company.create(relay.address, "alice", config=config)
    relay.meddle = _lose_answers
    before = asyncio.get_running_loop().time()
    bob = await company.join(alice.invite, "bob", config=config)
    assert asyncio.get_running_loop().time() - before < 3
    assert alice.here() == bob.here() == set()
    await company.close()
