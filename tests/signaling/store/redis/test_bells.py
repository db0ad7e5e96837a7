"""The subscription over a real Redis: what is heard, and what is said when something may have been missed."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from signaling.errors import StoreUnavailable
from signaling.store.redis.bells import MAX_BELLS, Bells
from signaling.store.redis.keys import channel
from signaling.store.redis.url import connect
from signaling.store.shared import Bell, Summons

from ....redis.servers import RedisServer
from ..support import a_key

pytestmark = pytest.mark.redis

CHANNEL = channel("me")


@pytest.fixture
async def bells(redis_url: str) -> AsyncIterator[Bells]:
    client = connect(redis_url, connections=2, timeout_s=0.3)
    bells = Bells(client, CHANNEL, timeout_s=0.3, silence_s=0.3)
    yield bells
    await bells.close()
    await client.aclose()


async def test_bells_are_heard_together(bells: Bells, session_redis: RedisServer) -> None:
    """After None, which says that the subscription has only begun."""
    assert await bells.hear() is None
    for text in ("mail room p", "gone room q 0"):
        session_redis.command("PUBLISH", CHANNEL, text)
    heard: list[Bell] = []
    while len(heard) < 2:
        heard += await bells.hear() or ()
    assert heard == [Bell(Summons.MAIL, (a_key("p"),)), Bell(Summons.GONE, (a_key("q"),))]


async def test_no_bell_is_lost_among_many(bells: Bells, redis_url: str) -> None:
    """More than are taken together."""
    assert await bells.hear() is None
    ringer = connect(redis_url, connections=1, timeout_s=1)
    pipeline = ringer.pipeline(transaction=False)
    for number in range(MAX_BELLS * 2 + 1):
        pipeline.execute_command("PUBLISH", CHANNEL, f"mail room {number}")
    await pipeline.execute(raise_on_error=True)
    await ringer.aclose()
    heard: list[str] = []
    while len(heard) < MAX_BELLS * 2 + 1:
        heard += [key.peer_id for bell in await bells.hear() or () for key in bell.keys]
    assert heard == [str(number) for number in range(MAX_BELLS * 2 + 1)]


async def test_what_is_no_bell_is_passed_over(
    bells: Bells, session_redis: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A newer server may ring in its own way: the bells after it are heard, and the log has a line."""
    assert await bells.hear() is None
    for text in ("junk", "kicked room p 0", "left room", "left room p x", "mail room p"):
        session_redis.command("PUBLISH", CHANNEL, text)
    heard: list[Bell] = []
    while not heard:
        heard += await bells.hear() or ()
    assert heard == [Bell(Summons.MAIL, (a_key("p"),))]
    assert "no bell" in caplog.text
    assert "junk" not in caplog.text


async def test_silence_is_asked_for_a_sign_of_life(bells: Bells, session_redis: RedisServer) -> None:
    """A Redis that answers is heard on; one that does not has failed."""
    assert await bells.hear() is None
    assert await bells.hear() == ()
    session_redis.pause()
    try:
        with pytest.raises(StoreUnavailable):
            await bells.hear()
    finally:
        session_redis.resume()
    assert await bells.hear() is None


async def test_lost_connection_is_told_and_begun_anew(bells: Bells, session_redis: RedisServer) -> None:
    """Whoever hears on may have missed something meanwhile."""
    assert await bells.hear() is None
    hearing = asyncio.ensure_future(bells.hear())
    await asyncio.sleep(0)
    session_redis.command("CLIENT", "KILL", "TYPE", "pubsub")
    with pytest.raises(StoreUnavailable):
        await hearing
    assert await bells.hear() is None
