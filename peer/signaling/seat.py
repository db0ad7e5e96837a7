"""Our place in one room, kept through outages: the port `Seat`.

One loop: open a path, use it until it ends, do what the ending asks for (`endings`). The peer id comes from the
resume secret, so it stays the same on a server that has forgotten everything. While no path is open, signals wait in
the outbox. An outage is told once, at its beginning; a seat that is taken again at once is no outage.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Sequence
from typing import NoReturn, assert_never

from ..config import Config
from ..core.pace import Pace
from ..errors import ConnectivityError, JoinRefused, PeerError, SignalingUnreachable, TokenUnavailable
from ..ids import PeerId, short
from ..ports import IceServer, PeerInfo, PeerJoinedRoom, PeerLeftRoom, RoomInfo, Signal, SignalingEvent, SignalingLost
from .attendance import Attendance
from .backoff import Backoff
from .calls import Calls
from .claim import claim_seat
from .connection import WebSocketPath
from .endings import (
    ComeBack,
    Ended,
    Ending,
    JoinAgain,
    Left,
    Poll,
    Renewed,
    Replaced,
    StayAway,
    after_error,
    concerns_one_signal,
    is_passing,
)
from .first import first_of
from .frames import Admission, Beat, Frame, FreshToken, Refusal, Welcome
from .http import is_unsent
from .outbox import Outbox
from .path import Credentials, Path, Pause
from .polling import PollingPath

__all__ = ["SignalingSeat"]

_log = logging.getLogger("peer")

_LEAVE_TIMEOUT_S = 2.0

_PROBE_EVERY_S = 5.0
"""When all links fall silent at once, the server is asked once."""


class SignalingSeat:
    """One seat; `run()` keeps it."""

    def __init__(
        self,
        calls: Calls,
        admission: Admission,
        *,
        config: Config,
        random: Callable[[], float],
        pause: Pause,
    ) -> None:
        self._calls = calls
        self._random = random
        self._pause = pause
        self._room = admission.room
        self._peers = admission.peers
        self._ice_servers = admission.ice_servers
        self._credentials = Credentials(
            peer_id=admission.peer_id,
            topic=admission.room.topic,
            token=admission.token,
            resume=admission.resume,
        )
        self._attendance = Attendance(admission.peer_id)
        self._outbox = Outbox(max_age_s=config.link_timeout_s)
        self._backoff = Backoff(base_s=config.signaling_backoff_base_s, max_s=config.signaling_backoff_max_s)
        self._rejoin_s = config.signaling_backoff_max_s
        self._spread_s = config.signaling_backoff_base_s
        self._rejoined_at: float | None = None
        self._on_event: Callable[[SignalingEvent], None] = _nobody_listens
        self._path: Path | None = None
        self._is_lost = False
        self._is_leaving = False
        self._wake = asyncio.Event()
        self._renewal = asyncio.Event()
        self._probe_s = config.probe_s
        self._doubts = Pace(burst=1, per_s=1 / _PROBE_EVERY_S, now=-math.inf)
        self._doubted = asyncio.Event()
        self._left = asyncio.Event()
        self._ended = asyncio.Event()

    @property
    def peer_id(self) -> PeerId:
        return self._credentials.peer_id

    @property
    def room(self) -> RoomInfo:
        return self._room

    @property
    def peers(self) -> tuple[PeerInfo, ...]:
        """Those who were present when we came."""
        return self._peers

    @property
    def ice_servers(self) -> tuple[IceServer, ...]:
        """With the newest credentials: of the last join, or of a room token that came since."""
        return self._ice_servers

    def send(self, signal: Signal) -> None:
        """Put a signal into the outbox."""
        self._outbox.put(signal, now=_now())
        self._wake.set()

    def renew(self) -> None:
        """What we have may be dead, and what we wait for may be there: try it now."""
        self._renewal.set()

    def probe(self) -> None:
        """See whether the server still answers, unless that was seen just now."""
        if self._doubts.spend(now=_now()):
            self._doubted.set()

    async def run(self, on_event: Callable[[SignalingEvent], None]) -> None:
        """Keep the seat until `leave()`; raise `JoinRefused` where coming back is refused for good."""
        if self._left.is_set():
            return
        self._on_event = on_event
        self._ended.clear()
        try:
            await first_of(self._keep(), self._wait_left())
        finally:
            self._ended.set()

    async def leave(self) -> None:
        """Send what waits, tell the server, and end `run()`; two seconds at most."""
        if self._left.is_set():
            return
        self._is_leaving = True
        self._wake.set()
        try:
            async with asyncio.timeout(_LEAVE_TIMEOUT_S):
                await (self._leave_by_call() if self._path is None else self._ended.wait())
        except (TimeoutError, PeerError) as error:
            _log.debug("! left without telling the server: %s", type(error).__name__)
        finally:
            self._left.set()

    # The loop

    async def _keep(self) -> None:
        path: Path = self._socket()
        while True:
            ending = await self._sit_on(path)
            path = self._polling() if isinstance(ending, Poll) else self._socket()
            match ending:
                case Left():
                    return
                case StayAway(error):
                    raise error
                case Replaced():
                    raise ending.error()
                case JoinAgain(reason):
                    await self._join_again(reason)
                case ComeBack(reason, retry_after_s):
                    await self._wait(reason, retry_after_s=retry_after_s)
                case Poll(reason):
                    _log.info("! %s: polling instead", reason)
                case Renewed():
                    await self._pause(self._random() * self._spread_s)
                case _:
                    assert_never(ending)

    async def _sit_on(self, path: Path) -> Ending:
        self._renewal.clear()
        try:
            return await first_of(self._use(path), self._wait_renewal())
        except (Ended, ConnectivityError) as error:
            return Left() if self._is_leaving else after_error(error)
        finally:
            self._path = None
            await path.close()

    async def _use(self, path: Path) -> Ending:
        await path.open(self._receive)
        self._path = path
        return await first_of(path.read(self._receive), self._write(path), self._prove(path))

    async def _prove(self, path: Path) -> NoReturn:
        """Whenever the path is doubted, it shows that it carries, or ends."""
        while True:
            await self._doubted.wait()
            self._doubted.clear()
            await path.probe(patience_s=self._probe_s)

    async def _wait_renewal(self) -> Ending:
        await self._renewal.wait()
        return Renewed()

    async def _wait_left(self) -> None:
        await self._left.wait()

    # Coming back

    async def _join_again(self, reason: str) -> None:
        """At once, but for a server that lets us in and throws us out again and again."""
        _log.info("= joining again: %s", reason)
        if self._rejoined_at is not None and _now() - self._rejoined_at < self._rejoin_s:
            await self._wait(reason)
        while True:
            try:
                self._admit(await claim_seat(self._calls, self._credentials, self._room))
            except (SignalingUnreachable, TokenUnavailable) as error:
                await self._wait(error.reason)
            except JoinRefused as error:
                if not is_passing(error):
                    raise
                await self._wait(error.code, retry_after_s=error.retry_after_s)
            else:
                return

    def _admit(self, admission: Admission) -> None:
        self._rejoined_at = _now()
        self._room = admission.room
        self._ice_servers = admission.ice_servers
        self._credentials.token = admission.token

    async def _wait(self, reason: str, *, retry_after_s: float | None = None) -> None:
        if not self._is_lost:
            self._is_lost = True
            self._on_event(SignalingLost(reason))
        delay_s = self._backoff.next_delay_s(now=_now(), chance=self._random(), retry_after_s=retry_after_s)
        _log.info("! signaling lost: %s; next try in %.1f s", reason, delay_s)
        self._renewal.clear()
        await first_of(self._sleep(delay_s), self._wait_renewal())

    async def _sleep(self, delay_s: float) -> Ending:
        await self._pause(delay_s)
        return Renewed()

    # What comes in

    def _receive(self, frame: Frame) -> None:
        match frame:
            case Signal():
                _log.debug("< %s from %s", frame.kind, short(frame.remote))
                self._on_event(frame)
            case PeerJoinedRoom():
                self._tell(self._attendance.joined(frame))
            case PeerLeftRoom():
                self._tell(self._attendance.left(frame))
            case Welcome():
                self._settle(frame)
            case Beat(peers=peers, token=token, ice_servers=servers):
                self._renew(token, servers)
                self._tell(self._attendance.compare(peers))
            case FreshToken(token=token, ice_servers=servers):
                self._renew(token, servers)
            case Refusal():
                _log.debug("! the server refused a signal to %s: %s", short(frame.to or "nobody"), frame.code)
            case _:
                assert_never(frame)

    def _renew(self, token: str | None, servers: tuple[IceServer, ...] | None) -> None:
        """What a server does not send stays as it is; an empty list of servers is a list."""
        self._credentials.token = token or self._credentials.token
        self._ice_servers = self._ice_servers if servers is None else servers

    def _settle(self, welcome: Welcome) -> None:
        if welcome.peer_id != self.peer_id:
            raise Ended(ComeBack("the server takes us for somebody else"))
        self._is_lost = False
        self._backoff.connected(now=_now())
        _log.info("= signaling connected as %s, %d others", short(self.peer_id), len(welcome.peers))
        self._on_event(self._attendance.reset(welcome.peers))

    def _tell(self, news: Sequence[SignalingEvent]) -> None:
        for event in news:
            self._on_event(event)

    # What goes out

    async def _write(self, path: Path) -> Ending:
        """The one writer: signals in order, and after the last of them the leave."""
        while True:
            self._wake.clear()
            await self._flush(path)
            if self._is_leaving:
                await path.leave()
                return Left()
            await self._wake.wait()

    async def _flush(self, path: Path) -> None:
        while (signal := self._outbox.take(now=_now())) is not None:
            try:
                await path.send(signal)
            except ConnectivityError as error:
                self._handle_unsent(signal, error)
            else:
                _log.debug("> %s to %s", signal.kind, short(signal.remote))

    def _handle_unsent(self, signal: Signal, error: ConnectivityError) -> None:
        """One that was refused is dropped; any other error ends the path, and what surely did not leave waits."""
        if concerns_one_signal(error):
            _log.debug("! %s to %s was refused: %s", signal.kind, short(signal.remote), error)
            return
        if is_unsent(error):
            self._outbox.put_back(signal)
        raise error

    async def _leave_by_call(self) -> None:
        path = self._polling()
        await self._flush(path)
        await path.leave()

    def _socket(self) -> WebSocketPath:
        return WebSocketPath(self._calls.http, self._credentials, pause=self._pause)

    def _polling(self) -> PollingPath:
        return PollingPath(self._calls, self._credentials, pause=self._pause)


def _nobody_listens(event: SignalingEvent) -> None:
    """Before `run()`."""


def _now() -> float:
    return asyncio.get_running_loop().time()
