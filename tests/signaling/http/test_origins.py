"""Pages of other origins: those that are named may ask, and read what they are answered."""

import aiohttp
import pytest

from ..conftest import Start
from ..support import Answer, Meeting, assert_error

PAGE = "https://chat.example"
EVIL = "https://evil.example"


async def preflight(meeting: Meeting, method: str, path: str, *, origin: str = PAGE) -> Answer:
    """What a browser asks before it lets a page send a token."""
    headers = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": "authorization,content-type"}
    return await meeting.call("OPTIONS", path, headers={"Origin": origin, **headers})


async def test_page_of_a_named_origin_may_ask(start: Start) -> None:
    """S13: preflight, answer, and failures such as 404 that aiohttp-cors forgets; Vary on all."""
    meeting = await start(cors_origins=(PAGE,))
    answer = await preflight(meeting, "POST", "/signaling/create-room")
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (200, PAGE)
    assert "AUTHORIZATION" in answer.headers["Access-Control-Allow-Headers"].upper()
    calls = [("POST", "/signaling/create-room", 200), ("POST", "/signaling/heartbeat", 401), ("GET", "/nowhere", 404)]
    for method, path, status in [*calls, ("PUT", "/signaling/rooms", 405)]:
        answer = await meeting.call(method, path, headers={"Origin": PAGE})
        assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (status, PAGE)
        assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]
        assert answer.headers["Vary"] == "Origin"


@pytest.mark.parametrize(
    "call", [("GET", "/signaling/nowhere"), ("PATCH", "/signaling/rooms"), ("GET", "/signaling/ws")]
)
async def test_preflight_for_no_call_is_granted(start: Start, call: tuple[str, str]) -> None:
    """So that the page reads its 404, 405 or 426, where the browser would blame CORS."""
    meeting = await start(cors_origins=(PAGE,))
    answer = await preflight(meeting, *call)
    assert answer.status == 200
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert answer.headers["Access-Control-Allow-Methods"] == call[0]
    assert answer.headers["Access-Control-Allow-Headers"] == "Authorization, Content-Type"


async def test_preflight_elsewhere_is_not_granted(start: Start) -> None:
    """Pages have no business with the operator's addresses; nor is every OPTIONS a preflight."""
    meeting = await start(cors_origins=(PAGE,))
    assert_error(await preflight(meeting, "GET", "/nowhere"), 404, "not_found")
    assert_error(await preflight(meeting, "GET", "/healthz"), 405, "method_not_allowed")
    answer = await meeting.call("OPTIONS", "/signaling/rooms", headers={"Origin": PAGE})
    assert_error(answer, 403, "wrong_origin")


async def test_preflight_is_granted_while_the_server_goes(start: Start) -> None:
    """The page shall read that the server is going away, and when to come back."""
    meeting = await start(cors_origins=(PAGE,))
    await meeting.service.close()
    assert (await preflight(meeting, "GET", "/signaling/rooms")).status == 200
    answer = await meeting.call("GET", "/signaling/rooms", headers={"Origin": PAGE})
    assert_error(answer, 503, "going_away")
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE


async def test_page_of_another_origin_may_not(start: Start) -> None:
    """No permission in any answer; the preflight fails, for what there is and for what there is not."""
    meeting = await start(cors_origins=(PAGE,))
    answer = await meeting.call("GET", "/healthz", headers={"Origin": EVIL})
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert answer.headers["Vary"] == "Origin"
    for path in ("/signaling/create-room", "/signaling/nowhere"):
        answer = await preflight(meeting, "POST", path, origin=EVIL)
        assert_error(answer, 403, "wrong_origin")
        assert "Access-Control-Allow-Origin" not in answer.headers


async def test_page_of_another_origin_cannot_join_unseen(start: Start) -> None:
    """A browser sends plain text without asking first: the page reads no answer, but would sit in the room."""
    meeting = await start()
    body = {"roomId": (await meeting.create())["room"]["roomId"]}
    answer = await meeting.call("POST", "/signaling/join-room", body, headers={"Origin": EVIL})
    assert_error(answer, 403, "wrong_origin")
    assert (await meeting.join(**body))["room"]["participantCount"] == 2


async def test_page_of_our_own_origin_may_ask(meeting: Meeting) -> None:
    """Named or not: a page behind the same proxy is at home."""
    own = str(meeting.server.make_url("/")).rstrip("/")
    answer = await meeting.call("POST", "/signaling/create-room", {}, headers={"Origin": own})
    assert answer.status == 200


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "null", ""])
async def test_origin_that_cannot_be_read_is_a_wrong_one(meeting: Meeting, origin: str) -> None:
    """For a call and for the WebSocket, as any other page's."""
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    headers = {**upgrade, "Sec-WebSocket-Key": "A" * 22 + "==", "Origin": origin}
    assert_error(await meeting.call("GET", "/signaling/ws", headers=headers), 403, "wrong_origin")
    assert_error(await meeting.call("GET", "/signaling/ws", headers={**headers, "Host": ""}), 403, "wrong_origin")
    assert_error(await meeting.call("GET", "/signaling/rooms", headers={"Origin": origin}), 403, "wrong_origin")


async def test_page_of_another_origin_may_not_connect(start: Start) -> None:
    """Browsers hold no WebSocket to its origin: we do. The configured ones and the server's own host may."""
    meeting = await start(cors_origins=(PAGE,))
    own = str(meeting.server.make_url("/")).rstrip("/")
    for origin in (PAGE, own):
        await meeting.socket(headers={"Origin": origin})
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await meeting.session.ws_connect("/signaling/ws", headers={"Origin": EVIL})
    assert caught.value.status == 403


async def test_every_page_may_ask_where_all_are_named(start: Start) -> None:
    """`*`, for a server that is open to everybody's pages."""
    meeting = await start(cors_origins=("*",))
    assert (await preflight(meeting, "POST", "/signaling/create-room", origin=EVIL)).status == 200
    answer = await meeting.call("POST", "/signaling/create-room", {}, headers={"Origin": EVIL})
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (200, EVIL)
    await meeting.socket(headers={"Origin": EVIL})


async def test_without_origins_there_is_no_cors(meeting: Meeting) -> None:
    """Off until configured."""
    answer = await meeting.call("GET", "/healthz", headers={"Origin": PAGE})
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "Vary" not in answer.headers
    assert_error(await preflight(meeting, "POST", "/signaling/create-room"), 403, "wrong_origin")
