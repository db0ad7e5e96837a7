"""When the server is asked for its keys and its word about us, and what comes of every answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import jwt
import pytest

from peer.attester import LATER_S, LONGEST_S, Attester
from peer.core.claims import Standing
from peer.errors import JoinRefused, PeerError, SignalingUnreachable, TokenUnavailable
from peer.ports import Attestation, Prove
from peer.testing import Network

from ..support.attestations import NOW_S, Notary
from ..support.keys import identity
from ..support.transport import until

ANN = identity("ann")
SOON_S = 60.0
JWT = jwt.encode({"sub": "alice"}, "0123456789abcdef0123456789abcdef", algorithm="HS256")


class Server:
    """A server that attests, of which a test says what goes wrong."""

    def __init__(self) -> None:
        self.notary = Notary()
        self.calls: list[str] = []
        self.fails: dict[str, PeerError] = {}
        self.life_s = 43_200.0
        self.token: str | None = JWT
        self.attested = ""

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if name in self.fails:
            raise self.fails[name]

    async def fetch_keys(self) -> bytes:
        self._called("keys")
        return json.dumps(self.notary.published).encode()

    async def attest(self, prove: Prove) -> Attestation | None:
        self._called("attest")
        if self.token is None:
            return None
        prove(nonce="nonce", token=self.token)
        self.attested = self.notary.attest(ANN, life_s=self.life_s)
        return Attestation(self.attested, self.life_s)


class Bench:
    """One attester between such a server and a clock."""

    def __init__(self, pause: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self.server = Server()
        self.now_s = float(NOW_S)
        self.news: list[Standing] = []
        signaling: Any = Network().transport("ann").signaling
        signaling.fetch_keys, signaling.attest = self.server.fetch_keys, self.server.attest
        self.attester = Attester(
            signaling,
            ANN,
            on_news=self.news.append,
            wall_ms=lambda: round(self.now_s * 1000),
            chance=lambda: 1.0,
            retry_s=SOON_S,
            pause=pause,
        )

    async def refresh(self) -> float:
        """Seconds until the next time; what was called is then in `called`."""
        self.server.calls.clear()
        return await self.attester.refresh()

    @property
    def called(self) -> list[str]:
        return self.server.calls

    def advance(self, seconds: float) -> None:
        self.now_s += seconds
        self.server.notary.now_s += seconds


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_keys_and_attestation_are_news_once(bench: Bench) -> None:
    """Told together, and again only when they change."""
    pause_s = await bench.refresh()
    assert bench.called == ["keys", "attest"]
    [standing] = bench.news
    assert (standing.keys, standing.attestation) == (bench.server.notary.keys, bench.server.attested)
    assert pause_s == LONGEST_S
    await bench.refresh()
    assert bench.called == ["keys"]
    assert len(bench.news) == 1


async def test_attestation_is_renewed_at_half_its_time(bench: Bench) -> None:
    """Long before it ends, with some chance so that thousands do not come at once."""
    bench.server.life_s = 4000
    assert await bench.refresh() == 2000
    bench.advance(1999)
    assert await bench.refresh() == SOON_S
    assert bench.called == ["keys"]
    bench.advance(1)
    await bench.refresh()
    assert bench.called == ["keys", "attest"]
    assert len(bench.news) == 2


async def test_server_with_another_key_is_asked_again(bench: Bench) -> None:
    """It has lost its store: what it said before is worth nothing any more."""
    await bench.refresh()
    bench.server.notary = Notary(2)
    await bench.refresh()
    assert bench.called == ["keys", "attest"]
    assert bench.attester.standing == Standing(Notary(2).keys, bench.server.attested)


async def test_guest_learns_the_keys(bench: Bench) -> None:
    """To see who the others are."""
    bench.server.token = None
    assert await bench.refresh() == LONGEST_S
    assert bench.news == [Standing(bench.server.notary.keys, "")]


@pytest.mark.parametrize(
    ("call", "error", "pause_s"),
    [
        ("keys", JoinRefused("not_found", "an old server"), LATER_S),
        ("keys", SignalingUnreachable("http://a", "away"), SOON_S),
        ("attest", JoinRefused("token_expired", "expired"), LATER_S),
        ("attest", JoinRefused("keys_unavailable", "the provider is away", retry_after_s=10), SOON_S),
        ("attest", TokenUnavailable("none"), SOON_S),
    ],
)
async def test_failure_is_tried_again(bench: Bench, call: str, error: PeerError, pause_s: float) -> None:
    """Soon, where a minute may mend it; what came before the failure is kept."""
    bench.server.fails[call] = error
    assert await bench.refresh() == pause_s
    assert [standing.keys is not None for standing in bench.news] == ([True] if call == "attest" else [])
    bench.server.fails.clear()
    await bench.refresh()
    assert bench.attester.standing.attestation


async def test_token_that_names_nobody_is_no_disaster(bench: Bench) -> None:
    """An opaque one, which only the server can read."""
    bench.server.token = "opaque"
    assert await bench.refresh() == LATER_S
    assert [standing.attestation for standing in bench.news] == [""]


async def test_lost_server_keeps_what_we_have(bench: Bench) -> None:
    """The others believe it until its end."""
    await bench.refresh()
    bench.server.fails["keys"] = SignalingUnreachable("http://a", "away")
    await bench.refresh()
    assert bench.attester.standing.attestation
    assert len(bench.news) == 1


async def test_loop_asks_at_once_and_ends_when_it_is_told(bench: Bench) -> None:
    """One task, and nothing of it is left."""
    task = asyncio.create_task(bench.attester.run())
    await until(lambda: bench.news)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_outage_wakes_the_loop() -> None:
    """The server may have come back with another key; a minute lies between two looks."""
    slept: list[float] = []
    goes_on = asyncio.Event()

    async def pause(seconds: float) -> None:
        slept.append(seconds)
        await goes_on.wait()

    bench = Bench(pause)
    task = asyncio.create_task(bench.attester.run())
    await until(lambda: slept)
    bench.attester.wake()
    assert bench.called == ["keys", "attest"]
    goes_on.set()
    await until(lambda: len(bench.called) > 2)
    assert slept[0] == SOON_S
    task.cancel()
    await asyncio.wait([task])
