"""What an operator sees at /metrics, and who else does not."""

import asyncio
import dataclasses
from contextlib import nullcontext
from typing import Any
from unittest.mock import Mock

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from prometheus_client.parser import text_string_to_metric_families

from signaling.config import SETTINGS
from signaling.errors import MetricsClosed, StoreUnavailable
from signaling.metrics import BOUNDS, LABELLED, PLAIN, check_reader
from signaling.tally import BUCKETS_S, Tally

from .conftest import Start
from .support import Answer, Meeting, assert_error, until

TOKEN = "a token for the scraper"
LOCAL = {"Host": "localhost:8080"}


async def scrape(meeting: Meeting) -> dict[str, float]:
    """Every sample by its name and labels, as Prometheus reads them."""
    answer = await meeting.call("GET", "/metrics")
    assert answer.status == 200, answer.text
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    found = {}
    for family in text_string_to_metric_families(answer.text):
        assert family.documentation, family.name
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


async def test_what_is_so_now_is_shown(meeting: Meeting) -> None:
    """Rooms, sockets, polls; a WebSocket counts before its hello too."""
    left, right = await meeting.pair()
    await meeting.connect(left)
    await meeting.socket()
    poll = asyncio.create_task(meeting.inbox(right, wait=20))
    await until(lambda: meeting.service.switchboard.polls)
    shown = await scrape(meeting)
    names = ("rooms", "websockets", "connected_peers", "waiting_polls", "draining", "store_up")
    assert [shown[f"signaling_{name}"] for name in names] == [1, 2, 1, 1, 0, 1]
    assert [value for name, value in shown.items() if name.startswith("signaling_build_info{version=")] == [1]
    assert {"process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds"} <= set(shown)
    await meeting.post("bye", left, right["peerId"], 1)
    await poll


async def test_what_has_happened_is_counted(meeting: Meeting) -> None:
    """Comings and goings, envelopes by their way, refusals by code."""
    left, right = await meeting.pair()
    socket = await meeting.connect(left)
    await meeting.post("offer", right, left["peerId"], 1)
    await meeting.post("offer", right, "A" * 22, 1)
    await socket.send_json({"type": "answer", "to": right["peerId"], "body": 1})
    await meeting.inbox(right, wait=5)
    await meeting.call("POST", "/signaling/leave-room", token=right["token"])
    shown = await scrape(meeting)
    wanted = {
        "rooms_created_total": 1,
        "peers_joined_total": 2,
        "peers_resumed_total": 0,
        "peers_left_total{reason=left}": 1,
        "peers_left_total{reason=timeout}": 0,
        "envelopes_pushed_total{kind=offer}": 1,
        "envelopes_mailed_total{kind=answer}": 1,
        "refusals_total{code=no_such_peer}": 1,
        "refusals_total{code=internal_error}": 0,
        "websockets_welcomed_total": 1,
        "websockets_closed_total{why=silent}": 0,
    }
    assert {name: shown[f"signaling_{name}"] for name in wanted} == wanted


async def test_calls_have_their_durations(meeting: Meeting) -> None:
    """By route template, method and class of status: cumulated buckets, a sum, a count."""
    for room_id in ("a", "b"):
        await meeting.call("GET", f"/signaling/offer/{room_id}")
    shown = await scrape(meeting)
    labels = "method=GET,route=/signaling/offer/{roomId},status=4xx"
    name = "signaling_http_request_duration_seconds"
    assert shown[f"{name}_count{{{labels}}}"] == 2
    assert shown[f"{name}_bucket{{le=+Inf,{labels}}}"] == 2
    assert shown[f"{name}_bucket{{le={BUCKETS_S[-1]},{labels}}}"] == 2
    assert 0 < shown[f"{name}_sum{{{labels}}}"] < 5
    assert not [sample for sample in shown if "/offer/a" in sample]


async def test_every_bound_is_seen_when_it_is_hit(start: Start) -> None:
    """Also those that cut without a word."""
    meeting = await start(room_peers=2, hello_timeout_s=0.01, max_body_bytes=1024, out_buffer_bytes=65_536)
    left, right = await meeting.pair()
    await meeting.call("POST", "/signaling/join-room", {"roomId": left["room"]["roomId"]})
    mute = await meeting.socket()
    assert (await mute.receive()).data == 4408
    wordy = await meeting.connect(left)
    await wordy.send_str("x" * 5000)
    assert (await wordy.receive()).data == 1009
    await meeting.connect(right)
    connection = next(iter(meeting.service.switchboard.connections.values()))
    for _ in range(2):
        connection.send(b"x" * 65_537)
    await until(lambda: not meeting.service.switchboard.sockets)
    shown = await scrape(meeting)
    hit = {name for name, value in shown.items() if name.startswith("signaling_bound_hits_total") and value}
    names = ("room_peers", "hello_timeout_s", "max_body_bytes", "out_buffer_bytes")
    assert hit == {f"signaling_bound_hits_total{{bound={name}}}" for name in names}
    assert shown["signaling_websockets_closed_total{why=too_slow}"] == 2
    assert shown["signaling_websockets_closed_total{why=too_large}"] == 1


def test_every_bound_is_the_name_of_a_setting() -> None:
    """So that who sees it knows what to turn."""
    assert set(BOUNDS) <= {setting.field for setting in SETTINGS}


def test_whatever_is_tallied_is_shown() -> None:
    """A count that nobody sees is none."""
    shown = {row.field for row in (*LABELLED, *PLAIN)} | {"answers"}
    assert shown == {field.name for field in dataclasses.fields(Tally)}


async def test_store_that_does_not_answer_is_shown_as_such(meeting: Meeting, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest is there all the same."""

    async def fail() -> None:
        raise StoreUnavailable

    monkeypatch.setattr(meeting.service.readiness, "_ping", fail)
    shown = await scrape(meeting)
    assert shown["signaling_store_up"] == 0
    assert "signaling_rooms" not in shown
    assert shown["signaling_websockets"] == 0


async def test_draining_server_still_shows_its_figures(meeting: Meeting) -> None:
    """The last scrape tells how it went."""
    await meeting.service.close()
    assert (await scrape(meeting))["signaling_draining"] == 1


async def test_two_servers_do_not_share_figures(start: Start) -> None:
    """In one process: no state is global."""
    one, other = await start(), await start()
    await one.create()
    assert (await scrape(one))["signaling_rooms_created_total"] == 1
    assert (await scrape(other))["signaling_rooms_created_total"] == 0


async def _ask(meeting: Meeting, **headers: str) -> Answer:
    return await meeting.call(
        "GET", "/metrics", headers={name.replace("_", "-"): text for name, text in headers.items()}
    )


async def test_token_opens_the_figures(start: Start) -> None:
    """And nothing else does then, not even being on the same machine."""
    meeting = await start(metrics_token=TOKEN)
    assert (await _ask(meeting, Authorization=f"Bearer {TOKEN}")).status == 200
    assert (await _ask(meeting, Authorization=f"Bearer {TOKEN}", X_Forwarded_For="192.0.2.1")).status == 200
    assert_error(await _ask(meeting), 401, "unauthenticated")
    for wrong in (TOKEN[:-1], TOKEN + "x", "é\udcff"):
        assert_error(await _ask(meeting, Authorization=f"Bearer {wrong}"), 401, "invalid_token")


@pytest.mark.parametrize("host", ["localhost", "localhost:8080", "LOCALHOST", "127.0.0.1:1", "[::1]:8080", "[::1]"])
async def test_without_a_token_this_machine_may_read(meeting: Meeting, host: str) -> None:
    """`curl localhost:8080/metrics` on the server itself."""
    assert (await _ask(meeting, Host=host)).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"X_Forwarded_For": "192.0.2.1"},
        {"X_Real_IP": "192.0.2.1"},
        {"Forwarded": "for=192.0.2.1"},
        {"Via": "1.1 proxy"},
        {"Host": "signal.example"},
        {"Host": "localhost.signal.example"},
        {"Host": "["},
        {"Host": ""},
    ],
)
async def test_without_a_token_who_comes_through_a_proxy_may_not(meeting: Meeting, headers: Any) -> None:
    """Nor a page whose name resolves to this machine; the hint names the setting."""
    answer = await _ask(meeting, **headers)
    assert_error(answer, 403, "metrics_closed")
    assert "SIGNALING_METRICS_TOKEN" in answer.json["error"]["hint"]


@pytest.mark.parametrize(
    ("address", "is_let_in"),
    [
        ("127.0.0.1", True),
        ("127.8.9.10", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("192.0.2.1", False),
        ("10.0.0.1", False),
        ("2001:db8::1", False),
        ("::ffff:192.0.2.1", False),
        ("fe80::1%eth0", False),
    ],
)
def test_without_a_token_other_machines_may_not(address: str, is_let_in: bool) -> None:
    """Whatever Host they send; IPv4 within IPv6 is what it holds."""
    with nullcontext() if is_let_in else pytest.raises(MetricsClosed):
        check_reader(_from((address, 4711)), None)


@pytest.mark.parametrize("name", ["", None])
def test_caller_without_an_address_is_no_neighbour(name: str | None) -> None:
    """A UNIX socket is what proxies use."""
    with pytest.raises(MetricsClosed):
        check_reader(_from(name), None)


def _from(name: object) -> web.Request:
    """A request of somebody with this name on the network."""
    transport = Mock()
    transport.get_extra_info = lambda key: name if key == "peername" else None
    return make_mocked_request("GET", "/metrics", headers=LOCAL, transport=transport)
