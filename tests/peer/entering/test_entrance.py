"""How rooms are entered; what `Peer` makes of it is in test_peer.py and test_conversations.py."""

from __future__ import annotations

import asyncio

from peer import RoomState
from peer.testing import Network

from ...support.rooms import linked, pair


async def test_room_that_is_entered_twice_at_once_is_one_room() -> None:
    """Two of us would number what we say twice; the seat that is not needed is given back."""
    async with Network() as network:
        deck, guest = await pair(network)
        cy = await network.peer("cy")
        one, other = await asyncio.gather(cy.join_room(str(deck.invite)), cy.join_room(str(deck.invite)))
        assert one is other
        assert cy.rooms == (one,)
        assert guest.state is RoomState.JOINED


async def test_room_that_was_left_is_entered_anew() -> None:
    """By its link as by what was kept of it."""
    async with Network() as network:
        deck, guest = await pair(network)
        cy = await network.peer("cy")
        first = await cy.join_room(str(deck.invite))
        await linked(deck, first, guest)
        await first.leave()
        again = await cy.enter(deck.room_id)
        assert (again is first, again.state, again.name) == (False, RoomState.JOINED, "Deck")
