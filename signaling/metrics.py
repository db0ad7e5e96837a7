"""/metrics in Prometheus' text format: what `Tally` has counted, and what is so now, written when it is asked for.

Nothing here runs between two scrapes, so metrics cost the work itself one addition. The registry belongs to the
application: two servers in one process do not meet. Labels are words of ours; every one that we know of stands there
from the start with 0, so that its first increase is seen. Who may read is decided here too: how busy a server is, and
how close to its bounds, is no business of strangers.
"""

import asyncio
import hmac
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import version
from ipaddress import IPv6Address, ip_address
from itertools import accumulate
from typing import NamedTuple

from aiohttp import web
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from . import wire
from .bounds.gate import GATED
from .connection import CloseCode
from .errors import InvalidToken, MetricsClosed, Refused, StoreUnavailable, Unauthenticated
from .identity.auth import bearer
from .service import SERVICE, Service
from .store.shared import SharedStore
from .tally import BUCKETS_S, Durations

__all__ = ["METRICS", "Metrics", "check_reader", "metrics"]

FORWARDED = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP")
"""What proxies add: with any of them a call from this machine is somebody else's."""

LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
"""A page that has its own name resolve to this machine does not get these into the Host header."""

SILENT_BOUNDS = (
    "buffered_bytes",
    "hello_timeout_s",
    "mailbox_entries",
    "max_body_bytes",
    "out_buffer_bytes",
    "stall_timeout_s",
    "tcp_connections",
    "waiting_polls",
)
"""Reached without a refusal: what is cut or dropped without a word, over WebSockets and in mailboxes."""


class _Labelled(NamedTuple):
    """A counter of the tally with one label."""

    field: str
    name: str
    meaning: str
    label: str
    values: tuple[str, ...]
    """Those that are shown from the start."""


class _Plain(NamedTuple):
    """A counter of the tally without labels."""

    field: str
    name: str
    meaning: str


def _kinds(kind: type[Refused]) -> Iterator[type[Refused]]:
    for below in kind.__subclasses__():
        yield below
        yield from _kinds(below)


REFUSALS = tuple(_kinds(Refused))
CODES = tuple(sorted({each.code for each in REFUSALS if "code" in vars(each)}))
BOUNDS = tuple(sorted({*SILENT_BOUNDS, *GATED, *(each.bound for each in REFUSALS if each.bound)}))
CLOSINGS = (*(code.name.lower() for code in CloseCode), "silent")

LABELLED = (
    _Labelled("refusals", "refusals", "Errors told to clients, over HTTP and WebSocket, by code.", "code", CODES),
    _Labelled("bounds", "bound_hits", "Times that a bound was reached, by the setting that names it.", "bound", BOUNDS),
    _Labelled("pushed", "envelopes_pushed", "Envelopes written straight to a WebSocket.", "kind", wire.KINDS),
    _Labelled("mailed", "envelopes_mailed", "Envelopes put into a mailbox of the store.", "kind", wire.KINDS),
    _Labelled("peers_left", "peers_left", "Peers that are gone, by reason.", "reason", ("left", "timeout")),
    _Labelled(
        "connections_closed", "websockets_closed", "WebSockets that this server ended, and why.", "why", CLOSINGS
    ),
)
PLAIN = (
    _Plain("rooms_created", "rooms_created", "Rooms made."),
    _Plain("peers_joined", "peers_joined", "Peers that came into a room."),
    _Plain("peers_resumed", "peers_resumed", "Peers that came back with their resume secret and had not been missed."),
    _Plain("connections_opened", "websockets_welcomed", "WebSockets whose hello was accepted."),
)


class Metrics(Collector):
    """The figures of one application."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._rooms: int | None = None
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    async def write(self) -> bytes:
        """All figures; the store is asked, but not waited for longer than /readyz does."""
        self._rooms = await self._count_rooms()
        return generate_latest(self._registry)

    async def _count_rooms(self) -> int | None:
        """None while the store does not answer."""
        try:
            await self._service.readiness.check()
            async with asyncio.timeout(self._service.config.ready_timeout_s):
                return await self._service.store.count_rooms()
        except (StoreUnavailable, TimeoutError):
            return None

    def collect(self) -> Iterable[Metric]:
        """What Prometheus' client writes."""
        tally = self._service.tally
        yield from self._gauges()
        for plain in PLAIN:
            yield CounterMetricFamily(f"signaling_{plain.name}", plain.meaning, value=getattr(tally, plain.field))
        for row in LABELLED:
            yield _counter(row, getattr(tally, row.field))
        yield self._durations()

    def _gauges(self) -> Iterator[Metric]:
        service, board = self._service, self._service.switchboard
        build = GaugeMetricFamily("signaling_build_info", "Always 1; the version is the label.", labels=["version"])
        build.add_metric([version("speaktube")], 1)
        yield build
        yield _gauge("websockets", "WebSockets that are open, those without a hello included.", len(board.sockets))
        yield _gauge("connected_peers", "Peers whose WebSocket is open here.", len(board.connections))
        yield _gauge("waiting_polls", "GETs that wait for an envelope.", board.polls)
        yield _gauge("paces", "Users, addresses and peers that have lately taken of a rate.", service.gate.remembered)
        yield _gauge("draining", "1 from SIGTERM on.", service.is_draining)
        yield _gauge("store_up", "1 if the store has answered this scrape.", self._rooms is not None)
        may_evict = isinstance(service.store, SharedStore) and service.store.may_evict
        told = "1 if the store throws rooms away when its memory is full, as found at the start."
        yield _gauge("store_may_evict", told, may_evict)
        if self._rooms is not None:
            yield _gauge("rooms", "Rooms in the store; servers that share one all show the same.", self._rooms)

    def _durations(self) -> Metric:
        family = HistogramMetricFamily(
            "signaling_http_request_duration_seconds",
            "How long HTTP calls took, waiting of polls included; WebSockets are not among them.",
            labels=["method", "route", "status"],
        )
        for call, durations in self._service.tally.answers.items():
            labels = [call.method, call.route, f"{call.status}xx"]
            family.add_metric(labels, buckets=_buckets(durations), sum_value=durations.total_s)
        return family


METRICS = web.AppKey("METRICS", Metrics)
"""Under which an application carries its figures."""


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(f"signaling_{name}", meaning, value=float(value))


def _counter(row: _Labelled, counts: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(f"signaling_{row.name}", row.meaning, labels=[row.label])
    for value in dict.fromkeys((*row.values, *counts)):
        family.add_metric([value], counts.get(value, 0))
    return family


def _buckets(durations: Durations) -> list[tuple[str, float]]:
    bounds = (*map(str, BUCKETS_S), "+Inf")
    return list(zip(bounds, accumulate(durations.counts), strict=True))


async def metrics(request: web.Request) -> web.Response:
    """S17, for Prometheus."""
    check_reader(request, request.app[SERVICE].config.metrics_token)
    body = await request.app[METRICS].write()
    return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})


def check_reader(request: web.Request, token: str | None) -> None:
    """Let the operator in: by the token, or without one from this very machine; raise for all others."""
    if token is None:
        if not _is_local(request):
            raise MetricsClosed
        return
    given = bearer(request.headers.get("Authorization"))
    if given is None:
        raise Unauthenticated
    if not hmac.compare_digest(given.encode(errors="replace"), token.encode()):
        raise InvalidToken("it is not SIGNALING_METRICS_TOKEN")


def _is_local(request: web.Request) -> bool:
    """Asked from this machine, by its own name, and with no sign of a proxy in between."""
    name = request.transport.get_extra_info("peername") if request.transport else None
    if not name or any(header in request.headers for header in FORWARDED):
        return False
    return _is_loopback(name[0]) and _without_port(request.host) in LOCAL_HOSTS


def _without_port(host: str) -> str:
    return host[: host.find("]") + 1] if host.startswith("[") else host.partition(":")[0].lower()


def _is_loopback(text: str) -> bool:
    address = ip_address(text.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback
