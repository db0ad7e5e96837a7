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
    room = await meeting.create(token)
    body = {"roomId": room["room"]["roomId"]}
    answers = [await meeting.call("POST", "/signaling/join-room", body, token=token) for _ in range(50)]
    assert {answer.status for answer in answers} == {200}
    assert meeting.service.tally.bounds.total() == 0


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
