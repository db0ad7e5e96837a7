"""Two who meet in a common room and write to each other beside it, on the network in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from peer import Config, Peer, Room
from peer.testing import Network

__all__ = ["HASTY", "meet", "opened", "texts", "until"]

HASTY = Config(signaling_backoff_base_s=0.01, receipts_after_s=0.01, retry_base_s=0.001)


@asynccontextmanager
async def opened(
    network: Network, name: str, folder: Path | None = None, config: Config = HASTY
) -> AsyncIterator[Peer]:
    """A process of somebody, which a test ends by itself."""
    data_dir = folder / name if folder is not None else None
    transport = network.transport(name)
    async with Peer("http://memory.invalid", name=name, data_dir=data_dir, config=config, transport=transport) as one:
        yield one


async def until(is_so: Callable[[], object]) -> None:
    """Not for ever; whatever is awaited happens within some turns of the loop."""
    async with asyncio.timeout(3):
        while not is_so():  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.001)


async def meet(*peers: Peer, where: str = "") -> list[Room]:
    """All in one room, linked; a private one unless its public name is given."""
    first, *others = peers
    if where:
        rooms = [await first.create_room(where, public=True)]
        rooms += [await other.join_room(where) for other in others]
    else:
        rooms = [await first.create_room("Deck")]
        rooms += [await other.join_room(str(rooms[0].invite)) for other in others]
    await until(lambda: all(is_linked(room, other) for room in rooms for other in rooms if other is not room))
    return rooms


def is_linked(room: Room, other: Room) -> bool:
    return room.is_linked_to(other.me.id)


async def texts(room: Room) -> list[str]:
    """All that is there, oldest first."""
    return [message.text async for message in room.history()][::-1]
