"""What a newcomer costs the server: CPU a join, and memory and CPU of peers that are connected and say nothing."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from dialects import DIALECTS, Seat, open_socket
from servers import Server
from wires import HttpConnection, WebSocket, connect

__all__ = ["Idleness", "JoinCost", "measure_idleness", "measure_joins"]

AT_ONCE = 20
"""Newcomers on their way together: a server that is idle in between would look better than it is."""
WARM_UP = 100
SETTLE_S = 0.3


@dataclass(frozen=True, slots=True)
class JoinCost:
    """Seconds of the server's CPU."""

    call_s: float
    """The HTTP call with a user's JWT, on a connection of its own; 0 where there is none."""
    socket_s: float
    """The WebSocket, until the peer can be reached."""


@dataclass(frozen=True, slots=True)
class Idleness:
    """Of one connection, or of all together."""

    bytes_a_connection: float
    quiet_share: float
    """Of a core, between two rounds of pings."""
    share: float
    """Of a core, with a round of pings."""


async def measure_joins(server: Server, count: int) -> JoinCost:
    """`count` newcomers, two to a room, over connections of their own."""
    before = server.cpu_s
    https, seats = await _join_all(server, count)
    joined = server.cpu_s
    sockets = await _connect_all(server, seats)
    connected = server.cpu_s
    for transport in [each.transport for each in https] + [each.transport for each in sockets]:
        transport.close()
    await asyncio.sleep(SETTLE_S)
    return JoinCost((joined - before) / count, (connected - joined) / count)


async def measure_idleness(server: Server, count: int, *, quiet_s: float, idle_s: float) -> Idleness:
    """`count` peers that have joined and stay connected."""
    warm = await _connect_all(server, (await _join_all(server, WARM_UP, keep=False))[1])
    await asyncio.sleep(SETTLE_S)
    bytes_before = server.resident_bytes
    sockets = await _connect_all(server, (await _join_all(server, count, keep=False))[1])
    await asyncio.sleep(SETTLE_S)
    held = (server.resident_bytes - bytes_before) / count
    quiet_share, share = await _shares(server, quiet_s, idle_s) if idle_s else (0.0, 0.0)
    if lost := sum(not socket.is_open for socket in (*warm, *sockets)):
        raise ConnectionError(f"{lost} idle connections were cut")
    for socket in (*warm, *sockets):
        socket.transport.close()
    return Idleness(held, quiet_share, share)


async def _shares(server: Server, quiet_s: float, idle_s: float) -> tuple[float, float]:
    before = server.cpu_s
    await asyncio.sleep(quiet_s)
    quiet_share = (server.cpu_s - before) / quiet_s
    await asyncio.sleep(idle_s - quiet_s)
    return quiet_share, (server.cpu_s - before) / idle_s


async def _join_all(server: Server, count: int, *, keep: bool = True) -> tuple[list[HttpConnection], list[Seat]]:
    https: list[HttpConnection] = []
    seats: list[Seat] = []

    async def join_pairs(number: int) -> None:
        dialect, room_id = DIALECTS[server.name], None
        for _ in range(number, count, AT_ONCE):
            http = await connect(server.port)
            seat = await dialect.join(http, room_id)
            room_id = None if room_id else seat.room_id
            seats.append(seat)
            if keep:
                https.append(http)
            else:
                http.transport.close()

    await asyncio.gather(*map(join_pairs, range(AT_ONCE)))
    return https, seats


async def _connect_all(server: Server, seats: Sequence[Seat]) -> list[WebSocket]:
    sockets: list[WebSocket] = []

    async def open_some(number: int) -> None:
        for seat in seats[number::AT_ONCE]:
            sockets.append(await open_socket(server.port, DIALECTS[server.name], seat, WebSocket()))

    await asyncio.gather(*map(open_some, range(AT_ONCE)))
    return sockets
