"""The seat of a room that is at no server."""

from __future__ import annotations

import asyncio

from peer.entering.idle_seat import NOWHERE, IdleSeat
from peer.ids import PeerId, Topic
from peer.ports import Seat, Signal


async def test_nothing_happens_until_it_is_left() -> None:
    """Nobody is there, and nothing is sent."""
    seat: Seat = IdleSeat(Topic("t" * 22))
    running = asyncio.create_task(seat.run(lambda event: None))
    seat.send(Signal("offer", PeerId("somebody"), "body"))
    seat.renew()
    seat.probe()
    await asyncio.sleep(0)
    assert not running.done()
    assert (seat.peer_id, seat.peers, seat.ice_servers, seat.room.topic) == (NOWHERE, (), (), "t" * 22)
    await seat.leave()
    await seat.leave()
    await running
