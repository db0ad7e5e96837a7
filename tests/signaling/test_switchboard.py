"""Bells and connections of this process."""

import asyncio
from typing import cast

import pytest

from signaling import switchboard
from signaling.connection import CloseCode, Connection
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
        assert board.polls == 1
        await board.close(bytes)
        assert bell.result() is Ring.GOING_AWAY


class FakeConnection:
    """Keeps what it is told; closes when it is allowed to."""

    def __init__(self, *, may_close: bool) -> None:
        self.sent: list[bytes] = []
        self.codes: list[CloseCode] = []
        self.is_cut = False
        self.may_close = asyncio.Event()
        if may_close:
            self.may_close.set()

    def send(self, frame: bytes) -> None:
        self.sent.append(frame)

    def end(self, code: CloseCode) -> asyncio.Task[None]:
        self.codes.append(code)
        return asyncio.create_task(self._close())

    async def _close(self) -> None:
        try:
            await self.may_close.wait()
        except asyncio.CancelledError:
            self.is_cut = True
            raise


async def test_close_tells_each_connection_its_own_last_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then 1001; one that does not answer is cut, and nobody is waited for longer."""
    monkeypatch.setattr(switchboard, "FAREWELL_S", 0.01)
    board, numbers = Switchboard(waiting_polls=8), iter(range(9))
    polite, mute = FakeConnection(may_close=True), FakeConnection(may_close=False)
    board.sockets = {cast(Connection, polite), cast(Connection, mute)}
    await board.close(lambda: b"%d" % next(numbers))
    assert sorted(polite.sent + mute.sent) == [b"0", b"1"]
    assert polite.codes == mute.codes == [CloseCode.GOING_AWAY]
    assert (polite.is_cut, mute.is_cut) == (False, True)
