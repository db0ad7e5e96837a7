"""What the Redis engine does beyond the suite of all engines: several servers on one Redis, and a Redis that fails."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from signaling.errors import StoreUnavailable, StoreUnusable
from signaling.ids import PeerKey, RoomId
from signaling.store.port import Entered, Limits, Mail, Refusal
from signaling.store.redis.engine import MAX_CLAIMS, RedisStore
from signaling.store.redis.keys import DUE_KEYS, SIGNING_KEY, room_key
from signaling.store.shared import Bell, Claim, Handed, Standing, Summons

from ....redis.servers import RedisServer
from ...support import FakeClock
from ..support import a_key, a_peer, a_room, make_redis

pytestmark = pytest.mark.redis

LIMITS = Limits(room_peers=10, user_seats=8, sender_entries=3, room_idle_s=1000)
ROOM, LEFT, RIGHT = RoomId("room"), a_key("p"), a_key("q")


@pytest.fixture(params=["redis_url", "cluster_url"])
async def servers(request: pytest.FixtureRequest, clock: FakeClock) -> AsyncIterator[list[RedisStore]]:
    """Four servers on one Redis."""
    url = request.getfixturevalue(request.param)
    async with AsyncExitStack() as stack:
        stores = [make_redis(url, LIMITS, clock) for _ in range(4)]
        for store in stores:
            await store.open()
            stack.push_async_callback(store.close)
        yield stores


@pytest.fixture
async def pair(servers: list[RedisStore]) -> None:
    """Two peers in one room, who came by different servers."""
    await servers[0].create(a_room(), a_peer("p"))
    await servers[1].join(ROOM, a_peer("q"))


async def hear(store: RedisStore) -> Bell:
    """The next bell; a new subscription is none."""
    async with asyncio.timeout(2):
        while not (bells := await store.hear()):
            pass
    (bell,) = bells
    return bell


async def attach(store: RedisStore, key: PeerKey) -> Claim:
    attached = await store.attach(key)
    assert attached is not None
    return Claim(key, attached.serial)


async def post(store: RedisStore, frame: bytes) -> None:
    assert await store.post(LEFT, RIGHT.peer_id, Mail("offer", frame)) is None


# One state


async def test_capacity_holds_over_four_servers(servers: list[RedisStore]) -> None:
    """200 joins at once against 10 places: exactly 10 get in."""
    await servers[0].create(a_room(), a_peer("p"))
    joins = [servers[number % 4].join(ROOM, a_peer(f"p{number}", user=f"u{number}")) for number in range(200)]
    outcomes = await asyncio.gather(*joins)
    assert sum(isinstance(each, Entered) for each in outcomes) == 9
    assert sum(each is Refusal.ROOM_FULL for each in outcomes) == 191


async def test_seats_hold_over_four_servers(servers: list[RedisStore]) -> None:
    """Of one user, wherever each joins."""
    await servers[0].create(a_room(), a_peer("p"))
    joins = [servers[number % 4].join(ROOM, a_peer(f"p{number}")) for number in range(40)]
    outcomes = await asyncio.gather(*joins)
    assert sum(each is Refusal.USER_SEATS_TAKEN for each in outcomes) == 40 + 1 - LIMITS.user_seats


async def test_mail_that_is_put_back_counts_for_its_sender(servers: list[RedisStore], pair: None) -> None:
    """A socket that takes it and ends, again and again, is no way to send more than one's share."""
    for number in range(LIMITS.sender_entries):
        await post(servers[0], b"%d" % number)
    for server in servers:
        await attach(server, RIGHT)
    assert await servers[0].post(LEFT, RIGHT.peer_id, Mail("offer", b"x")) is None, "in a hand, nothing waits"
    attached = await servers[1].attach(RIGHT)
    assert attached is not None
    assert attached.frames == (b"0", b"1", b"2", b"x")


async def test_departure_is_told_by_one_server(servers: list[RedisStore], pair: None, clock: FakeClock) -> None:
    """However many sweep at the same moment."""
    await servers[0].shorten(RIGHT)
    clock.advance(11)
    found = await asyncio.gather(*(store.expire() for store in servers for _ in range(3)))
    assert [each.key for departures in found for each in departures] == [RIGHT]


async def test_two_who_go_together_are_not_told_of_each_other(
    servers: list[RedisStore], pair: None, clock: FakeClock
) -> None:
    """And the room goes with them."""
    clock.advance(80)
    assert {each.remaining for each in await servers[2].expire()} == {()}
    assert await servers[3].join(ROOM, a_peer()) is Refusal.NO_SUCH_ROOM
    assert await servers[3].count_rooms() == 0


async def test_idle_room_ends_with_its_peers(redis_url: str, clock: FakeClock) -> None:
    """Where the operator lets rooms end before leases do."""
    store = make_redis(redis_url, Limits(room_idle_s=20), clock)
    await store.open()
    await store.create(a_room(), a_peer("p"))
    clock.advance(19)
    await store.others(LEFT)
    clock.advance(19)
    assert await store.expire() == ()
    clock.advance(2)
    assert [each.key for each in await store.expire()] == [LEFT]
    assert await store.join(ROOM, a_peer()) is Refusal.NO_SUCH_ROOM
    await store.close()


async def test_signing_key_is_one_for_all(servers: list[RedisStore]) -> None:
    """Whoever asks first makes it."""
    assert len({await store.signing_key() for store in servers}) == 1


async def test_nothing_is_left_of_rooms_that_have_ended(
    redis_url: str, session_redis: RedisServer, clock: FakeClock
) -> None:
    """Only what belongs to all rooms stays; and while a room lives, its keys run out if nobody renews them."""
    store = make_redis(redis_url, LIMITS, clock)
    await store.open()
    await store.create(a_room(), a_peer("p"))
    await store.join(ROOM, a_peer("q"))
    await post(store, b"x")
    await attach(store, RIGHT)
    await post(store, b"y")
    for key in session_redis.command("KEYS", "*:room:*").splitlines():
        assert int(session_redis.command("PTTL", key)) > 0, key
    await store.leave(LEFT)
    await store.leave(RIGHT)
    left = set(session_redis.command("KEYS", "*").splitlines())
    assert {key.rsplit(":", 1)[1] for key in left} == {"format"}
    await store.close()


async def test_listing_of_a_room_that_is_gone_is_found_out(
    redis_url: str, session_redis: RedisServer, clock: FakeClock
) -> None:
    """A server died between a room's end and its unlisting: readers pass over it, the audit removes it."""
    store = make_redis(redis_url, LIMITS, clock)
    await store.open()
    await store.create(a_room(), a_peer())
    await store.create(a_room("other", created_at=2), a_peer())
    session_redis.command("DEL", room_key(ROOM))
    assert [view.record.room_id for view in (await store.page(None, 5)).rooms] == ["other"]
    assert await store.find_public("b") == "other"
    assert await store.count_rooms() == 2
    clock.advance(61)
    await store.renew([a_key("p", "other")])
    await store.expire()
    assert await store.count_rooms() == 1
    await store.close()


# Mail for WebSockets


async def test_mail_that_was_not_confirmed_is_given_to_the_next_attach(servers: list[RedisStore], pair: None) -> None:
    """In order: a server that dies with it in its hands loses none."""
    one, other = servers[0], servers[1]
    claim = await attach(one, RIGHT)
    await post(other, b"1")
    await post(other, b"2")
    assert await one.fetch([claim]) == (Handed((b"1", b"2"), is_held=True),)
    await post(other, b"3")
    attached = await other.attach(RIGHT)
    assert attached is not None
    assert attached.frames == (b"1", b"2", b"3")


async def test_confirmed_mail_is_not_given_again(servers: list[RedisStore], pair: None) -> None:
    """By a confirm, and by the next fetch of the same WebSocket."""
    one, other = servers[0], servers[1]
    claim = await attach(one, RIGHT)
    await post(other, b"1")
    assert await one.fetch([claim]) == (Handed((b"1",), is_held=True),)
    await post(other, b"2")
    assert await one.fetch([claim]) == (Handed((b"2",), is_held=True),)
    await one.confirm([claim])
    attached = await other.attach(RIGHT)
    assert attached is not None
    assert attached.frames == ()


async def test_notices_are_kept_with_envelopes_only(servers: list[RedisStore], pair: None) -> None:
    """By themselves they tell nothing that the next attach does not answer."""
    one, other = servers[0], servers[1]
    claim = await attach(one, RIGHT)
    await other.tell(ROOM, [RIGHT.peer_id], b"notice")
    assert await one.fetch([claim]) == (Handed((b"notice",), is_held=False),)
    again = await other.attach(RIGHT)
    assert again is not None
    assert (again.frames, again.is_held) == ((), False)


async def test_newest_websocket_wins_on_whichever_server(servers: list[RedisStore], pair: None) -> None:
    """The older one hears of it, gets nothing any more, and its end shortens nothing."""
    older, newer = servers[0], servers[1]
    assert await older.hear() is None
    first = await attach(older, RIGHT)
    second = await attach(newer, RIGHT)
    assert await hear(older) == Bell(Summons.REPLACED, (RIGHT,), second.serial)
    assert await older.fetch([first]) == (None,)
    assert await older.look([first, Claim(a_key("nobody"), 1)]) == (Standing.REPLACED, Standing.GONE)
    await older.confirm([first])
    await older.shorten(RIGHT, first.serial)
    await post(older, b"x")
    assert await newer.look([second]) == (Standing.MAIL,)


async def test_serials_of_a_room_made_anew_are_above_those_of_the_old(servers: list[RedisStore], pair: None) -> None:
    """A late bell about the old WebSocket does not concern the new one."""
    first = await attach(servers[0], LEFT)
    await servers[0].leave(LEFT)
    await servers[0].leave(RIGHT)
    await servers[1].create(a_room(), a_peer("p"))
    assert (await attach(servers[1], LEFT)).serial > first.serial


async def test_late_look_keeps_those_who_are_connected(servers: list[RedisStore], pair: None, clock: FakeClock) -> None:
    """A server that was suspended finds its peers alive, unless their end has been told."""
    claim = await attach(servers[0], RIGHT)
    clock.advance(80)
    assert await servers[0].look([claim]) == (Standing.QUIET,)
    await servers[1].expire()
    assert await servers[0].look([claim, Claim(LEFT, 1)]) == (Standing.QUIET, Standing.GONE)


async def test_many_claims_are_answered_in_order(servers: list[RedisStore]) -> None:
    """More than one command takes, of several rooms."""
    names = [f"r{number}" for number in range(4)] * 50
    for name in set(names):
        await servers[0].create(a_room(name), a_peer("p"))
    claims = [Claim(a_key("p", name), 0) for name in names]
    assert len(claims) > MAX_CLAIMS
    assert await servers[0].look(claims) == (Standing.REPLACED,) * 200
    keys = [a_key("p" if number % 3 else "nobody", name) for number, name in enumerate(names)]
    assert await servers[0].renew(keys) == tuple(key for key in keys if key.peer_id == "nobody")


# Bells


async def test_bells_go_where_the_peer_is(servers: list[RedisStore], pair: None) -> None:
    """To the server of its WebSocket and to those where it polls; not to the sender's own."""
    sender, with_socket, with_poll, _ = servers
    for store in servers:
        assert await store.hear() is None
    await attach(with_socket, RIGHT)
    for store in (with_poll, sender):
        assert await store.take(RIGHT) == ()
    await post(sender, b"x")
    assert await hear(with_socket) == await hear(with_poll) == Bell(Summons.MAIL, (RIGHT,))
    await with_poll.tell(ROOM, [RIGHT.peer_id], b"notice")
    assert await hear(with_socket) == await hear(sender) == Bell(Summons.MAIL, (RIGHT,))


async def test_server_hears_that_its_peer_has_left_or_timed_out(
    servers: list[RedisStore], pair: None, clock: FakeClock
) -> None:
    """By another server's doing."""
    mine, other = servers[0], servers[1]
    assert await mine.hear() is None
    left = await attach(mine, LEFT)
    assert await mine.take(RIGHT) == ()
    await other.leave(LEFT)
    assert await hear(mine) == Bell(Summons.LEFT, (LEFT,), left.serial)
    clock.advance(80)
    await other.expire()
    assert await hear(mine) == Bell(Summons.GONE, (RIGHT,))


# Cost


async def test_join_and_envelope_cost_few_commands(servers: list[RedisStore]) -> None:
    """A join tells those present in the same step; an envelope is put and fetched."""
    store, other = servers[0], servers[1]
    await store.create(a_room(), a_peer("p"))
    await store.join_and_tell(ROOM, a_peer("q"), b"notice")  # Redis is sent a script when it meets it first
    claim = await attach(other, RIGHT)
    await post(store, b"x")
    await other.fetch([claim])
    assert await other.take(LEFT) == (b"notice",)
    before = store.commands
    await store.join_and_tell(ROOM, a_peer("r"), b"notice")
    assert store.commands - before == 1
    assert await other.take(LEFT) == (b"notice",)
    before = store.commands + other.commands
    await post(store, b"x")
    await other.fetch([claim])
    assert store.commands + other.commands - before == 2


async def test_join_tells_only_of_who_is_new(servers: list[RedisStore], pair: None) -> None:
    """Not of one that comes back, nor of one that finds the room full, nor the newcomer itself."""
    one, other = servers[0], servers[1]
    assert await other.hear() is None
    await attach(other, RIGHT)
    again = await one.join_and_tell(ROOM, a_peer("p"), b"notice")
    assert isinstance(again, Entered)
    assert not again.is_new
    assert await one.join_and_tell(RoomId("none"), a_peer("p"), b"notice") is Refusal.NO_SUCH_ROOM
    assert await one.take(RIGHT) == ()
    await one.join_and_tell(ROOM, a_peer("r"), b"notice")
    assert await hear(other) == Bell(Summons.MAIL, (RIGHT,))
    assert (await one.take(LEFT), await one.take(a_key("r"))) == ((b"notice",), ())


# A Redis that fails


async def test_redis_that_is_not_there_is_named(clock: FakeClock) -> None:
    """At the start, without its password."""
    store = make_redis("redis://:secret@127.0.0.1:1/0", LIMITS, clock)
    with pytest.raises(StoreUnusable, match=r"redis://127\.0\.0\.1:1/0 cannot be used") as caught:
        await store.open()
    assert "secret" not in str(caught.value)
    await store.close()


async def test_store_of_another_version_is_refused(
    redis_url: str, session_redis: RedisServer, clock: FakeClock
) -> None:
    """Nothing in it is touched."""
    session_redis.command("SET", "speaktube:{directory}:format", "speaktube signaling 9")
    store = make_redis(redis_url, LIMITS, clock)
    with pytest.raises(StoreUnusable, match="another version"):
        await store.open()


async def test_redis_that_comes_back_empty_is_used_again(
    redis_url: str, session_redis: RedisServer, clock: FakeClock
) -> None:
    """While it is away each call hears so; then scripts are learnt anew and the old signing key is put back."""
    store = make_redis(redis_url, LIMITS, clock)
    await store.open()
    key = await store.signing_key()
    await store.create(a_room(), a_peer("p"))
    session_redis.stop()
    for call in (store.ping(), store.take(LEFT), store.expire(), store.count_rooms()):
        with pytest.raises(StoreUnavailable):
            await call
    session_redis.start()
    assert await store.renew([LEFT]) == (LEFT,)
    await store.expire()
    assert session_redis.command("EXISTS", SIGNING_KEY) == "1"
    assert await store.signing_key() == key
    assert isinstance(await store.create(a_room(), a_peer("p")), Entered)
    assert session_redis.command("EXISTS", *DUE_KEYS) == "1"
    await store.close()


@pytest.mark.parametrize("url", ["redis_url", "cluster_url"])
@pytest.mark.parametrize("policy", ["noeviction", "allkeys-lru", "volatile-ttl"])
async def test_redis_that_evicts_is_warned_about(
    request: pytest.FixtureRequest, clock: FakeClock, caplog: pytest.LogCaptureFixture, url: str, policy: str
) -> None:
    """At the start, by name: rooms would vanish piece by piece. Any primary of a cluster is enough."""
    store = make_redis(request.getfixturevalue(url), LIMITS, clock)
    name = "session_redis" if url == "redis_url" else "session_cluster"
    found = request.getfixturevalue(name)
    server = found if isinstance(found, RedisServer) else found[-1]
    server.command("CONFIG", "SET", "maxmemory-policy", policy)
    try:
        await store.open()
        assert store.may_evict == (policy != "noeviction")
        assert (f"maxmemory-policy is {policy}" in caplog.text) == store.may_evict
        await store.close()
    finally:
        server.command("CONFIG", "SET", "maxmemory-policy", "noeviction")


async def test_redis_that_does_not_tell_is_not_warned_about(
    redis_url: str, session_redis: RedisServer, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Some that are rented forbid to ask; the server starts all the same."""
    session_redis.command("ACL", "SETUSER", "default", "-info")
    try:
        store = make_redis(redis_url, LIMITS, clock)
        await store.open()
        assert not store.may_evict
        assert "maxmemory" not in caplog.text
        await store.close()
    finally:
        session_redis.command("ACL", "SETUSER", "default", "+info")
