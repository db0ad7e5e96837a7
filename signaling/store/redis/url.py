"""The forms of SIGNALING_STORE that name a Redis, and a client for each; loads redis-py, and connects to nothing.

    redis://[user:password@]host[:port][/db]                      rediss:// for TLS
    unix://[user:password@]/path/of/socket[?db=0]
    redis+sentinel://[user:password@]host[:port],...[/service]    rediss+sentinel:// for TLS; service is mymaster
    redis+cluster://[user:password@]host[:port],...               rediss+cluster:// for TLS

Valkey answers to the same. A query adds what redis-py takes: `ssl_ca_certs`, `ssl_certfile`, `ssl_keyfile`, and
`sentinel_username` and `sentinel_password` where Sentinels have their own. Nothing is retried by itself: a step may
have been done although its answer was lost, so whether to repeat it is the client's decision.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from redis.asyncio import BlockingConnectionPool, Redis, RedisCluster
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from ...errors import BadSetting
from .lanes import Client

__all__ = ["connect", "where"]

REDIS_PORT = 6379
SENTINEL_PORT = 26_379
DEFAULT_SERVICE = "mymaster"

ALLOWED = {"db", "ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "sentinel_username", "sentinel_password"}


@dataclass(frozen=True, slots=True)
class _Target:
    """A URL taken apart."""

    parts: SplitResult
    options: dict[str, Any]
    """As redis-py's connections take them, credentials included."""
    extra: dict[str, str]
    """What the query adds."""
    max_connections: int

    @property
    def credentials(self) -> dict[str, Any]:
        pairs = {"username": self.parts.username, "password": self.parts.password}
        return {name: unquote(value) for name, value in pairs.items() if value}

    @property
    def tls(self) -> dict[str, Any]:
        given = {name: value for name, value in self.extra.items() if name.startswith("ssl_")}
        return {"ssl": True, **given} if self.parts.scheme.startswith("rediss") else {}

    def hosts(self, default_port: int) -> list[tuple[str, int]]:
        _, _, listed = self.parts.netloc.rpartition("@")
        return [_host(each, default_port) for each in listed.split(",")]


class _Watched(Redis):
    """Says what becomes of keys where memory is full."""

    async def eviction_policies(self) -> set[str]:
        """`maxmemory-policy`; empty where a Redis does not tell."""
        try:
            return _policies([await self.info("memory")])
        except (RedisError, OSError, TimeoutError):
            return set()


def _policies(found: Iterable[Mapping[str, Any]]) -> set[str]:
    return {str(each["maxmemory_policy"]) for each in found if "maxmemory_policy" in each}


class _Cluster(RedisCluster):
    """One that can be told that a node has failed; redis-py finds out by itself only from single commands."""

    async def refresh(self) -> None:
        """Ask the nodes that are left who has its slots."""
        await self.nodes_manager.initialize()

    async def eviction_policies(self) -> set[str]:
        """`maxmemory-policy` of all its primaries; empty where they do not tell."""
        try:
            found = await self.execute_command("INFO", "memory", target_nodes=RedisCluster.PRIMARIES)
        except (RedisError, OSError, TimeoutError):
            return set()
        return _policies([found] if "maxmemory_policy" in found else found.values())


class _Single(_Watched):
    """One Redis, or the master that Sentinel names for each new connection."""

    async def refresh(self) -> None:
        """Nothing to find out."""

    @classmethod
    def on(cls, pool: BlockingConnectionPool) -> "_Single":
        """With a pool that it closes when it is closed."""
        client = cls(connection_pool=pool)
        client.auto_close_connection_pool = True
        return client


def connect(url: str, *, connections: int, timeout_s: float) -> Client:
    """A client that has not connected yet; raise BadSetting for a URL that cannot be one."""
    try:
        parts = urlsplit(url)
        extra = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
        make = _MAKERS[parts.scheme.replace("rediss", "redis")]
        if not set(extra) <= ALLOWED:
            raise ValueError
        options = {
            "socket_timeout": timeout_s,
            "socket_connect_timeout": timeout_s,
            "retry": Retry(NoBackoff(), 0),
            "protocol": 2,
        }
        return make(_Target(parts, options, extra, connections))
    except (ValueError, KeyError) as error:
        raise BadSetting(
            f"SIGNALING_STORE names no Redis that could be reached ({where(url)}); its forms are redis://HOST:PORT/0, "
            "rediss://..., unix:///PATH, redis+sentinel://HOST:PORT,.../SERVICE and redis+cluster://HOST:PORT,..."
        ) from error


def where(url: str) -> str:
    """The URL without what may be secret, for logs and errors."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('?')[0].rpartition('@')[2]}"


def _host(text: str, default_port: int) -> tuple[str, int]:
    parts = urlsplit("//" + text)
    if not parts.hostname:
        raise ValueError
    return parts.hostname, parts.port or default_port


def _one_server(target: _Target) -> Client:
    host, port = _host(target.parts.netloc.rpartition("@")[2], REDIS_PORT)
    database = target.extra.get("db") or target.parts.path.strip("/") or 0
    kwargs: dict[str, Any] = {**target.options, **target.credentials, "host": host, "port": port, "db": int(database)}
    if target.tls:
        from redis.asyncio import SSLConnection

        kwargs |= {"connection_class": SSLConnection, **{n: v for n, v in target.tls.items() if n != "ssl"}}
    return _Single.on(_pool(target, kwargs))


def _unix_socket(target: _Target) -> Client:
    from redis.asyncio import UnixDomainSocketConnection

    if not target.parts.path:
        raise ValueError
    kwargs = {
        **target.options,
        **target.credentials,
        "connection_class": UnixDomainSocketConnection,
        "path": unquote(target.parts.path),
        "db": int(target.extra.get("db", 0)),
    }
    return _Single.on(_pool(target, kwargs))


def _pool(target: _Target, kwargs: dict[str, Any]) -> BlockingConnectionPool:
    timeout_s = target.options["socket_timeout"]
    return BlockingConnectionPool(max_connections=target.max_connections, timeout=timeout_s, **kwargs)


def _sentinel(target: _Target) -> Client:
    names = {"sentinel_username": "username", "sentinel_password": "password"}
    own = {names[name]: value for name, value in target.extra.items() if name in names}
    sentinel = Sentinel(  # type: ignore[no-untyped-call]
        target.hosts(SENTINEL_PORT),
        sentinel_kwargs={**target.options, **own, **target.tls},
        **target.options,
        **target.credentials,
        **target.tls,
    )
    service = target.parts.path.strip("/") or DEFAULT_SERVICE
    client: Client = sentinel.master_for(service, redis_class=_Single, db=int(target.extra.get("db", 0)))
    return client


def _cluster(target: _Target) -> Client:
    nodes = [ClusterNode(host, port) for host, port in target.hosts(REDIS_PORT)]
    return _Cluster(
        startup_nodes=nodes,
        max_connections=target.max_connections,
        **target.options,
        **target.credentials,
        **target.tls,
    )


_MAKERS: dict[str, Callable[[_Target], Client]] = {
    "redis": _one_server,
    "unix": _unix_socket,
    "redis+sentinel": _sentinel,
    "redis+cluster": _cluster,
}
