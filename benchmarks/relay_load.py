"""Fifty pairs that talk as fast as the server lets them: envelopes relayed a second, WebSocket to WebSocket.

Each pair keeps a fixed number of envelopes under way: what arrives is answered with as many. So the server decides
the pace and nobody's buffer grows. A figure counts only when the server has used its whole core.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from dialects import DIALECTS, Dialect, open_socket
from servers import Server
from wires import WebSocket, connect

__all__ = ["Pace", "measure_relay"]

WARM_UP = 0.5
"""Of a run's time, before it."""
PAUSE_S = 0.1
"""In which the server sees them go, before the next run."""
TICK_SHARE = 0.01
"""What a very short run may not have used up."""


@dataclass(frozen=True, slots=True)
class Pace:
    """What one run has shown."""

    envelopes_per_s: float
    server_share: float
    """Of its core; 1 is all of it."""
    client_share: float

    @property
    def envelopes_per_cpu_s(self) -> float:
        """For each second of the server's CPU: the pace it would have with a core to itself."""
        return self.envelopes_per_s / max(self.server_share, TICK_SHARE)


@dataclass(frozen=True, slots=True)
class _Reading:
    at: float
    envelopes: int
    server_cpu_s: float
    client_cpu_s: float


class Talker(WebSocket):
    """Answers each envelope with one of its own."""

    def __init__(self, dialect: Dialect, partner: str) -> None:
        super().__init__()
        self.received = 0
        self._dialect = dialect
        self._partner = partner
        self._body_bytes = 0
        self._bunches: list[bytes] = []

    def begin(self, *, body_bytes: int, window: int) -> None:
        """Put the first envelopes under way; the other side does the same, and all may arrive at once."""
        frame = self._dialect.envelope(self._partner, b'"%b"' % (b"v" * (body_bytes - 2)))
        self._body_bytes = body_bytes
        self._bunches = [frame * count for count in range(2 * window + 1)]
        self.transport.write(self._bunches[window])

    def end(self) -> None:
        """Answer no more."""
        self._bunches = []
        self.transport.close()

    def receive_texts(self, texts: Sequence[bytes]) -> None:
        if self._bunches:
            count = sum([len(text) > self._body_bytes for text in texts])  # anything shorter is no envelope
            self.received += count
            self.transport.write(self._bunches[count])


async def measure_relay(server: Server, *, body_bytes: int, pairs: int, window: int, seconds: float) -> Pace:
    """One run, over connections of its own."""
    couples = [await _open_pair(server) for _ in range(pairs)]
    talkers = [talker for couple in couples for talker in couple]
    for talker in talkers:
        talker.begin(body_bytes=body_bytes, window=window)
    await asyncio.sleep(WARM_UP * seconds)
    before = _read(server, talkers)
    await asyncio.sleep(seconds)
    pace = _pace(before, _read(server, talkers))
    for talker in talkers:
        talker.end()
    await asyncio.sleep(PAUSE_S)
    return pace


async def _open_pair(server: Server) -> tuple[Talker, Talker]:
    dialect = DIALECTS[server.name]
    http = await connect(server.port)
    one = await dialect.join(http, None)
    two = await dialect.join(http, one.room_id)
    http.transport.close()
    return (
        await open_socket(server.port, dialect, one, Talker(dialect, two.peer_id)),
        await open_socket(server.port, dialect, two, Talker(dialect, one.peer_id)),
    )


def _read(server: Server, talkers: Sequence[Talker]) -> _Reading:
    received = sum(talker.received for talker in talkers)
    return _Reading(time.perf_counter(), received, server.cpu_s, time.process_time())


def _pace(before: _Reading, after: _Reading) -> Pace:
    seconds = after.at - before.at
    return Pace(
        (after.envelopes - before.envelopes) / seconds,
        (after.server_cpu_s - before.server_cpu_s) / seconds,
        (after.client_cpu_s - before.client_cpu_s) / seconds,
    )
