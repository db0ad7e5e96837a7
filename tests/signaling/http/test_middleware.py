"""One error shape, request ids, lines and counts, security headers."""

import logging

import pytest

from signaling.errors import StoreUnavailable

from ..support import Meeting, assert_error, until


async def test_unknown_address_and_method_are_json(meeting: Meeting) -> None:
    """404 and 405, with Allow."""
    assert_error(await meeting.call("GET", "/nowhere"), 404, "not_found")
    assert_error(await meeting.call("GET", "/signaling/offer/a%2Fb%00/c"), 404, "not_found")
    answer = await meeting.call("DELETE", "/signaling/create-room")
    assert_error(answer, 405, "method_not_allowed")
    assert answer.headers["Allow"] == "POST"


async def test_every_answer_has_security_headers(meeting: Meeting) -> None:
    """Also the failures."""
    for path in ("/healthz", "/nowhere", "/j", "/signaling/rooms"):
        headers = (await meeting.call("GET", path)).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in headers["Content-Security-Policy"]


@pytest.mark.allow_logged_errors
async def test_our_own_bug_is_a_500_in_json_and_in_the_log(
    meeting: Meeting, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client learns nothing, the operator everything."""

    async def fail(*_: object) -> None:
        raise KeyError("a secret detail")

    monkeypatch.setattr(meeting.service.store, "page", fail)
    answer = await meeting.call("GET", "/signaling/rooms")
    assert_error(answer, 500, "internal_error")
    assert "secret" not in answer.text
    assert "GET /signaling/rooms failed" in caplog.text
    assert "a secret detail" in caplog.text


@pytest.mark.parametrize(
    ("method", "path", "route", "status"),
    [
        ("GET", "/signaling/rooms", "/signaling/rooms", 2),
        ("GET", "/signaling/offer/some-room", "/signaling/offer/{roomId}", 4),
        ("GET", "/some-where", "?", 4),
        ("DELETE", "/signaling/rooms", "?", 4),
        ("PURGE", "/signaling/rooms", "?", 4),
    ],
)
async def test_answers_count_by_template(meeting: Meeting, method: str, path: str, route: str, status: int) -> None:
    """Never by path, and methods that are none of ours count as one: labels are bounded."""
    await meeting.call(method, path)
    label = "other" if method == "PURGE" else method
    assert [tuple(call) for call in meeting.service.tally.answers] == [(label, route, status)]


async def test_every_answer_has_a_request_id(meeting: Meeting) -> None:
    """A proxy's, or a new one for each call."""
    ids = [(await meeting.call("GET", path)).headers["X-Request-Id"] for path in ("/healthz", "/nowhere", "/j")]
    assert len(set(ids)) == 3
    assert {len(each) for each in ids} == {16}
    theirs = await meeting.call("GET", "/healthz", headers={"X-Request-Id": "proxy-7"})
    assert theirs.headers["X-Request-Id"] == "proxy-7"
    bad = await meeting.call("GET", "/healthz", headers={"X-Request-Id": "a b"})
    assert bad.headers["X-Request-Id"] != "a b"


async def test_websocket_has_a_request_id(meeting: Meeting) -> None:
    """In the answer to its upgrade."""
    socket = await meeting.socket()
    assert len(socket._response.headers["X-Request-Id"]) == 16


async def _lines(meeting: Meeting, caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """The lines of one call of each kind."""
    caplog.set_level(logging.DEBUG, logger="signaling")
    left, right = await meeting.pair()
    await meeting.call("POST", "/signaling/heartbeat", token=left["token"])
    await meeting.post("offer", left, right["peerId"], 1)
    for path in ("/healthz", "/nowhere"):
        await meeting.call("GET", path)
    marked = [record for record in caplog.records if record.getMessage().startswith("< ")]
    return [(record.levelname, record.getMessage().partition(" in ")[0]) for record in marked]


async def test_each_call_has_one_line(meeting: Meeting, caplog: pytest.LogCaptureFixture) -> None:
    """Routine at DEBUG, the rest at INFO, and nothing for those who ask whether the server is well."""
    assert await _lines(meeting, caplog) == [
        ("INFO", "< POST /signaling/create-room 200"),
        ("INFO", "< POST /signaling/join-room 200"),
        ("DEBUG", "< GET /signaling/inbox/{roomId} 200"),
        ("DEBUG", "< POST /signaling/heartbeat 200"),
        ("INFO", "< POST /signaling/offer 202"),
        ("INFO", "< GET ? 404"),
    ]


async def test_line_of_a_call_has_its_fields(meeting: Meeting, caplog: pytest.LogCaptureFixture) -> None:
    """For machines; a WebSocket's line comes with its end."""
    caplog.set_level(logging.INFO, logger="signaling")
    await meeting.call("GET", "/signaling/rooms")
    fields = vars(caplog.records[-1])["fields"]
    assert (fields["method"], fields["route"], fields["status"]) == ("GET", "/signaling/rooms", 200)
    assert fields["ms"] >= 0
    socket = await meeting.connect(await meeting.create())
    await socket.close()
    await until(lambda: "ws" in caplog.records[-1].getMessage())
    assert vars(caplog.records[-1])["fields"]["status"] == 101
    assert "/signaling/ws" not in [call.route for call in meeting.service.tally.answers]


async def test_probes_are_answered_while_the_server_goes(meeting: Meeting) -> None:
    """The process is well; everything else comes back later."""
    await meeting.service.close()
    assert (await meeting.call("GET", "/healthz")).status == 200
    assert_error(await meeting.call("GET", "/signaling/rooms"), 503, "going_away")


async def test_store_that_does_not_answer_is_a_503(meeting: Meeting, monkeypatch: pytest.MonkeyPatch) -> None:
    """With Retry-After."""

    async def fail(*_: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(meeting.service.store, "page", fail)
    assert_error(await meeting.call("GET", "/signaling/rooms"), 503, "store_unavailable")


async def test_logs_hold_no_secrets(meeting: Meeting, caplog: pytest.LogCaptureFixture) -> None:
    """Neither tokens nor bodies nor whole ids, even when everything is printed."""
    caplog.set_level(logging.DEBUG, logger="signaling")
    left, right = await meeting.pair()
    socket = await meeting.connect(left)
    await meeting.post("offer", right, left["peerId"], "v=0 sdp 192.0.2.1")
    await socket.receive_json()
    await meeting.call("POST", "/signaling/heartbeat", token="x" + left["token"])
    log = "\n".join(record.getMessage() for record in caplog.records if record.name == "signaling")
    assert "joined room" in log
    secrets = (left["token"], left["resume"], left["peerId"], left["room"]["roomId"], "sdp", "192.0.2.1", "127.0.0.1")
    assert [secret for secret in secrets if secret in log] == []
