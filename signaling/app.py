"""The application put together, and how it runs: one place that opens the store, owns the clock and the sweep.

app = create_app(Config(guests=True, store="memory:"))          for aiohttp's own runners and test servers
async with running_server(Config(guests=True, port=0)) as url:  in the same process, on a real port
"""

import asyncio
import contextlib
import errno
import logging
import secrets
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp_cors
from aiohttp import web
from aiohttp.log import server_logger

from .bounds.seats import Origins
from .config import Config
from .errors import AddressInUse, BadSetting, StoreUnavailable
from .http.middleware import ROOM_CALLS, add_headers, watch_calls
from .http.origins import ALLOWED_HEADERS, EXPOSED_HEADERS, GRANT_S
from .http.route import Asker
from .http.routes import ROUTES
from .http.runner import Runner, protocol_options
from .identity.access import user_tokens
from .identity.attestation import Attestor
from .identity.auth import RoomTokens, UserTokens
from .metrics import METRICS, Metrics
from .service import SERVICE, Service
from .sockets import accepted_at_once, most_connections, widen_backlog
from .store.memory import MemoryStore
from .store.port import Store
from .store.shared import SharedStore
from .switchboard import Switchboard
from .trunk import Trunk

__all__ = ["check_config", "create_app", "open_store", "running_server"]

log = logging.getLogger("signaling")

Clock = Callable[[], float]


def create_app(config: Config, *, store: Store | None = None, clock: Clock = time.time) -> web.Application:
    """A server for these settings; raise BadSetting for those that cannot work together."""
    kept = store if store is not None else open_store(config, clock=clock)
    clock = _clock_of(kept, clock)
    users = check_config(config, clock=clock)
    app = web.Application(middlewares=[watch_calls], client_max_size=config.max_frame_bytes)

    async def life(app: web.Application) -> AsyncIterator[None]:
        await kept.open()
        try:
            app[SERVICE] = await _make_service(config, kept, users, clock)
            app[METRICS] = Metrics(app[SERVICE])
            async with _sweeping(app[SERVICE]), _keys_at_hand(users), _in_touch(app[SERVICE]):
                yield
        finally:
            await kept.close()

    app.cleanup_ctx.append(life)
    app.on_shutdown.append(_send_home)
    _add_routes(app, config)
    app.on_response_prepare.append(add_headers)
    return app


def check_config(config: Config, *, clock: Clock = time.time) -> UserTokens | None:
    """The judge of users' JWTs, or None where only guests come; raise BadSetting for what cannot work together."""
    if config.turn_urls and not config.turn_secret:
        raise BadSetting("SIGNALING_TURN_URLS needs SIGNALING_TURN_SECRET, coturn's static-auth-secret")
    return user_tokens(config, clock=clock)


def _clock_of(store: Store, clock: Clock) -> Clock:
    """That of the store where servers share it: one whose own clock is wrong judges tokens as the others do."""
    if not isinstance(store, SharedStore):
        return clock
    return lambda: clock() + store.skew_s


def open_store(config: Config, *, clock: Clock = time.time) -> Store:
    """The engine that the settings name, not yet opened."""
    engine, _, path = config.store.partition(":")
    if engine == "memory":
        return MemoryStore(config.limits, clock=clock, signing_key=secrets.token_bytes(32))
    if engine == "diskcache":
        from .store.diskcache import DiskcacheStore

        return DiskcacheStore(Path(path).expanduser(), config.limits, clock=clock)
    from .store.redis.engine import RedisStore

    return RedisStore(
        config.store,
        config.limits,
        connections=config.redis_connections,
        max_waiting=config.redis_waiting,
        timeout_s=config.redis_timeout_s,
        clock=clock,
    )


async def _make_service(config: Config, store: Store, users: UserTokens | None, clock: Clock) -> Service:
    key = await store.signing_key()
    switchboard = Switchboard(waiting_polls=config.waiting_polls)
    return Service(
        config=config,
        store=store,
        tokens=RoomTokens(key, ttl_s=config.room_token_ttl_s, clock=clock),
        attestor=Attestor(
            key,
            issuer=config.issuer,
            ttl_s=config.attestation_ttl_s,
            clock=clock,
            random_bytes=secrets.token_bytes,
        ),
        origins=Origins(key),
        users=users,
        switchboard=switchboard,
        trunk=Trunk(store, switchboard) if isinstance(store, SharedStore) else None,
        limiter=store.limiter if isinstance(store, SharedStore) else None,
        clock=clock,
        random_bytes=secrets.token_bytes,
    )


def _add_routes(app: web.Application, config: Config) -> None:
    options = aiohttp_cors.ResourceOptions(  # type: ignore[no-untyped-call]
        allow_headers=ALLOWED_HEADERS,
        expose_headers=EXPOSED_HEADERS,
        max_age=GRANT_S,
    )
    app[ROOM_CALLS] = frozenset(row.path for row in ROUTES if row.asker is Asker.ROOM_TOKEN)
    cors = aiohttp_cors.setup(app, defaults=dict.fromkeys(config.cors_origins, options))
    for row in ROUTES:
        route = app.router.add_route(row.method, row.path, row.handler)
        if config.cors_origins and row.cross_origin:
            cors.add(route)


async def _send_home(app: web.Application) -> None:
    await app[SERVICE].close()


@contextlib.asynccontextmanager
async def _keys_at_hand(users: UserTokens | None) -> AsyncIterator[None]:
    if users is None:
        yield
        return
    await users.keys.open()
    try:
        yield
    finally:
        await users.keys.close()


@contextlib.asynccontextmanager
async def _in_touch(service: Service) -> AsyncIterator[None]:
    """With the other servers on the same store."""
    if service.trunk is None:
        yield
        return
    async with service.trunk.running():
        yield


@contextlib.asynccontextmanager
async def _sweeping(service: Service) -> AsyncIterator[None]:
    task = asyncio.create_task(_sweep_for_ever(service))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _sweep_for_ever(service: Service) -> None:
    while True:
        await asyncio.sleep(service.config.sweep_s)
        try:
            await service.sweep()
        except StoreUnavailable:
            log.warning("! the store does not answer; departures are told later")
        except Exception:
            log.exception("! a sweep failed")


def _hide_request(record: logging.LogRecord) -> bool:
    """A filter for aiohttp's log, which would quote what it cannot parse, tokens included, under our name for a bug."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, web.RequestPayloadError):
        record.msg, record.args = f"! a request that cannot be read: {type(error).__name__}", ()
        record.levelno, record.levelname = logging.INFO, logging.getLevelName(logging.INFO)
        record.exc_info = None
    return True


@contextlib.asynccontextmanager
async def running_server(config: Config, *, store: Store | None = None, clock: Clock = time.time) -> AsyncIterator[str]:
    """Serve until the block ends; gives the server's URL."""
    server_logger.addFilter(_hide_request)
    runner = Runner(create_app(config, store=store, clock=clock), **protocol_options(config))
    await runner.setup()
    try:
        url = await _listen(runner, config)
        if (most := most_connections(config)) < config.tcp_connections:
            log.warning("! room for %d connections: the system allows no more open files (ulimit -n)", most)
        yield url
        await _drain(runner.app[SERVICE])
    finally:
        await runner.cleanup()


async def _drain(service: Service) -> None:
    """Let load balancers see that this server goes, while it still serves whom they send."""
    service.is_draining = True
    if service.config.drain_s:
        log.info("= draining for %g s", service.config.drain_s)
        await asyncio.sleep(service.config.drain_s)


async def _listen(runner: web.AppRunner, config: Config) -> str:
    try:
        await web.TCPSite(runner, config.host, config.port, backlog=accepted_at_once()).start()
        widen_backlog(runner)
    except OSError as error:
        reason = "it is in use" if error.errno == errno.EADDRINUSE else str(error.strerror or error)
        raise AddressInUse(config.host, config.port, reason) from error
    host = f"[{config.host}]" if ":" in config.host else config.host
    return f"http://{host}:{runner.addresses[0][1]}"
