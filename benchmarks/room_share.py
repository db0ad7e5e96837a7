"""One client process's share of a crowd: rooms of two that join, talk and stay.

The parent leads through the steps: it says when, and looks at the server in between. Each process has a source address
of its own, for the ports of one would run out.
"""

import asyncio
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection

from couples import PollingPeer, SocketPeer
from dialects import Dialect, Ours, open_socket
from wires import HttpConnection, connect

__all__ = ["Load", "Talk", "take_part"]

AT_ONCE = 10
"""Couples on their way in together."""
TICK_S = 0.02
PATIENCE_S = 20.0
"""For the last envelope, once the last room has begun to talk."""

OURS: Dialect = Ours()
Couple = tuple[SocketPeer, SocketPeer] | tuple[PollingPeer, PollingPeer]


@dataclass(frozen=True, slots=True)
class Load:
    """What one process has to do."""

    port: int
    source: str
    rooms: int
    pace_s: float
    """In which the rooms begin to talk, one after the other."""
    is_polling: bool


@dataclass(frozen=True, slots=True)
class Talk:
    """What one process has heard."""

    complete: int
    """Rooms whose envelopes have all arrived."""
    latencies: list[float]


def take_part(load: Load, parent: Connection) -> None:
    """A process's main function: each message of the parent begins a step and is answered by what came of it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent
    with suppress(EOFError, BrokenPipeError):  # the parent has gone
        try:
            asyncio.run(_take_steps(_Share(load), parent))
        except (OSError, ValueError) as error:
            parent.send(ConnectionError(str(error)))


async def _take_steps(share: "_Share", parent: Connection) -> None:
    loop = asyncio.get_running_loop()
    for step in (share.join, share.talk, share.stay):
        await loop.run_in_executor(None, parent.recv)
        parent.send(await step())
    await share.close()


class _Share:
    """The couples of this process."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._couples: list[Couple] = []

    async def join(self) -> int:
        """All come in; how many rooms they fill."""
        rooms = range(self._load.rooms)
        await asyncio.gather(*(self._join_some(rooms[first::AT_ONCE]) for first in range(AT_ONCE)))
        return len(self._couples)

    async def _join_some(self, rooms: Sequence[int]) -> None:
        http = await self._connect()
        for _ in rooms:
            self._couples.append(await self._join_couple(http))
        http.transport.close()

    async def _join_couple(self, http: HttpConnection) -> Couple:
        load = self._load
        one = await OURS.join(http, None)
        two = await OURS.join(http, one.room_id)
        if load.is_polling:
            inboxes = await self._connect(), await self._connect()
            return (
                PollingPeer(one, two, inbox=inboxes[0], outbox=await self._connect()),
                PollingPeer(two, one, inbox=inboxes[1], outbox=await self._connect()),
            )
        return (
            await open_socket(load.port, OURS, one, SocketPeer(two), source=load.source),
            await open_socket(load.port, OURS, two, SocketPeer(one), source=load.source),
        )

    async def _connect(self) -> HttpConnection:
        return await connect(self._load.port, source=self._load.source)

    async def talk(self) -> Talk:
        """One room after the other begins, whether or not the others have been served."""
        loop, couples = asyncio.get_running_loop(), self._couples
        began, offers = loop.time(), list[asyncio.Task[None]]()
        while len(offers) < len(couples):
            due = 1 + int(len(couples) * (loop.time() - began) / self._load.pace_s)
            offers += [asyncio.create_task(joiner.offer()) for _, joiner in couples[len(offers) : due]]
            await asyncio.sleep(TICK_S)
        await asyncio.gather(*offers)
        await self._wait_for_the_last()
        latencies = [latency for couple in couples for peer in couple for latency in peer.ear.latencies]
        return Talk(sum(_is_complete(couple) for couple in couples), latencies)

    async def _wait_for_the_last(self) -> None:
        for _ in range(int(PATIENCE_S / TICK_S)):
            if all(map(_is_complete, self._couples)):
                return
            await asyncio.sleep(TICK_S)

    async def stay(self) -> int:
        """How many peers are still connected."""
        return sum(peer.is_open for couple in self._couples for peer in couple)

    async def close(self) -> None:
        """All go."""
        for couple in self._couples:
            for peer in couple:
                await peer.close()


def _is_complete(couple: Couple) -> bool:
    return all(peer.ear.has_heard_all for peer in couple)
