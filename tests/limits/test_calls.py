"""S12, over HTTP: each bound is met, its error is true, others go on meanwhile, and the operator can count it."""

import logging
from typing import Any

import pytest

from signaling.bounds.addresses import parse_network
from signaling.bounds.limits import Rate
from signaling.identity.auth import mint_user_token

from ..signaling.conftest import Start
from ..signaling.support import SECRET, Answer, FakeClock, Meeting, assert_error

OFFICE, HOME = {"X-Forwarded-For": "192.0.2.1"}, {"X-Forwarded-For": "198.51.100.7"}


def proxied(**settings: Any) -> dict[str, Any]:
    """Settings under which a test may call from any address."""
    return {"trusted_proxies": (parse_network("127.0.0.1"),), **settings}


def token_of(sub: str, clock: FakeClock) -> str:
    return mint_user_token(SECRET, sub=sub, name=sub, issuer=None, audience=None, now=clock(), ttl_s=3600)


async def assert_true_wait(meeting: Meeting, clock: FakeClock, answer: Answer, **call: Any) -> None:
    """A second before the told time it is refused still; then it works."""
    wait_s = int(answer.headers["Retry-After"])
    assert answer.json["error"]["retryAfterS"] == wait_s
    clock.advance(wait_s - 1)
    assert (await meeting.call(**call)).status == 429
    clock.advance(1)
    assert (await meeting.call(**call)).status == 200


async def create(meeting: Meeting, **options: Any) -> Answer:
    return await meeting.call("POST", "/signaling/create-room", {}, **options)


async def test_rooms_made_by_a_user_are_paced(start: Start, clock: FakeClock) -> None:
    """From whatever address; another user goes on."""
    meeting = await start(**proxied(jwt_secret=SECRET, user_creates=Rate(2, 20)))
    alice, bob = token_of("alice", clock), token_of("bob", clock)
    for headers in (OFFICE, HOME):
        assert (await create(meeting, token=alice, headers=headers)).status == 200
    answer = await create(meeting, token=alice, headers=HOME)
    assert_error(answer, 429, "rate_limited")
    assert "SIGNALING_USER_CREATES is 2/20" in answer.json["error"]["message"]
    assert (await create(meeting, token=bob, headers=HOME)).status == 200
    await assert_true_wait(
        meeting, clock, answer, method="POST", path="/signaling/create-room", body={}, token=alice, headers=HOME
    )
    assert meeting.service.tally.bounds["user_creates"] == 2
    assert meeting.service.tally.refusals["rate_limited"] == 2


async def test_rooms_made_from_an_address_are_paced(start: Start, clock: FakeClock) -> None:
    """By guests, whom nothing else would hold; another address goes on."""
    meeting = await start(**proxied(address_creates=Rate(2, 20)))
    for _ in range(2):
        assert (await create(meeting, headers=OFFICE)).status == 200
    answer = await create(meeting, headers=OFFICE)
    assert_error(answer, 429, "rate_limited")
    assert (await create(meeting, headers=HOME)).status == 200
    call = {"method": "POST", "path": "/signaling/create-room", "body": {}, "headers": OFFICE}
    await assert_true_wait(meeting, clock, answer, **call)
    assert meeting.service.tally.bounds["address_creates"] == 2


@pytest.mark.parametrize("bound", ["user_joins", "address_joins"])
async def test_joins_are_paced(start: Start, clock: FakeClock, bound: str) -> None:
    """Those that are refused for other reasons count too, so that no room's id is found by trying."""
    meeting = await start(**proxied(jwt_secret=SECRET, **{bound: Rate(3, 30)}))
    room = await meeting.create()
    call: dict[str, Any] = {
        "method": "POST",
        "path": "/signaling/join-room",
        "body": {"roomId": room["room"]["roomId"]},
        "token": token_of("alice", clock),
        "headers": OFFICE,
    }
    assert (await meeting.call(**call)).status == 200
    for _ in range(2):
        assert (await meeting.call(**{**call, "body": {"roomId": "guessed"}})).status == 404
    answer = await meeting.call(**call)
    assert_error(answer, 429, "rate_limited")
    assert (await meeting.call(**{**call, "token": token_of("bob", clock), "headers": HOME})).status == 200
    await assert_true_wait(meeting, clock, answer, **call)
    assert meeting.service.tally.bounds[bound] == 2


@pytest.mark.parametrize("bound", ["user_listings", "address_listings"])
async def test_room_lists_are_paced(start: Start, clock: FakeClock, bound: str) -> None:
    """S8 costs more than most calls."""
    meeting = await start(**proxied(jwt_secret=SECRET, **{bound: Rate(2, 6)}))
    call: dict[str, Any] = {"method": "GET", "path": "/signaling/rooms", "headers": OFFICE}
    call["token"] = token_of("alice", clock)
    for _ in range(2):
        assert (await meeting.call(**call)).status == 200
    answer = await meeting.call(**call)
    assert_error(answer, 429, "rate_limited")
    assert (await meeting.call("GET", "/signaling/rooms", headers=HOME)).status == 200
    await assert_true_wait(meeting, clock, answer, **call)
    assert meeting.service.tally.bounds[bound] == 2


@pytest.mark.parametrize("bound", ["user_attestations", "address_attestations"])
async def test_attestations_are_paced(start: Start, clock: FakeClock, bound: str) -> None:
    """Each proof costs a signature checked and one made."""
    meeting = await start(**proxied(jwt_secret=SECRET, **{bound: Rate(2, 6)}))
    call: dict[str, Any] = {"method": "POST", "path": "/signaling/nonce", "headers": OFFICE}
    call["token"] = token_of("alice", clock)
    nonce = (await meeting.call(**call)).json["nonce"]
    proof = {**call, "path": "/signaling/attest", "body": {"key": "A" * 43, "nonce": nonce, "signature": "A" * 86}}
    assert_error(await meeting.call(**proof), 403, "proof_failed")
    answer = await meeting.call(**proof)
    assert_error(answer, 429, "rate_limited")
    elsewhere = {**call, "token": token_of("bob", clock), "headers": HOME}
    assert (await meeting.call(**elsewhere)).status == 200
    await assert_true_wait(meeting, clock, answer, **call)
    assert meeting.service.tally.bounds[bound] == 2


@pytest.mark.parametrize("path", ["/signaling/rooms", "/nowhere", "/signaling/ws", "/openapi.json"])
async def test_requests_of_any_kind_are_paced(start: Start, clock: FakeClock, path: str) -> None:
    """Also those that find nothing, and those that would become a WebSocket; probes are answered all the time."""
    meeting = await start(**proxied(address_requests=Rate(3, 3)))
    for _ in range(3):
        assert (await meeting.call("GET", path, headers=OFFICE)).status != 429
    answer = await meeting.call("GET", path, headers=OFFICE)
    assert_error(answer, 429, "rate_limited")
    assert answer.headers["Retry-After"] == "1"
    for probe in ("/healthz", "/readyz"):
        assert (await meeting.call("GET", probe, headers=OFFICE)).status == 200
    assert (await meeting.call("GET", path, headers=HOME)).status != 429
    clock.advance(1)
    assert (await meeting.call("GET", path, headers=OFFICE)).status != 429
    assert meeting.service.tally.bounds["address_requests"] == 1


async def test_neighbours_of_a_flooder_go_on_by_their_room_tokens(start: Start) -> None:
    """Behind one address: it uses up what is for strangers there, and nobody's own; newcomers have to wait."""
    meeting = await start(**proxied(address_requests=Rate(20, 60)))
    left, right = await meeting.pair()
    while (await meeting.call("GET", "/nowhere", headers=OFFICE)).status != 429:
        pass
    assert_error(await create(meeting, headers=OFFICE), 429, "rate_limited")
    for kind in ("offer", "candidate"):
        body = {"to": right["peerId"], "body": 1}
        sent = await meeting.call("POST", f"/signaling/{kind}", body, token=left["token"], headers=OFFICE)
        assert sent.status == 202
    path = f"/signaling/inbox/{right['room']['roomId']}"
    assert len((await meeting.call("GET", path, token=right["token"], headers=OFFICE)).json["envelopes"]) == 2
    await meeting.socket(headers={**OFFICE, "Authorization": f"Bearer {left['token']}"})


async def test_calls_of_one_peer_are_paced(start: Start, clock: FakeClock) -> None:
    """By its own rate, told by name; its neighbours, and strangers from there, go on."""
    meeting = await start(**proxied(peer_requests=Rate(3, 6)))
    left, right = await meeting.pair()
    beat: dict[str, Any] = {"method": "POST", "path": "/signaling/heartbeat", "token": left["token"]}
    clock.advance(6)
    for _ in range(3):
        assert (await meeting.call(**beat)).status == 200
    answer = await meeting.call(**beat)
    assert_error(answer, 429, "rate_limited")
    assert "SIGNALING_PEER_REQUESTS is 3/6" in answer.json["error"]["message"]
    assert (await meeting.call(**{**beat, "token": right["token"]})).status == 200
    assert (await create(meeting)).status == 200
    await assert_true_wait(meeting, clock, answer, **beat)
    assert meeting.service.tally.bounds["peer_requests"] == 2


async def test_calls_of_all_peers_behind_an_address_are_paced(start: Start, clock: FakeClock) -> None:
    """Many seats are no way around: beyond a third of what the server can do, their address is held."""
    meeting = await start(**proxied(address_calls=Rate(4, 8)))
    left, right = await meeting.pair()
    clock.advance(8)
    beats = [{"method": "POST", "path": "/signaling/heartbeat", "token": each["token"]} for each in (left, right)]
    for beat in beats * 2:
        assert (await meeting.call(**beat)).status == 200
    answer = await meeting.call(**beats[0])
    assert_error(answer, 429, "rate_limited")
    assert (await meeting.call(**beats[1], headers=HOME)).status == 200
    await assert_true_wait(meeting, clock, answer, **beats[0])
    assert meeting.service.tally.bounds["address_calls"] == 2


async def test_tokens_that_are_good_no_more_count_for_their_address(start: Start) -> None:
    """Of peers that have left, and of other servers: who collects such has no pace of his own for each."""
    meeting = await start(**proxied(address_requests=Rate(5, 60)))
    left, right = await meeting.pair()
    await meeting.call("POST", "/signaling/leave-room", token=left["token"])
    beat: dict[str, Any] = {"method": "POST", "path": "/signaling/heartbeat", "headers": OFFICE}
    for _ in range(3):
        assert_error(await meeting.call(**beat, token=left["token"]), 410, "peer_gone")
    for _ in range(2):
        assert_error(await meeting.call(**beat, token=left["token"][:-4] + "AAAA"), 401, "invalid_token")
    for token in (left["token"], left["token"][:-4] + "AAAA"):
        assert_error(await meeting.call(**beat, token=token), 429, "rate_limited")
    assert (await meeting.call(**beat, token=right["token"])).status == 200


@pytest.mark.parametrize("path", ["/signaling/rooms", "/nowhere"])
async def test_networks_of_one_site_are_held_together(start: Start, path: str) -> None:
    """IPv6: each /64 for itself, and their /48 some times over."""
    meeting = await start(**proxied(address_requests=Rate(2, 60), network_factor=2))
    answers = [
        await meeting.call("GET", path, headers={"X-Forwarded-For": f"2001:db8:1:{number}::1"}) for number in range(5)
    ]
    assert [answer.status == 429 for answer in answers] == [False] * 4 + [True]
    assert "SIGNALING_NETWORK_FACTOR is 2, so that" in answers[-1].json["error"]["message"]
    assert (await meeting.call("GET", path, headers={"X-Forwarded-For": "2001:db8:2::1"})).status != 429
    assert meeting.service.tally.bounds["network_factor"] == 1


async def test_page_gets_to_read_that_it_is_too_fast(start: Start) -> None:
    """Its preflight counts, and is granted; the call's 429 is marked for its origin, Retry-After included."""
    origin = {"Origin": "https://chat.example", **OFFICE}
    meeting = await start(**proxied(address_requests=Rate(2, 60), cors_origins=("https://chat.example",)))
    asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type", **origin}
    for _ in range(3):
        preflight = await meeting.call("OPTIONS", "/signaling/create-room", headers=asks)
        assert preflight.status == 200
        assert preflight.headers["Access-Control-Allow-Origin"] == "https://chat.example"
    answer = await meeting.call("POST", "/signaling/create-room", {}, headers=origin)
    assert_error(answer, 429, "rate_limited")
    assert answer.headers["Access-Control-Allow-Origin"] == "https://chat.example"
    assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]
    assert meeting.service.tally.bounds["address_requests"] == 1


async def test_refused_tokens_are_paced(start: Start, clock: FakeClock) -> None:
    """Whoever tries many hears 429 in the end; good tokens are let in from the same address all the time."""
    meeting = await start(**proxied(guests=False, jwt_secret=SECRET, address_failures=Rate(2, 20)))
    bad: dict[str, Any] = {"method": "POST", "path": "/signaling/create-room", "body": {}, "token": "x.y.z"}
    for _ in range(2):
        assert_error(await meeting.call(**bad, headers=OFFICE), 401, "invalid_token")
    answer = await meeting.call(**bad, headers=OFFICE)
    assert_error(answer, 429, "rate_limited")
    assert_error(await meeting.call(**bad, headers=HOME), 401, "invalid_token")
    assert (await create(meeting, token=token_of("alice", clock), headers=OFFICE)).status == 200
    assert_error(await create(meeting, headers=OFFICE), 401, "unauthenticated")
    clock.advance(int(answer.headers["Retry-After"]))
    assert_error(await meeting.call(**bad, headers=OFFICE), 401, "invalid_token")
    assert meeting.service.tally.bounds["address_failures"] == 1


async def test_envelopes_by_call_are_paced(start: Start, clock: FakeClock) -> None:
    """By peer: the others of the room go on, and what was refused has not happened."""
    meeting = await start(peer_envelopes=Rate(3, 12))
    left, right = await meeting.pair()
    for number in range(3):
        assert (await meeting.post("offer", left, right["peerId"], number)).status == 202
    answer = await meeting.post("offer", left, right["peerId"], 3)
    assert_error(answer, 429, "rate_limited")
    assert answer.headers["Retry-After"] == "4"
    assert (await meeting.post("answer", right, left["peerId"], 1)).status == 202
    clock.advance(4)
    assert (await meeting.post("offer", left, right["peerId"], 4)).status == 202
    assert [each["body"] for each in await meeting.inbox(right)] == [0, 1, 2, 4]
    assert meeting.service.tally.bounds["peer_envelopes"] == 1


async def test_fifty_peers_of_one_user_and_address_come_back_at_once(start: Start, clock: FakeClock) -> None:
    """After a restart, with the settings as they come: nobody is held up."""
    meeting = await start(jwt_secret=SECRET)
    token = token_of("bot", clock)
    for number in range(50):
        room = await meeting.create(roomId=f"room{number}")
        body = {"roomId": room["room"]["roomId"]}
        assert (await meeting.call("POST", "/signaling/join-room", body, token=token)).status == 200
    assert meeting.service.tally.bounds.total() == 0


async def take_seats(meeting: Meeting, room_id: str, count: int, **options: Any) -> Answer:
    """All but the last are given."""
    *given, last = [await join(meeting, room_id, **options) for _ in range(count)]
    assert {answer.status for answer in given} == {200}
    return last


async def join(meeting: Meeting, room_id: str, **options: Any) -> Answer:
    return await meeting.call("POST", "/signaling/join-room", {"roomId": room_id}, **options)


async def test_one_user_cannot_take_all_seats_of_a_room(start: Start, clock: FakeClock) -> None:
    """From whatever address: others get in, and the user is told what to do; seats whose leases end are free."""
    meeting = await start(**proxied(jwt_secret=SECRET, user_seats=3))
    room_id = (await meeting.create())["room"]["roomId"]
    alice = token_of("alice", clock)
    answer = await take_seats(meeting, room_id, 4, token=alice)
    assert_error(answer, 429, "user_seats_taken")
    assert "SIGNALING_USER_SEATS" in answer.json["error"]["message"]
    assert "resume secret" in answer.json["error"]["hint"]
    assert_error(await join(meeting, room_id, token=alice, headers=HOME), 429, "user_seats_taken")
    bob = await join(meeting, room_id, token=token_of("bob", clock))
    assert bob.json["room"]["participantCount"] == 5
    await join(meeting, room_id)
    clock.advance(76)
    await meeting.service.sweep()
    room_id = (await meeting.create())["room"]["roomId"]
    assert_error(await take_seats(meeting, room_id, 4, token=alice), 429, "user_seats_taken")
    assert meeting.service.tally.bounds["user_seats"] == 3


async def test_guests_of_one_address_cannot_take_all_seats_of_a_room(start: Start, clock: FakeClock) -> None:
    """The real one, behind a trusted proxy: guests from elsewhere, users from there, and a second room go on."""
    meeting = await start(**proxied(jwt_secret=SECRET, address_seats=3))
    room_id = (await meeting.create(token_of("host", clock)))["room"]["roomId"]
    answer = await take_seats(meeting, room_id, 4, headers=OFFICE)
    assert_error(answer, 429, "address_seats_taken")
    assert "SIGNALING_ADDRESS_SEATS" in answer.json["error"]["message"]
    assert (await join(meeting, room_id, headers=HOME)).status == 200
    assert (await join(meeting, room_id, headers=OFFICE, token=token_of("alice", clock))).status == 200
    other = await meeting.create()
    assert (await join(meeting, other["room"]["roomId"], headers=OFFICE)).status == 200
    assert meeting.service.tally.bounds["address_seats"] == 1


async def test_guests_of_one_site_share_their_seats(start: Start, clock: FakeClock) -> None:
    """Or who has an IPv6 /48 would come from 65,536 networks."""
    meeting = await start(**proxied(jwt_secret=SECRET, address_seats=3))
    room_id = (await meeting.create(token_of("host", clock)))["room"]["roomId"]
    statuses = [
        (await join(meeting, room_id, headers={"X-Forwarded-For": f"2001:db8:1:{number}::1"})).status
        for number in range(4)
    ]
    assert statuses == [200, 200, 200, 429]
    assert (await join(meeting, room_id, headers={"X-Forwarded-For": "2001:db8:2::1"})).status == 200


async def test_class_of_guests_behind_one_address_gets_in(start: Start) -> None:
    """With the settings as they come: a hundred and twenty-eight have place, and half of the room is left."""
    meeting = await start()
    room_id = (await meeting.create())["room"]["roomId"]
    assert_error(await take_seats(meeting, room_id, 128), 429, "address_seats_taken")
    assert meeting.service.config.address_seats * 2 == meeting.service.config.room_peers


async def test_sender_with_a_full_share_is_told(start: Start) -> None:
    """By name, and what to do; the mailbox still takes what others send."""
    meeting = await start(sender_entries=2)
    left, right = await meeting.pair()
    third = await meeting.join(roomId=left["room"]["roomId"])
    for _ in range(2):
        assert (await meeting.post("offer", left, right["peerId"], 1)).status == 202
    answer = await meeting.post("offer", left, right["peerId"], 1)
    assert_error(answer, 429, "share_full")
    assert "SIGNALING_SENDER_ENTRIES" in answer.json["error"]["message"]
    assert (await meeting.post("offer", third, right["peerId"], 2)).status == 202
    assert meeting.service.tally.bounds["sender_entries"] == 1
    await meeting.inbox(left)
    socket = await meeting.connect(left)
    await socket.send_json({"type": "offer", "to": right["peerId"], "body": 1})
    error = await socket.receive_json()
    assert (error["type"], error["error"]["code"], error["to"]) == ("error", "share_full", right["peerId"])


async def test_header_of_a_stranger_is_not_believed_but_told(
    start: Start, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """Most likely a proxy that the operator has forgotten to name: said once, without an address."""
    caplog.set_level(logging.DEBUG, logger="signaling")
    meeting = await start(address_listings=Rate(1, 60))
    assert (await meeting.call("GET", "/signaling/rooms", headers=OFFICE)).status == 200
    assert_error(await meeting.call("GET", "/signaling/rooms", headers=HOME), 429, "rate_limited")
    warnings = [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert "SIGNALING_TRUSTED_PROXIES" in warnings[0]
    assert "192.0.2" not in caplog.text


async def test_no_warning_where_the_proxy_is_named(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    """Nor without the header."""
    meeting = await start(**proxied())
    await meeting.call("GET", "/signaling/rooms", headers=OFFICE)
    await meeting.call("GET", "/signaling/rooms")
    assert "TRUSTED_PROXIES" not in caplog.text
