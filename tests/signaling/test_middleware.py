"""One error shape, security headers, and pages of other origins."""

import logging

import pytest

from signaling.errors import StoreUnavailable

from .conftest import Start
from .support import Meeting, assert_error

PAGE = "https://chat.example"


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


async def test_store_that_does_not_answer_is_a_503(meeting: Meeting, monkeypatch: pytest.MonkeyPatch) -> None:
    """With Retry-After."""

    async def fail(*_: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(meeting.service.store, "page", fail)
    assert_error(await meeting.call("GET", "/signaling/rooms"), 503, "store_unavailable")


async def test_page_of_a_named_origin_may_ask(start: Start) -> None:
    """S13: preflight, answer, and failures such as 404 that aiohttp-cors forgets; Vary on all."""
    meeting = await start(cors_origins=(PAGE,))
    preflight = {
        "Origin": PAGE,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    answer = await meeting.call("OPTIONS", "/signaling/create-room", headers=preflight)
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (200, PAGE)
    assert "AUTHORIZATION" in answer.headers["Access-Control-Allow-Headers"].upper()
    calls = [("POST", "/signaling/create-room", 200), ("POST", "/signaling/heartbeat", 401), ("GET", "/nowhere", 404)]
    for method, path, status in [*calls, ("PUT", "/signaling/rooms", 405)]:
        answer = await meeting.call(method, path, headers={"Origin": PAGE})
        assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (status, PAGE)
        assert answer.headers["Vary"] == "Origin"


async def test_page_of_another_origin_may_not(start: Start) -> None:
    """No permission in any answer; the preflight fails."""
    meeting = await start(cors_origins=(PAGE,))
    headers = {"Origin": "https://evil.example"}
    answer = await meeting.call("GET", "/signaling/rooms", headers=headers)
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert answer.headers["Vary"] == "Origin"
    preflight = {**headers, "Access-Control-Request-Method": "POST"}
    answer = await meeting.call("OPTIONS", "/signaling/create-room", headers=preflight)
    assert_error(answer, 403, "wrong_origin")


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "null", ""])
async def test_origin_that_cannot_be_read_is_a_wrong_one(meeting: Meeting, origin: str) -> None:
    """For the WebSocket, as any other page's."""
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    headers = {**upgrade, "Sec-WebSocket-Key": "A" * 22 + "==", "Origin": origin}
    assert_error(await meeting.call("GET", "/signaling/ws", headers=headers), 403, "wrong_origin")
    assert_error(await meeting.call("GET", "/signaling/ws", headers={**headers, "Host": ""}), 403, "wrong_origin")


async def test_without_origins_there_is_no_cors(meeting: Meeting) -> None:
    """Off until configured."""
    answer = await meeting.call("GET", "/signaling/rooms", headers={"Origin": PAGE})
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "Vary" not in answer.headers


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
