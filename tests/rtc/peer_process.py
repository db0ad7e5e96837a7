"""A peer in a process of its own, for tests that kill it: takes an invite and its times, stays until it is ended."""

import asyncio
import sys

import peer


async def main(invite: str, heartbeat_s: float, lost_after_s: float) -> None:
    config = peer.Config(heartbeat_s=heartbeat_s, lost_after_s=lost_after_s)
    async with peer.Peer(peer.server_of(invite), name="victim", config=config) as me:
        room = await me.join_room(invite)
        async for _ in room.events():
            pass


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3])))
