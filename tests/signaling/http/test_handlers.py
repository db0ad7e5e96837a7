"""The HTTP calls against a real server, as docs/protocol.md has them."""

import asyncio
import gzip
import json
from typing import Any

import pytest

from signaling.identity.auth import RoomTokens, mint_user_token
from signaling.ids import Resume, derive_peer_id
from signaling.wire import KINDS

from ..conftest import Start
from ..support import SECRET, FakeClock, Meeting, assert_error, until

RESUME = "A" * 43


async def test_create_room_answers_all_a_peer_needs(meeting: Meeting) -> None:
    """S1: room, peer id, token, resume secret, the others, ICE servers, heartbeat."""
    joined = await meeting.create(customName="Deck", displayName=" Alice ", isPublic=True)
    assert set(joined) == {"room", "peerId", "token", "resume", "peers", "iceServers", "heartbeatS"}
    assert joined["room"] | {"roomId": "", "broadcasterId": ""} == {
        "roomId": "",
        "broadcasterId": "",
        "broadcasterName": "Alice",
        "createdAt": "2027-01-15T08:00:00Z",
        "participantCount": 1,
        "isPublic": True,
        "customName": "Deck",
    }
    assert joined["peerId"] == derive_peer_id(joined["resume"])
    assert (joined["peers"], joined["heartbeatS"]) == ([], 30)


async def test_create_room_takes_no_body_at_all(meeting: Meeting) -> None:
    """Every field is optional."""
    answer = await meeting.call("POST", "/signaling/create-room")
    assert answer.json["room"]["isPublic"] is False


async def test_join_room_tells_who_is_present(meeting: Meeting) -> None:
    """S2: by room id; those present get a notice."""
    left = await meeting.create(displayName="left")
    right = await meeting.join(roomId=left["room"]["roomId"], displayName="right")
    assert [peer["displayName"] for peer in right["peers"]] == ["left"]
    assert right["room"]["participantCount"] == 2
    notice = {"type": "peer-joined", "peerId": right["peerId"], "displayName": "right"}
    assert [{**each, "userId": None} for each in await meeting.inbox(left)] == [{**notice, "userId": None}]


async def test_join_by_broadcaster_name_finds_public_rooms_only(meeting: Meeting) -> None:
    """S2: a private room is joined by its id alone."""
    await meeting.create(displayName="hidden")
    public = await meeting.create(displayName="shown", isPublic=True)
    assert (await meeting.join(broadcasterName="shown"))["room"]["roomId"] == public["room"]["roomId"]
    answer = await meeting.call("POST", "/signaling/join-room", {"broadcasterName": "hidden"})
    assert_error(answer, 404, "no_such_room")


@pytest.mark.parametrize("kind", KINDS)
async def test_envelope_is_handed_out_once(meeting: Meeting, kind: str) -> None:
    """S3-S5: addressed to one peer, by kind, once, with the body as it was."""
    left, right = await meeting.pair()
    body = {"sdp": "v=0\r\n", "é": [1, 2.50, None]}
    assert (await meeting.post(kind, right, left["peerId"], body)).status == 202
    path = f"/signaling/{kind}/{left['room']['roomId']}"
    first = await meeting.call("GET", path, token=left["token"])
    second = await meeting.call("GET", path, token=left["token"])
    assert first.json == {"envelopes": [{"type": kind, "from": right["peerId"], "body": body}]}
    assert second.json == {"envelopes": []}


async def test_get_by_kind_leaves_other_kinds(meeting: Meeting) -> None:
    """GET /offer hands out offers only; the inbox has all kinds in order."""
    left, right = await meeting.pair()
    for kind in ("offer", "candidate", "answer", "bye"):
        await meeting.post(kind, right, left["peerId"], kind)
    await meeting.call("GET", f"/signaling/answer/{left['room']['roomId']}", token=left["token"])
    assert [each["type"] for each in await meeting.inbox(left)] == ["offer", "candidate", "bye"]


async def test_long_poll_wakes_for_an_envelope(meeting: Meeting) -> None:
    """A waiting GET answers as soon as there is something."""
    left, right = await meeting.pair()
    waiting = asyncio.create_task(meeting.inbox(left, wait=20))
    await until(lambda: meeting.service.switchboard._bells)
    await meeting.post("offer", right, left["peerId"], 1)
    assert [each["body"] for each in await asyncio.wait_for(waiting, 2)] == [1]


async def test_long_poll_for_one_kind_sleeps_through_others(meeting: Meeting) -> None:
    """A ring for another kind is not the end of the wait."""
    left, right = await meeting.pair()
    path = f"/signaling/answer/{left['room']['roomId']}"
    waiting = asyncio.create_task(meeting.call("GET", path, token=left["token"], params={"wait": 20}))
    await until(lambda: meeting.service.switchboard._bells)
    await meeting.post("offer", right, left["peerId"], 1)
    await meeting.post("answer", right, left["peerId"], 2)
    answer = await asyncio.wait_for(waiting, 2)
    assert [each["body"] for each in answer.json["envelopes"]] == [2]


async def test_long_poll_ends_empty(meeting: Meeting) -> None:
    """Nothing came: 200 with no envelopes."""
    left, _ = await meeting.pair()
    assert await meeting.inbox(left, wait="0.01") == []


async def test_oldest_poll_goes_home_when_there_are_too_many(start: Start) -> None:
    """Waiting GETs of one peer are bounded."""
    meeting = await start(waiting_polls=1)
    left, right = await meeting.pair()
    oldest = asyncio.create_task(meeting.inbox(left, wait=20))
    await until(lambda: meeting.service.switchboard._bells)
    newest = asyncio.create_task(meeting.inbox(left, wait=20))
    assert await asyncio.wait_for(oldest, 2) == []
    await meeting.post("offer", right, left["peerId"], 1)
    assert len(await asyncio.wait_for(newest, 2)) == 1


async def test_heartbeat_answers_who_is_present(meeting: Meeting) -> None:
    """S6."""
    left, right = await meeting.pair()
    answer = await meeting.call("POST", "/signaling/heartbeat", token=left["token"])
    (other,) = answer.json["peers"]
    assert answer.json["heartbeatS"] == 30
    assert (other["peerId"], other["displayName"]) == (right["peerId"], "right")


async def test_heartbeat_renews_the_token_at_half_its_life(meeting: Meeting, clock: FakeClock) -> None:
    """Fresh tokens are not pressed on those who need none."""
    left = await meeting.create()
    for minute in range(31):
        answer = await meeting.call("POST", "/signaling/heartbeat", {}, token=left["token"])
        assert "token" not in answer.json, minute
        clock.advance(60)
    answer = await meeting.call("POST", "/signaling/heartbeat", {}, token=left["token"])
    renewed = answer.json["token"]
    assert (await meeting.call("POST", "/signaling/heartbeat", token=renewed)).status == 200


async def test_peer_without_heartbeat_times_out(meeting: Meeting, clock: FakeClock) -> None:
    """S6: gone after its lease; the others are told, its token is answered 410."""
    left, right = await meeting.pair()
    clock.advance(74)
    await meeting.inbox(left)
    clock.advance(2)
    await meeting.service.sweep()
    assert await meeting.inbox(left) == [{"type": "peer-left", "peerId": right["peerId"], "reason": "timeout"}]
    assert_error(await meeting.call("POST", "/signaling/heartbeat", token=right["token"]), 410, "peer_gone")


async def test_leave_is_told_at_once_and_the_last_one_ends_the_room(meeting: Meeting) -> None:
    """S7."""
    left, right = await meeting.pair()
    assert (await meeting.call("POST", "/signaling/leave-room", token=right["token"])).json == {}
    assert await meeting.inbox(left) == [{"type": "peer-left", "peerId": right["peerId"], "reason": "left"}]
    assert_error(await meeting.call("POST", "/signaling/leave-room", token=right["token"]), 410, "peer_gone")
    await meeting.call("POST", "/signaling/leave-room", {}, token=left["token"])
    answer = await meeting.call("POST", "/signaling/join-room", {"roomId": left["room"]["roomId"]})
    assert_error(answer, 404, "no_such_room")


async def test_rooms_lists_public_rooms_in_pages(meeting: Meeting, clock: FakeClock) -> None:
    """S8: every public room once, no private one."""
    wanted = []
    for number in range(5):
        clock.advance(0.25)
        wanted.append((await meeting.create(isPublic=True, displayName=f"b{number}"))["room"])
        await meeting.create()
    found, query = [], {"limit": "2"}
    for _ in range(3):
        answer = (await meeting.call("GET", "/signaling/rooms", params=query)).json
        found += answer["rooms"]
        query["cursor"] = answer.get("cursor", "")
    assert found == wanted
    assert query["cursor"] == ""


async def test_rooms_are_shown_to_those_who_could_join_them(start: Start) -> None:
    """S8: where guests are not let in, the list takes a user's JWT."""
    meeting = await start(guests=False, jwt_secret=SECRET)
    assert_error(await meeting.call("GET", "/signaling/rooms"), 401, "unauthenticated")
    now = meeting.service.clock()
    token = mint_user_token(SECRET, sub="alice", name=None, issuer=None, audience=None, now=now, ttl_s=60)
    assert (await meeting.call("GET", "/signaling/rooms", token=token)).status == 200


async def test_resume_of_a_present_peer_renews_it_unseen(start: Start) -> None:
    """Nobody is told, and a full room has a place for who is in it."""
    meeting = await start(room_peers=2)
    left, right = await meeting.pair()
    again = await meeting.join(roomId=left["room"]["roomId"], resume=right["resume"])
    assert (again["peerId"], again["room"]["participantCount"]) == (right["peerId"], 2)
    created = await meeting.create(roomId=left["room"]["roomId"], resume=left["resume"])
    assert created["peerId"] == left["peerId"]
    assert await meeting.inbox(left) == []


async def test_given_resume_gives_its_peer_id(meeting: Meeting) -> None:
    """The peer id follows from the secret alone."""
    joined = await meeting.create(resume=RESUME)
    assert joined["resume"] == RESUME
    assert joined["peerId"] == derive_peer_id(Resume(RESUME)) == "m1pwWd5C2D1w-wSejRx9Jw"


async def test_jwt_names_the_user(start: Start, clock: FakeClock) -> None:
    """S11: the JWT's name wins; without guests, no token means 401."""
    meeting = await start(guests=False, jwt_secret=SECRET)
    joined = await meeting.create(_user("alice", "Alice", clock), displayName="mallory")
    assert (joined["room"]["broadcasterId"], joined["room"]["broadcasterName"]) == ("alice", "Alice")
    assert_error(await meeting.call("POST", "/signaling/create-room", {}), 401, "unauthenticated")


async def test_resume_of_another_user_is_refused(start: Start, clock: FakeClock) -> None:
    """The secret alone does not make one user another."""
    meeting = await start(jwt_secret=SECRET)
    alice = await meeting.create(_user("alice", "Alice", clock))
    body = {"roomId": alice["room"]["roomId"], "resume": alice["resume"]}
    for token in (_user("bob", "Bob", clock), None):
        assert_error(await meeting.call("POST", "/signaling/join-room", body, token=token), 401, "invalid_token")


def _user(sub: str, name: str, clock: FakeClock) -> str:
    return mint_user_token(SECRET, sub=sub, name=name, issuer=None, audience=None, now=clock(), ttl_s=3600)


async def test_ice_servers_are_handed_out_with_credentials(start: Start) -> None:
    """S16, the cheap part."""
    meeting = await start(stun_urls=("stun:s",), turn_urls=("turn:t",), turn_secret="shared")
    stun, turn = (await meeting.create())["iceServers"]
    assert stun == {"urls": ["stun:s"]}
    assert set(turn) == {"urls", "username", "credential"}


BAD_BODIES = [
    (b"", "malformed_json"),
    (b"{", "malformed_json"),
    (b"\xff", "malformed_json"),
    (b"\x00", "malformed_json"),
    (b'{"to":"' + b"A" * 22 + b'","body":"\xff"}', "malformed_json"),
    (b'{"to":"' + b"A" * 22 + b'","body":' + b"[" * 20_000 + b"}", "malformed_json"),
    (b'{"body":' + b'{"a":' * 10_000, "malformed_json"),
    (b"[]", "invalid_body"),
    (b"null", "invalid_body"),
    (b'"text"', "invalid_body"),
    (b'{"to":1,"body":1}', "invalid_body"),
    (b'{"to":"short","body":1}', "invalid_body"),
    (b'{"to":"' + b"A" * 22 + b'"}', "invalid_body"),
    (b'{"to":"' + b"A" * 22 + b'","body":1,"x":1}', "invalid_body"),
    (b'{"to":"' + b"A" * 22 + b'","body":1,"roomId":"a/b"}', "invalid_body"),
]


@pytest.mark.parametrize(("body", "code"), BAD_BODIES)
async def test_bad_body_is_a_400(meeting: Meeting, body: bytes, code: str) -> None:
    """S21: a bad body never makes a 500, and the server goes on."""
    left, _ = await meeting.pair()
    assert_error(await meeting.call("POST", "/signaling/offer", body, token=left["token"]), 400, code)
    assert (await meeting.call("GET", "/healthz")).json == {"status": "ok"}


BAD_JOINS: list[dict[str, Any]] = [
    {},
    {"roomId": "r", "broadcasterName": "b"},
    {"roomId": 1},
    {"roomId": "r\u0000"},
    {"roomId": "r\n"},
    {"roomId": "x" * 65},
    {"roomId": "r", "resume": "short"},
    {"roomId": "r", "resume": "!" * 43},
    {"roomId": "r", "displayName": "   "},
    {"roomId": "r", "displayName": "a\u0000b"},
    {"roomId": "r", "displayName": "x" * 65},
    {"roomId": "r", "surprise": True},
]


@pytest.mark.parametrize("body", BAD_JOINS, ids=str)
async def test_bad_join_is_invalid_body(meeting: Meeting, body: Any) -> None:
    """Unknown fields, wrong types, lengths and characters."""
    assert_error(await meeting.call("POST", "/signaling/join-room", body), 400, "invalid_body")


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("inbox/{}", {"wait": "26"}),
        ("inbox/{}", {"wait": "-1"}),
        ("inbox/{}", {"wait": "nan"}),
        ("offer/{}", {"wait": "soon"}),
        ("rooms", {"limit": "0"}),
        ("rooms", {"limit": "101"}),
        ("rooms", {"cursor": ""}),
        ("rooms", {"cursor": "!"}),
        ("rooms", {"cursor": "AAAA"}),
        ("rooms", {"cursor": "é"}),
    ],
)
async def test_bad_query_is_invalid_query(meeting: Meeting, path: str, query: dict[str, str]) -> None:
    """The sentence names the parameter."""
    left = await meeting.create()
    path = "/signaling/" + path.format(left["room"]["roomId"])
    token = None if path.endswith("rooms") else left["token"]
    answer = await meeting.call("GET", path, token=token, params=query)
    assert_error(answer, 400, "invalid_query")
    assert next(iter(query)) in answer.json["error"]["message"]


async def test_token_opens_its_own_room_only(meeting: Meeting) -> None:
    """403 for a call that names another room."""
    left, other = await meeting.create(), await meeting.create()
    room, token = other["room"]["roomId"], left["token"]
    envelope = {"to": other["peerId"], "body": 1, "roomId": room}
    assert_error(await meeting.call("POST", "/signaling/offer", envelope, token=token), 403, "wrong_room")
    assert_error(await meeting.call("GET", f"/signaling/inbox/{room}", token=token), 403, "wrong_room")
    assert_error(await meeting.call("POST", "/signaling/leave-room", {"roomId": room}, token=token), 403, "wrong_room")
    assert_error(await meeting.post("offer", left, other["peerId"], 1), 404, "no_such_peer")


async def test_token_of_another_server_is_refused(meeting: Meeting, clock: FakeClock) -> None:
    """Each store has a key of its own."""
    left = await meeting.create()
    service = meeting.service
    foreign = RoomTokens(b"x" * 32, ttl_s=3600, clock=clock).renew(service.tokens.read(left["token"]))
    assert_error(await meeting.call("POST", "/signaling/heartbeat", token=foreign), 401, "invalid_token")


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ({}, "unauthenticated"),
        ({"Authorization": "Bearer"}, "invalid_token"),
        ({"Authorization": "Basic YTpi"}, "invalid_token"),
        ({"Authorization": "Bearer no.such.token"}, "invalid_token"),
        ({"Authorization": "Bearer " + "x" * 9000}, "invalid_token"),
    ],
)
async def test_call_without_good_token_is_a_401(meeting: Meeting, header: dict[str, str], code: str) -> None:
    """With WWW-Authenticate, as RFC 9110 11.6.1 obliges us."""
    answer = await meeting.call("POST", "/signaling/heartbeat", headers=header)
    assert_error(answer, 401, code)
    assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_expired_room_token_is_told_apart(meeting: Meeting, clock: FakeClock) -> None:
    """The client joins again with its resume secret."""
    left = await meeting.create()
    clock.advance(3606)
    assert_error(await meeting.call("POST", "/signaling/heartbeat", token=left["token"]), 401, "token_expired")


async def test_bounds_are_told(start: Start) -> None:
    """room_full, room_exists, too_many_rooms, mailbox_full, body_too_large."""
    meeting = await start(room_peers=2, max_rooms=1, mailbox_entries=1, max_body_bytes=1024)
    left, right = await meeting.pair()
    room = left["room"]["roomId"]
    calls = [
        ("join-room", {"roomId": room}, None, 409, "room_full"),
        ("create-room", {"roomId": room}, None, 409, "room_exists"),
        ("create-room", {}, None, 429, "too_many_rooms"),
        ("offer", {"to": left["peerId"], "body": "x" * 1023}, right["token"], 413, "body_too_large"),
        ("offer", {"to": left["peerId"], "body": "x" * 9999}, right["token"], 413, "body_too_large"),
    ]
    for call, body, token, status, code in calls:
        assert_error(await meeting.call("POST", f"/signaling/{call}", body, token=token), status, code)
    assert (await meeting.post("offer", right, left["peerId"], 1)).status == 202
    assert_error(await meeting.post("offer", right, left["peerId"], 2), 429, "mailbox_full")


async def test_user_with_too_many_rooms_is_told(start: Start, clock: FakeClock) -> None:
    """A user with a JWT; what the sentence names, and that guests are not users."""
    meeting = await start(user_rooms=1, jwt_secret=SECRET)
    token = _user("alice", "Alice", clock)
    first = await meeting.create(token)
    answer = await meeting.call("POST", "/signaling/create-room", {}, token=token)
    assert_error(answer, 429, "too_many_own_rooms")
    assert "SIGNALING_USER_ROOMS" in answer.json["error"]["message"]
    assert meeting.service.tally.bounds["user_rooms"] == 1
    for _ in range(2):
        await meeting.create()
    await meeting.call("POST", "/signaling/leave-room", token=first["token"])
    await meeting.create(token)


async def test_huge_body_without_length_is_refused(meeting: Meeting) -> None:
    """Chunked bodies cannot announce their size; they are cut while they are read."""

    async def chunks() -> Any:
        for _ in range(20):
            yield b"x" * 10_000

    async with meeting.session.post("/signaling/create-room", data=chunks()) as response:
        assert response.status == 413
        assert (await response.json())["error"]["code"] == "body_too_large"


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "identity, gzip", "?"])
async def test_compressed_body_is_refused_unread(meeting: Meeting, encoding: str) -> None:
    """Two megabytes may be two gigabytes: nothing is unpacked, known encoding or not."""
    headers = {"Content-Encoding": encoding}
    answer = await meeting.call("POST", "/signaling/create-room", gzip.compress(bytes(100)), headers=headers)
    assert_error(answer, 415, "unsupported_encoding")
    assert answer.headers["Accept-Encoding"] == "identity"


async def test_body_that_is_encoded_as_itself_is_read(meeting: Meeting) -> None:
    """`identity` says nothing (RFC 9110, section 8.4)."""
    answer = await meeting.call("POST", "/signaling/create-room", headers={"Content-Encoding": "Identity"})
    assert answer.status == 200


async def test_json_is_read_whatever_the_content_type_says(meeting: Meeting) -> None:
    """Some clients cannot set it."""
    headers = {"Content-Type": "image/png"}
    answer = await meeting.call("POST", "/signaling/create-room", {"customName": "Deck"}, headers=headers)
    assert answer.json["room"]["customName"] == "Deck"


async def test_envelope_expires_after_half_a_minute(meeting: Meeting, clock: FakeClock) -> None:
    """Kept 30 s."""
    left, right = await meeting.pair()
    await meeting.post("offer", right, left["peerId"], 1)
    clock.advance(31)
    assert await meeting.inbox(left) == []


async def test_body_is_passed_on_byte_for_byte(meeting: Meeting) -> None:
    """Never parsed: numbers keep their digits."""
    left, right = await meeting.pair()
    raw = b'{ "n" : 1.000000000000000000001e0 }'
    body = b'{"to":"' + left["peerId"].encode() + b'","body":' + raw + b"}"
    await meeting.call("POST", "/signaling/offer", body, token=right["token"])
    answer = await meeting.call("GET", f"/signaling/inbox/{left['room']['roomId']}", token=left["token"])
    assert raw.decode() in answer.text
    assert json.loads(answer.text)


async def test_body_that_does_not_come_is_not_waited_for(start: Start) -> None:
    """408, and the connection is given up."""
    meeting = await start(read_timeout_s=0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", meeting.server.port)
    writer.write(b"POST /signaling/create-room HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{")
    head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 2)).decode()
    assert head.startswith("HTTP/1.1 408 ")
    assert "Connection: close" in head
    assert b'"request_timeout"' in await reader.readuntil(b"}}")
    writer.close()
    await writer.wait_closed()


async def test_server_is_ready_while_its_store_answers(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """S17: a load balancer asks; what hangs counts as no, and soon."""
    meeting = await start(ready_timeout_s=0.02)
    assert (await meeting.call("GET", "/readyz")).json == {"status": "ok"}

    async def hang() -> None:
        await asyncio.sleep(3600)

    monkeypatch.setattr(meeting.service.readiness, "_ping", hang)
    answers = await asyncio.gather(*(meeting.call("GET", "/readyz") for _ in range(5)))
    for answer in answers:
        assert_error(answer, 503, "store_unavailable")
    assert (await meeting.call("GET", "/healthz")).status == 200
    await meeting.service.readiness.close()


async def test_server_that_drains_is_not_ready(meeting: Meeting) -> None:
    """And serves all the same; when it goes away, it is still alive."""
    meeting.service.is_draining = True
    assert_error(await meeting.call("GET", "/readyz"), 503, "going_away")
    assert (await meeting.call("POST", "/signaling/create-room")).status == 200
    await meeting.service.close()
    assert_error(await meeting.call("GET", "/readyz"), 503, "going_away")
    assert_error(await meeting.call("POST", "/signaling/create-room"), 503, "going_away")
    assert (await meeting.call("GET", "/healthz")).status == 200
