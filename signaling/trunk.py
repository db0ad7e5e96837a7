"""The line between this server's switchboard and those of the others on one shared store.

It hears their bells, fetches the mail of the WebSockets that are open here, many in one step, and confirms it when it
is written. A bell only says where to look: who was not heard is found at the next round, since `renew` looks too.

Order for each pair of peers holds because an envelope goes straight to a WebSocket only if its sender has had one
here for a while: what it sent before, by another server, has arrived by then. Until then, and for senders that call
by HTTP, the mailbox is the way, and what goes straight to a WebSocket waits while its mail is on the way.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

from .connection import CloseCode, Connection
from .errors import StoreUnavailable
from .ids import PeerKey, RoomId
from .store.port import Entered, JoinRefusal, PeerRecord
from .store.shared import Bell, Claim, Handed, SharedStore, Standing, Summons
from .switchboard import Switchboard

__all__ = ["Trunk"]

log = logging.getLogger("signaling")

SETTLED_S = 2.0
"""As long as a sign from another server may take that works; a slower one is a fault."""

CONFIRM_S = 0.5
"""How long what was written may wait to be confirmed, all together; a server that dies within it repeats itself."""

PAUSE_S = 0.5
"""Before a store that does not answer is asked again."""

LAG_PAUSE_S = 0.05
"""Before those who lag are looked at again, where nobody else has mail."""

MAX_FETCH = 256
"""WebSockets that one step fetches for."""

_CODES = {Summons.REPLACED: CloseCode.REPLACED, Summons.LEFT: CloseCode.LEFT, Summons.GONE: CloseCode.GONE}


class _Verdict(NamedTuple):
    """WebSockets up to this serial are to end."""

    last: int
    code: CloseCode


class Trunk:
    """What this server knows of the others: nothing but what they ring about."""

    def __init__(self, store: SharedStore, switchboard: Switchboard) -> None:
        self._store = store
        self._switchboard = switchboard
        self._rung: dict[PeerKey, Connection] = {}
        self._early: dict[Connection, _Verdict] = {}
        """Rung about while their attach is under way."""
        self._unconfirmed: dict[PeerKey, Claim] = {}
        self._confirm_at = 0.0
        self._owed: list[PeerKey] = []
        """Renewals that the store did not take."""
        self._wake = asyncio.Event()

    # What the service tells

    def is_settled(self, sender: PeerKey) -> bool:
        """Whether nothing that it sent by another server can still be on its way."""
        connection = self._switchboard.connections.get(sender)
        return connection is not None and connection.settled_at <= asyncio.get_running_loop().time()

    def ring(self, key: PeerKey) -> None:
        """Mail has come for a peer: if its WebSocket is here, it is fetched soon."""
        connection = self._switchboard.connections.get(key)
        if connection is None or self._rung.get(key) is connection:
            return
        if connection.serial is None:
            self._early.setdefault(connection, _Verdict(0, CloseCode.REPLACED))
            return
        if older := self._rung.pop(key, None):
            older.end_fetch(())
        self._rung[key] = connection
        connection.begin_fetch()
        self._wake.set()

    def attached(self, connection: Connection, serial: int, *, is_held: bool) -> None:
        """A WebSocket has been given its serial, and the mail that waited has been written."""
        claim = Claim(connection.membership.key, serial)
        connection.serial = serial
        connection.settled_at = asyncio.get_running_loop().time() + SETTLED_S
        if is_held:
            self._note_unconfirmed(claim)
        if verdict := self._early.pop(connection, None):
            if serial <= verdict.last:
                connection.end(verdict.code)
            self.ring(claim.key)

    def detached(self, connection: Connection) -> bool:
        """A WebSocket has ended; False where it never came so far as to be the peer's."""
        self._early.pop(connection, None)
        return connection.serial is not None

    async def join(self, room_id: RoomId, peer: PeerRecord, notice: bytes) -> Entered | JoinRefusal:
        """Enter a peer and tell those present, here and elsewhere, in one step."""
        outcome = await self._store.join_and_tell(room_id, peer, notice)
        if isinstance(outcome, Entered) and outcome.is_new:
            for other in outcome.others:
                key = PeerKey(room_id, other.peer_id)
                self._switchboard.ring(key)
                self.ring(key)
        return outcome

    async def renew(self, keys: Sequence[PeerKey]) -> tuple[PeerKey, ...]:
        """Renew the leases of peers that are connected here, answer those that are gone, and see to all others."""
        self._owed = [*self._owed, *keys]
        claims = self._claims(dict.fromkeys(self._owed))
        standings = await self._store.look(claims)
        self._owed = []
        for claim, standing in zip(claims, standings, strict=True):
            if standing is Standing.MAIL:
                self.ring(claim.key)
            elif standing is Standing.REPLACED:
                self._end(claim, CloseCode.REPLACED)
        found = zip(claims, standings, strict=True)
        return tuple(claim.key for claim, standing in found if standing is Standing.GONE)

    def _claims(self, keys: dict[PeerKey, None]) -> list[Claim]:
        connections = self._switchboard.connections
        pairs = ((key, connections[key].serial) for key in keys if key in connections)
        return [Claim(key, serial) for key, serial in pairs if serial is not None]

    def _end(self, claim: Claim, code: CloseCode) -> None:
        connection = self._switchboard.connections.get(claim.key)
        if connection is not None and connection.serial == claim.serial:
            connection.end(code)

    # What runs

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Hear and fetch until the block ends."""
        tasks = [asyncio.create_task(work) for work in (self._hear_for_ever(), self._fetch_for_ever())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def _hear_for_ever(self) -> None:
        while True:
            try:
                bells = await self._store.hear()
            except StoreUnavailable:
                await asyncio.sleep(PAUSE_S)
                continue
            if bells is None:
                self._ring_all()
            else:
                for bell in bells:
                    self._hear(bell)

    def _ring_all(self) -> None:
        """Bells may have been missed."""
        for key in list(self._switchboard.connections):
            self.ring(key)

    def _hear(self, bell: Bell) -> None:
        for key in bell.keys:
            if bell.why is not Summons.REPLACED:
                self._switchboard.ring(key)
            if bell.why is Summons.MAIL:
                self.ring(key)
            elif connection := self._switchboard.connections.get(key):
                last = bell.serial - (bell.why is Summons.REPLACED)
                self._judge(connection, _Verdict(last, _CODES[bell.why]))

    def _judge(self, connection: Connection, verdict: _Verdict) -> None:
        if connection.serial is None:
            self._early[connection] = max(verdict, self._early.get(connection, verdict))
        elif connection.serial <= verdict.last:
            connection.end(verdict.code)

    async def _fetch_for_ever(self) -> None:
        while True:
            await self._wait_for_work()
            try:
                await self._fetch()
                await self._confirm()
            except StoreUnavailable:
                await asyncio.sleep(PAUSE_S)
            except Exception:
                log.exception("! fetching mail failed")
                await asyncio.sleep(PAUSE_S)

    async def _wait_for_work(self) -> None:
        if self._rung:
            if all(connection.is_lagging for connection in self._rung.values()):
                await asyncio.sleep(LAG_PAUSE_S)
            return
        self._wake.clear()
        pause_s = self._confirm_at - asyncio.get_running_loop().time() if self._unconfirmed else None
        try:
            async with asyncio.timeout(pause_s):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _fetch(self) -> None:
        """Bring the mail of those who were rung for; where the store fails, they stay rung for.

        So do those who lag: their mail waits in the store, where each sender has its share.
        """
        ready = [key for key, connection in self._rung.items() if not connection.is_lagging]
        rung = [(key, self._rung.pop(key)) for key in ready[:MAX_FETCH]]
        if not rung:
            return
        claims = [Claim(key, connection.serial or 0) for key, connection in rung]
        try:
            handed = await self._store.fetch(claims)
        except StoreUnavailable:
            for key, connection in rung:
                connection.end_fetch(())
                self.ring(key)
            raise
        for claim, (_, connection), each in zip(claims, rung, handed, strict=True):
            self._deliver(claim, connection, each or Handed((), is_held=False))
        lost = [claim for claim, each in zip(claims, handed, strict=True) if each is None]
        if lost:
            await self._find_out(lost)

    def _deliver(self, claim: Claim, connection: Connection, handed: Handed) -> None:
        """Write; what goes to a connection that is ending stays unconfirmed, and the next attach gets it again."""
        self._unconfirmed.pop(claim.key, None)
        connection.end_fetch(handed.frames)
        if handed.is_held and not connection.is_ending:
            self._note_unconfirmed(claim)

    async def _find_out(self, lost: list[Claim]) -> None:
        """Why these got no mail."""
        for claim, standing in zip(lost, await self._store.look(lost), strict=True):
            gone = standing is Standing.GONE
            self._end(claim, CloseCode.GONE if gone else CloseCode.REPLACED)

    def _note_unconfirmed(self, claim: Claim) -> None:
        if not self._unconfirmed:
            self._confirm_at = asyncio.get_running_loop().time() + CONFIRM_S
            self._wake.set()
        self._unconfirmed[claim.key] = claim

    async def _confirm(self) -> None:
        """Say what has been written, once it is time."""
        if self._unconfirmed and asyncio.get_running_loop().time() >= self._confirm_at:
            claims, self._unconfirmed = list(self._unconfirmed.values()), {}
            await self._store.confirm(claims)
