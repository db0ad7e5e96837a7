"""How long a guest waits: from `join_room(invite)` to an encrypted link with the host, beside bare aiortc's connect.

Ours has two HTTP exchanges, a WebSocket, sealed signals, the handshake and introductions on top of what aiortc does.
"""

from __future__ import annotations

import asyncio
import time

from bare import bare_connect
from report import print_comparison
from rooms import running_server, wait_linked

import peer

JOINS = 30


async def join(server: str, invite: str) -> float:
    """Seconds from the call to the first member."""
    async with peer.Peer(server, name="guest") as guest:
        before = time.perf_counter()
        room = await guest.join_room(invite)
        await wait_linked(room)
        return time.perf_counter() - before


async def main() -> None:
    async with running_server() as server, peer.Peer(server, name="host") as host:
        room = await host.create_room("Deck")
        assert room.invite is not None
        await join(server, room.invite), await bare_connect()  # the first ones also pay for imports
        pairs = [(await join(server, room.invite), await bare_connect()) for _ in range(JOINS)]
    print_comparison("join to linked", [ours for ours, _ in pairs], [bare for _, bare in pairs])


if __name__ == "__main__":
    asyncio.run(main())
