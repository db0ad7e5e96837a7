"""The trunk over a store that answers as a test says; tests/redis runs it between real servers."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any, cast

import pytest

from signaling.connection import CloseCode, Connection
from signaling.errors import StoreUnavailable
from signaling.ids import PeerKey, RoomId
from signaling.store.port import Entered, PeerRecord, Refusal, RoomView
from signaling.store.shared import Bell, Claim, Handed, SharedStore, Standing, Summons
from signaling.switchboard import Ring, Switchboard
from signaling.trunk import SETTLED_S, Trunk

from .store.support import a_key, a_peer, a_room


@dataclass
class FakeStore:
    """Gives out what a test has put in."""

    bells: asyncio.Queue[tuple[Bell, ...] | None] = field(default_factory=asyncio.Queue)
    mail: dict[PeerKey, tuple[bytes, ...] | None] = field(default_factory=dict)
    holds: bool = True
    standing: Standing = Standing.QUIET
    fetched: list[Claim] = field(default_factory=list)
    confirmed: list[Claim] = field(default_factory=list)
    looked: list[Claim] = field(default_factory=list)
    trouble: Exception | None = None
    outcome: Entered | Refusal = Refusal.ROOM_FULL

    async def hear(self) -> tuple[Bell, ...] | None:
        bells = await self.bells.get()
        if bells == ():
            raise StoreUnavailable
        return bells

    async def fetch(self, claims: Sequence[Claim]) -> list[Handed | None]:
        await asyncio.sleep(0)
        self._fail()
        self.fetched += claims
        found = [self.mail.pop(claim.key, ()) for claim in claims]
        return [None if frames is None else Handed(frames, self.holds and bool(frames)) for frames in found]

    async def look(self, claims: Sequence[Claim]) -> tuple[Standing, ...]:
        self._fail()
        self.looked += claims
        return (self.standing,) * len(claims)

    async def join_and_tell(self, room_id: RoomId, peer: PeerRecord, frame: bytes) -> Entered | Refusal:
        assert frame == b"notice"
        return self.outcome

    async def confirm(self, claims: Sequence[Claim]) -> None:
        self.confirmed += claims

    def _fail(self) -> None:
        trouble, self.trouble = self.trouble, None
        if trouble is not None:
            raise trouble


@dataclass(eq=False)
class FakeConnection:
    """Notes what is written, and holds what comes directly while mail is fetched, as the real one does."""

    key: PeerKey
    serial: int | None = None
    settled_at: float = inf
    written: list[bytes] = field(default_factory=list)
    fetches: int = 0
    ended_by: CloseCode | None = None
    is_lagging: bool = False

    @property
    def membership(self) -> Any:
        return self

    @property
    def is_ending(self) -> bool:
        return self.ended_by is not None

    def begin_fetch(self) -> None:
        self.fetches += 1

    def end_fetch(self, frames: tuple[bytes, ...]) -> None:
        self.fetches -= 1
        self.written += frames

    def end(self, code: CloseCode) -> None:
        self.ended_by = code


P, Q = a_key("p"), a_key("q")


class Exchange:
    """A switchboard with a trunk."""

    def __init__(self) -> None:
        self.store = FakeStore()
        self.board = Switchboard(waiting_polls=8)
        self.trunk = Trunk(cast(SharedStore, self.store), self.board)

    def open(self, key: PeerKey) -> FakeConnection:
        """A WebSocket whose attach is under way."""
        connection = FakeConnection(key)
        self.board.connections[key] = cast(Connection, connection)
        return connection

    def connect(self, key: PeerKey, serial: int = 5, *, is_held: bool = False) -> FakeConnection:
        connection = self.open(key)
        self.attach(connection, serial, is_held=is_held)
        return connection

    def attach(self, connection: FakeConnection, serial: int, *, is_held: bool = False) -> None:
        self.trunk.attached(cast(Connection, connection), serial, is_held=is_held)

    def hear(self, why: Summons, *keys: PeerKey, serial: int = 0) -> None:
        self.store.bells.put_nowait((Bell(why, keys, serial),))


@pytest.fixture
async def exchange() -> AsyncIterator[Exchange]:
    exchange = Exchange()
    async with exchange.trunk.running():
        yield exchange


async def until(is_so: Callable[[], object], *, within_s: float = 3) -> None:
    async with asyncio.timeout(within_s):
        while not is_so():  # noqa: ASYNC110 - a state of the trunk, which sets no event for tests
            await asyncio.sleep(0.001)


async def test_mail_of_a_peer_that_lags_waits_in_the_store(exchange: Exchange) -> None:
    """Where each sender has its share; others get theirs meanwhile, and it gets its own when it has caught up."""
    slow, quick = exchange.connect(P), exchange.connect(Q)
    exchange.store.mail = {P: (b"1",), Q: (b"2",)}
    slow.is_lagging = True
    exchange.hear(Summons.MAIL, P, Q)
    await until(lambda: quick.written == [b"2"])
    assert (slow.written, exchange.store.mail) == ([], {P: (b"1",)})
    slow.is_lagging = False
    await until(lambda: slow.written == [b"1"])


async def test_bell_brings_the_mail_and_it_is_confirmed(exchange: Exchange) -> None:
    """Once it is written; a bell for somebody else costs nothing, and polls are woken too."""
    connection = exchange.connect(P)
    exchange.store.mail[P] = (b"1", b"2")
    with exchange.board.listen(Q) as bell:
        exchange.hear(Summons.MAIL, P, Q)
        await until(lambda: connection.written == [b"1", b"2"])
        assert bell.result() is Ring.MAIL
    await until(lambda: exchange.store.confirmed == [Claim(P, 5)])
    assert exchange.store.fetched == [Claim(P, 5)]
    assert connection.fetches == 0


async def test_mail_that_came_with_the_attach_is_confirmed(exchange: Exchange) -> None:
    """It has been written as well."""
    exchange.connect(P, is_held=True)
    await until(lambda: exchange.store.confirmed == [Claim(P, 5)])


async def test_notices_alone_are_not_confirmed(exchange: Exchange) -> None:
    """The store has not kept them."""
    exchange.store.holds = False
    connection = exchange.connect(P)
    exchange.store.mail[P] = (b"notice",)
    exchange.trunk.ring(P)
    await until(lambda: connection.written == [b"notice"])
    assert exchange.trunk._unconfirmed == {}


async def test_what_goes_to_an_ending_connection_is_not_confirmed(exchange: Exchange) -> None:
    """The next attach gets it again."""
    connection = exchange.connect(P)
    connection.ended_by = CloseCode.TOO_SLOW
    exchange.store.mail[P] = (b"1",)
    exchange.trunk.ring(P)
    await until(lambda: connection.written)
    exchange.connect(Q, is_held=True)
    await until(lambda: exchange.store.confirmed)
    assert exchange.store.confirmed == [Claim(Q, 5)]


async def test_bell_during_an_attach_is_answered_after_it(exchange: Exchange) -> None:
    """Its mail may have come after the attach had read."""
    connection = exchange.open(P)
    exchange.trunk.ring(P)
    exchange.store.mail[P] = (b"1",)
    exchange.attach(connection, 5)
    await until(lambda: connection.written == [b"1"])


@pytest.mark.parametrize(("serial", "ends"), [(6, True), (5, False)])
async def test_newer_attach_elsewhere_wins_over_one_under_way(exchange: Exchange, serial: int, ends: bool) -> None:
    """Whichever bell is heard first; the older attach does not."""
    connection = exchange.open(P)
    exchange.hear(Summons.REPLACED, P, serial=4)
    exchange.hear(Summons.REPLACED, P, serial=serial)
    await until(exchange.store.bells.empty)
    await asyncio.sleep(0)
    exchange.attach(connection, 5)
    assert (connection.ended_by is CloseCode.REPLACED) == ends


async def test_connections_end_as_the_bell_says(exchange: Exchange) -> None:
    """But not one that is newer than what the bell is about."""
    cases = [
        (Summons.REPLACED, 6, CloseCode.REPLACED),
        (Summons.REPLACED, 5, None),
        (Summons.LEFT, 5, CloseCode.LEFT),
        (Summons.LEFT, 4, None),
        (Summons.GONE, 5, CloseCode.GONE),
        (Summons.GONE, 0, None),
    ]
    for why, serial, code in cases:
        connection = exchange.connect(P)
        exchange.hear(why, P, serial=serial)
        await until(exchange.store.bells.empty)
        await asyncio.sleep(0)
        assert connection.ended_by is code


async def test_attach_that_failed_is_forgotten(exchange: Exchange) -> None:
    """And shortens nobody's lease."""
    connection = exchange.open(P)
    exchange.trunk.ring(P)
    assert not exchange.trunk.detached(cast(Connection, connection))
    assert exchange.trunk._early == {}
    assert exchange.trunk.detached(cast(Connection, exchange.connect(P)))


async def test_newer_connection_here_takes_the_bell_of_the_older(exchange: Exchange) -> None:
    """What the older one holds back is let go."""
    older = exchange.connect(P)
    exchange.trunk.ring(P)
    newer = exchange.connect(P, 7)
    exchange.store.mail[P] = (b"1",)
    exchange.trunk.ring(P)
    exchange.trunk.ring(P)
    await until(lambda: newer.written == [b"1"])
    assert (older.fetches, newer.fetches) == (0, 0)


async def test_store_that_fails_is_asked_again(exchange: Exchange) -> None:
    """What goes straight to the connection is not held up meanwhile for longer than one try."""
    connection = exchange.connect(P)
    exchange.store.mail[P] = (b"1",)
    exchange.store.trouble = StoreUnavailable()
    exchange.trunk.ring(P)
    await until(lambda: connection.written == [b"1"])


@pytest.mark.allow_logged_errors
async def test_bug_does_not_end_the_fetching(exchange: Exchange) -> None:
    """It is logged; the next bell is answered."""
    exchange.connect(Q)
    connection = exchange.connect(P)
    exchange.store.trouble = KeyError()
    exchange.trunk.ring(Q)
    await until(lambda: exchange.store.trouble is None)
    exchange.store.mail[P] = (b"1",)
    exchange.trunk.ring(P)
    await until(lambda: connection.written == [b"1"])


async def test_new_subscription_looks_after_all(exchange: Exchange) -> None:
    """Bells may have been missed; those whose claim holds no more learn why."""
    for key, standing, code in ((P, Standing.REPLACED, CloseCode.REPLACED), (Q, Standing.GONE, CloseCode.GONE)):
        connection = exchange.connect(key)
        exchange.store.mail[key] = None
        exchange.store.standing = standing
        exchange.store.bells.put_nowait(())
        exchange.store.bells.put_nowait(None)
        await until(lambda each=connection: each.is_ending)  # type: ignore[misc]
        assert connection.ended_by is code


async def test_round_finds_what_no_bell_told(exchange: Exchange) -> None:
    """Mail is fetched, older connections end, and who is gone is answered."""
    connection = exchange.connect(P)
    exchange.store.standing, exchange.store.mail[P] = Standing.MAIL, (b"1",)
    assert await exchange.trunk.renew([P, Q]) == ()
    await until(lambda: connection.written == [b"1"])
    exchange.store.standing = Standing.GONE
    assert await exchange.trunk.renew([P]) == (P,)
    exchange.store.standing = Standing.REPLACED
    assert await exchange.trunk.renew([P]) == ()
    assert connection.ended_by is CloseCode.REPLACED


async def test_renewal_that_failed_is_made_up_for(exchange: Exchange) -> None:
    """With the next one, not a round later."""
    exchange.connect(P)
    exchange.connect(Q)
    exchange.store.trouble = StoreUnavailable()
    with pytest.raises(StoreUnavailable):
        await exchange.trunk.renew([P])
    await exchange.trunk.renew([Q])
    await exchange.trunk.renew([])
    assert exchange.store.looked == [Claim(P, 5), Claim(Q, 5)]


async def test_join_rings_for_those_who_are_here(exchange: Exchange) -> None:
    """The store has told them; nobody is rung for where nobody new came."""
    connection = exchange.connect(P)
    room = RoomView(a_room(), 2)
    for outcome in (Refusal.ROOM_FULL, Entered(room, a_peer("q"), (a_peer("p"),), is_new=False)):
        exchange.store.outcome = outcome
        assert await exchange.trunk.join(P.room_id, a_peer("q"), b"notice") is outcome
        assert connection.fetches == 0
    exchange.store.outcome, exchange.store.mail[P] = Entered(room, a_peer("q"), (a_peer("p"),), is_new=True), (b"1",)
    with exchange.board.listen(P) as bell:
        await exchange.trunk.join(P.room_id, a_peer("q"), b"notice")
        assert bell.result() is Ring.MAIL
    await until(lambda: connection.written == [b"1"])


async def test_sender_is_settled_after_a_while() -> None:
    """Not one that calls by HTTP, nor one whose WebSocket has just come from another server."""
    exchange = Exchange()
    assert not exchange.trunk.is_settled(P)
    connection = exchange.connect(P)
    assert not exchange.trunk.is_settled(P)
    connection.settled_at -= SETTLED_S
    assert exchange.trunk.is_settled(P)
