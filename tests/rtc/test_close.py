"""Closing, in every phase: what was sent arrives, `on_closed` comes once, and nothing is left."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from peer.errors import LinkFailed
from peer.ports import Channel, IceServer
from peer.rtc import RtcLink, open_link

from .pairs import Pair, Recorder, make_link, tasks_besides

pytestmark = pytest.mark.rtc


async def test_last_frames_arrive_before_the_link_is_gone(pair: Pair) -> None:
    """`close()` flushes: aiortc's own close would throw away what is queued."""
    frames = [(Channel.EVENTS, number.to_bytes(2, "big") * 4096) for number in range(100)]
    for channel, data in frames:
        pair.left.send(channel, data)
    await pair.left.close()
    assert await pair.right_ear.wait_closed() == "remote"
    assert await pair.right_ear.take(100) == frames


async def test_close_reports_once_and_may_be_called_again(pair: Pair) -> None:
    await asyncio.gather(pair.left.close(), pair.left.close())
    await pair.left.close()
    await pair.right_ear.wait_closed()
    assert pair.left_ear.calls == pair.right_ear.calls == ["open", "closed"]
    assert (pair.left_ear.reason, pair.right_ear.reason) == ("closed", "remote")


async def test_both_sides_may_close_at_once(pair: Pair) -> None:
    pair.left.send(Channel.EVENTS, b"goodbye")
    pair.right.send(Channel.EVENTS, b"goodbye")
    before = asyncio.get_running_loop().time()
    await asyncio.wait_for(pair.close(), 1.5)
    assert asyncio.get_running_loop().time() - before < 1.5
    assert pair.left_ear.calls[-1] == pair.right_ear.calls[-1] == "closed"


async def test_closed_link_delivers_and_accepts_nothing(pair: Pair) -> None:
    """From `close()` on the listener hears `on_closed` only, even of frames that arrive while we flush."""
    closing = asyncio.create_task(pair.left.close())
    await asyncio.sleep(0)
    pair.right.send(Channel.EVENTS, b"too late")
    await closing
    pair.left.send(Channel.EVENTS, b"dropped")
    assert pair.left_ear.calls == ["open", "closed"]
    with pytest.raises(LinkFailed):
        await pair.left.create_offer()
    await pair.left.add_candidate("candidate:1 1 udp 1 127.0.0.1 9 typ host")


async def test_silent_other_side_costs_the_flush_two_seconds(pair: Pair) -> None:
    """A peer that is gone cannot acknowledge: the flush is given up."""
    _vanish(pair.right)
    pair.left.send(Channel.EVENTS, b"never arrives")
    before = asyncio.get_running_loop().time()
    await pair.close()
    assert 1.9 < asyncio.get_running_loop().time() - before < 2.6
    assert pair.left_ear.reason == "closed"


async def test_retransmission_that_falls_due_at_the_end_is_not_an_error(pair: Pair) -> None:
    """aiortc repeats in a task that it forgets: it must find its transport, and start no timer after it."""
    _vanish(pair.right)
    pair.left.send(Channel.EVENTS, b"never arrives")
    sctp = pair.left._connection.sctp
    assert sctp is not None
    pair.left._channels[Channel.EVENTS].on("close", sctp._t3_expired)
    pair.left._end("lost")
    await pair.close()


async def _do_nothing(pair: Pair) -> None:
    """Never negotiated."""


async def _offer(pair: Pair) -> None:
    await pair.left.create_offer()


async def _answer(pair: Pair) -> None:
    """The answer never arrives: stock aiortc keeps the answerer "connecting" for a minute."""
    await pair.right.accept_offer(await pair.left.create_offer())


async def _exchange(pair: Pair) -> None:
    """Both descriptions are there, nothing has been checked yet."""
    await pair.exchange()


async def _start_checks(pair: Pair) -> None:
    await pair.exchange()
    for _ in range(3):
        await asyncio.sleep(0)


async def _open_one_side(pair: Pair) -> None:
    await pair.exchange()
    await pair.left_ear.wait_open()


async def _open(pair: Pair) -> None:
    await pair.connect()


@pytest.mark.parametrize(
    "reach", [_do_nothing, _offer, _answer, _exchange, _start_checks, _open_one_side, _open], ids=lambda f: f.__name__
)
async def test_close_leaves_no_task_in_any_phase(reach: Callable[[Pair], Awaitable[None]]) -> None:
    """Stricter than the guard: when `close()` has returned, the tasks are gone, without grace."""
    before = asyncio.all_tasks()
    pair = Pair.make()
    await reach(pair)
    await pair.close()
    assert tasks_besides(before) == set()
    assert pair.left_ear.calls.count("closed") == pair.right_ear.calls.count("closed") == 1
    assert pair.left_ear.calls[-1] == pair.right_ear.calls[-1] == "closed"


async def test_close_during_gathering_fails_the_offer(silent_port: int) -> None:
    """The offer under way ends with `LinkFailed`, and its STUN query ends too."""
    before = asyncio.all_tasks()
    link = _link_with_silent_stun(silent_port)
    offering = asyncio.create_task(link.create_offer())
    for _ in range(5):
        await asyncio.sleep(0)
    await link.close()
    with pytest.raises(LinkFailed):
        await offering
    assert tasks_besides(before) == set()


async def test_cancelled_offer_leaves_nothing_after_close(silent_port: int) -> None:
    """The caller is cancelled while we gather; aioice is not, and `close()` waits for it."""
    before = asyncio.all_tasks()
    link = _link_with_silent_stun(silent_port)
    offering = asyncio.create_task(link.create_offer())
    for _ in range(5):
        await asyncio.sleep(0)
    offering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await offering
    await link.close()
    assert tasks_besides(before) == set()


async def test_cancelled_close_goes_on(pair: Pair) -> None:
    closing = asyncio.create_task(pair.left.close())
    await asyncio.sleep(0)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    assert await pair.left_ear.wait_closed() == "closed"


async def test_link_that_was_closed_by_the_other_side_releases_itself() -> None:
    """Nobody calls `close()` on it, and still nothing of it is left."""
    before = asyncio.all_tasks()
    pair = Pair.make()
    await pair.connect()
    await pair.left.close()
    await pair.right_ear.wait_closed()
    async with asyncio.timeout(2):
        while tasks_besides(before):
            await asyncio.wait(tasks_besides(before))


@pytest.mark.allow_logged_errors
async def test_listener_that_raises_closes_its_own_link_only() -> None:
    """aiortc would take the connection down without a word to us."""

    class Failing(Recorder):
        def on_frame(self, channel: Channel, data: bytes) -> None:
            raise RuntimeError("a bug of ours")

    left, left_ear = make_link()
    failing = Failing()
    pair = Pair(left, left_ear, open_link((), failing), failing)
    await pair.connect()
    pair.left.send(Channel.EVENTS, b"trip it")
    assert await failing.wait_closed() == "error"
    assert await left_ear.wait_closed() == "remote"
    await pair.close()


def _link_with_silent_stun(port: int) -> RtcLink:
    return open_link((IceServer((f"stun:127.0.0.1:{port}",)),), Recorder())


def _vanish(link: RtcLink) -> None:
    """Neither read nor write from now on, without a word, as a pulled cable does."""
    for protocol in link._ice._protocols:
        vars(protocol).update(datagram_received=_ignore, send_stun=_ignore)


def _ignore(*_: object) -> None:
    """The cable is out."""
