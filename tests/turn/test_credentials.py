"""What the signaling server hands out is what coturn takes, for as long as it should and no longer."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from signaling.app import running_server
from signaling.config import Config
from signaling.identity.auth import mint_user_token

from ..signaling.support import SECRET, FakeClock
from ..support.caller import call
from .coturn import OPEN, TURN_SECRET, Coturn, RelayRefused, Turn, allocated, open_path, running_coturn, turn_of

pytestmark = pytest.mark.turn

HOUR_S = 3600.0
"""Credentials live as long as a room token: an hour."""
UNAUTHORIZED, QUOTA_REACHED = 401, 486


@asynccontextmanager
async def serving(coturn: Coturn, *, ago_s: float = 0, **settings: Any) -> AsyncIterator[tuple[str, FakeClock]]:
    """A signaling server whose clock stands, `ago_s` in the past."""
    clock = FakeClock(time.time() - ago_s)
    shared = {"turn_urls": (coturn.url(),), "turn_secret": TURN_SECRET, "peer_ttl_s": 24 * HOUR_S}
    config = Config(guests=True, store="memory:", port=0, **{**shared, **settings})
    async with running_server(config, clock=clock) as url:
        yield url, clock


async def create(url: str, *, token: str | None = None) -> Any:
    return await call(url, "/signaling/create-room", {}, token=token)


async def code_of(turn: Turn) -> int:
    """What coturn says to a request that it refuses."""
    with pytest.raises(RelayRefused) as caught:
        async with allocated(turn):
            pass
    return caught.value.code


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_credentials_of_a_join_open_a_relay(coturn: Coturn, transport: str) -> None:
    """S16, for the one who creates and for the one who joins."""
    async with serving(coturn, turn_urls=(coturn.url(transport),)) as (url, _):
        alice = await create(url)
        bob = await call(url, "/signaling/join-room", {"roomId": alice["room"]["roomId"]})
        for peer in (alice, bob):
            async with allocated(turn_of(peer)) as relay:
                await open_path(relay, "127.0.0.1")


@pytest.mark.parametrize("user_id", ["auth0|a b", "o'hara", 'the "boss"', "corp\\bob", "a:b", "\U0001f600" * 255])
async def test_every_user_may_relay(coturn: Coturn, user_id: str) -> None:
    """Whatever a provider calls its users: coturn does not answer to names with spaces, quotes or backslashes."""
    async with serving(coturn, jwt_secret=SECRET) as (url, clock):
        token = mint_user_token(SECRET, sub=user_id, name="A", issuer=None, audience=None, now=clock(), ttl_s=60)
        async with asyncio.timeout(2), allocated(turn_of(await create(url, token=token))):
            pass


async def test_expired_credentials_are_refused(coturn: Coturn) -> None:
    async with serving(coturn, ago_s=HOUR_S + 10) as (url, _):
        assert await code_of(turn_of(await create(url))) == UNAUTHORIZED


async def test_credentials_by_another_secret_are_refused(coturn: Coturn) -> None:
    """And so is a credential under a name that it was not made for."""
    async with serving(coturn, turn_secret="another one") as (url, _):
        assert await code_of(turn_of(await create(url))) == UNAUTHORIZED
    async with serving(coturn) as (url, _):
        turn = turn_of(await create(url))
        assert await code_of(turn | {"username": "9" + turn["username"]}) == UNAUTHORIZED


Refresh = Callable[[str, Any, FakeClock], Any]


async def _by_heartbeat(url: str, peer: Any, clock: FakeClock) -> Any:
    clock.advance(HOUR_S / 2 + 1)
    return await call(url, "/signaling/heartbeat", {}, token=peer["token"])


async def _by_socket(url: str, peer: Any, clock: FakeClock) -> Any:
    headers = {"Authorization": f"Bearer {peer['token']}"}
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{url}/signaling/ws", headers=headers) as socket:
        assert (await socket.receive_json())["type"] == "welcome"
        clock.advance(HOUR_S / 2 + 1)
        return await socket.receive_json(timeout=5)


@pytest.mark.parametrize("refresh", [_by_heartbeat, _by_socket])
async def test_refreshed_credentials_are_accepted_when_the_first_have_expired(coturn: Coturn, refresh: Refresh) -> None:
    """A peer that has been in a room for hours can open a relayed link."""
    async with serving(coturn, ago_s=HOUR_S + 10) as (url, clock):
        peer = await create(url)
        fresh = await refresh(url, peer, clock)
        assert await code_of(turn_of(peer)) == UNAUTHORIZED
        async with allocated(turn_of(fresh)):
            pass


async def test_quota_of_a_user_holds_across_refreshes(tmp_path: Path) -> None:
    """The name changes with its expiry; coturn counts what stands behind the colon."""
    async with running_coturn(tmp_path, *OPEN, "--user-quota=1") as coturn, serving(coturn) as (url, clock):
        alice, bob = await create(url), await create(url)
        fresh = await _by_heartbeat(url, alice, clock)
        assert turn_of(fresh)["username"] != turn_of(alice)["username"]
        async with allocated(turn_of(alice)), allocated(turn_of(bob)):
            assert await code_of(turn_of(fresh)) == QUOTA_REACHED


async def test_relay_outlives_its_credentials(coturn: Coturn) -> None:
    """coturn judges who comes, not who is there: a link that is open need not be moved when its hour is over."""
    async with serving(coturn, ago_s=HOUR_S - 1) as (url, _):
        turn = turn_of(await create(url))
    expires_at = int(turn["username"].partition(":")[0])
    async with allocated(turn) as relay:
        await asyncio.sleep(expires_at + 1 - time.time())  # coturn's clock is the machine's
        assert await code_of(turn) == UNAUTHORIZED
        await open_path(relay, "127.0.0.1")
