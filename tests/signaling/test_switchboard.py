"""Bells and connections of this process."""

import asyncio

from signaling.switchboard import Ring, Switchboard

from .store.support import a_key


async def test_ring_wakes_all_waiters_of_a_peer_once() -> None:
    """They may want different kinds; other peers sleep on."""
    board = Switchboard(waiting_polls=8)
    with board.listen(a_key("p")) as first, board.listen(a_key("p")) as second, board.listen(a_key("q")) as other:
        board.ring(a_key("p"))
        board.ring(a_key("p"))
        assert (first.result(), second.result(), other.done()) == (Ring.MAIL, Ring.MAIL, False)
    assert board._bells == {}


async def test_oldest_waiter_is_displaced() -> None:
    """Waiting GETs of one peer are bounded."""
    board = Switchboard(waiting_polls=1)
    with board.listen(a_key()) as oldest, board.listen(a_key()) as newest:
        assert oldest.result() is Ring.DISPLACED
        assert not newest.done()
    assert board._bells == {}


async def test_waiter_that_gave_up_is_forgotten() -> None:
    """No table grows with what is over."""
    board = Switchboard(waiting_polls=8)
    with board.listen(a_key()) as bell:
        await asyncio.wait([bell], timeout=0)
    assert board._bells == {}
    board.ring(a_key())


async def test_close_sends_waiters_home() -> None:
    """So that a stop does not wait for them."""
    board = Switchboard(waiting_polls=8)
    with board.listen(a_key()) as bell:
        await board.close()
        assert bell.result() is Ring.GOING_AWAY
