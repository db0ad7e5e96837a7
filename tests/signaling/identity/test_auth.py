"""Tokens: what is trusted, and every forgery that is not."""

import base64
from typing import Any

import jwt
import pytest

from signaling.errors import InvalidToken, Refused, TokenExpired, Unauthenticated
from signaling.identity.auth import (
    FRESH_TOKENS,
    LEEWAY_S,
    MAX_HEADER_LENGTH,
    RoomTokens,
    UserTokens,
    bearer,
    mint_user_token,
)
from signaling.identity.keys import OneKey
from signaling.ids import PeerKey, RoomId, User
from signaling.wire import encode_error

from ..keyrings import RSA, by_hand, public_pem
from ..store.support import a_peer
from ..support import SECRET, START, FakeClock


def users(key: str = SECRET, **options: Any) -> UserTokens:
    return UserTokens(OneKey(key), **{"max_ttl_s": 86_400, "clock": FakeClock(), **options})


async def read(token: str, **options: Any) -> User:
    """What a token says to a server of one secret."""
    return await users(**options).read(token)


def sign(claims: dict[str, Any], key: Any = SECRET, algorithm: str = "HS256", **header: Any) -> str:
    good = {"sub": "alice", "exp": START + 60}
    merged = {name: value for name, value in {**good, **claims}.items() if value is not None}
    return jwt.encode(merged, key, algorithm=algorithm, headers=header)


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"name": "Alice"}, "Alice"),
        ({"preferred_username": "al"}, "al"),
        ({"name": "Alice", "preferred_username": "al"}, "Alice"),
        ({}, None),
        ({"name": 7}, None),
        ({"nbf": START, "iat": START - 1}, None),
        ({"exp": START - 4}, None),
        ({"iat": START + 4}, None),
    ],
)
async def test_good_token_names_its_user(claims: dict[str, Any], name: str | None) -> None:
    """`sub` is the user, with 5 s of leeway on all times."""
    user = await read(sign(claims))
    assert (user.user_id, user.name, user.is_guest) == ("alice", name, False)


async def test_issuer_and_audience_are_asked_for() -> None:
    """Where they are configured, they must be there and be right."""
    judge = users(issuer="https://id.example", audience="speaktube")
    good = {"iss": "https://id.example", "aud": ["other", "speaktube"]}
    user = await judge.read(sign(good))
    assert (user.user_id, user.issuer) == ("alice", "https://id.example")
    for wrong in ({"iss": "https://evil.example"}, {"aud": "other"}, {"iss": None}, {"aud": None}):
        with pytest.raises(InvalidToken):
            await judge.read(sign({**good, **wrong}))


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": None},
        {"sub": None},
        {"sub": 7},
        {"sub": ""},
        {"sub": "x" * 256},
        {"sub": " "},
        {"sub": "x\ud800"},
        {"sub": "x\ny"},
        {"sub": "x\u2028y"},
        {"sub": "x\u2029y"},
        {"exp": "soon"},
        {"exp": True},
        {"exp": [1]},
        {"exp": START + 90_000},
        {"exp": 1e300},
        {"nbf": START + 60},
        {"iat": START + 60},
        {"iat": "x"},
        {"nbf": {}},
    ],
    ids=str,
)
async def test_bad_claims_are_refused(claims: dict[str, Any]) -> None:
    """401, never a 500."""
    with pytest.raises(InvalidToken):
        await read(sign(claims))


async def test_expired_token_is_told_apart() -> None:
    """After the leeway."""
    with pytest.raises(TokenExpired):
        await read(sign({"exp": START - 6}))


FORGERIES = {
    "huge": sign({"pad": "x" * MAX_HEADER_LENGTH}),
    "none": by_hand({"alg": "none"}, {"sub": "alice", "exp": START + 60}),
    "None with signature": by_hand({"alg": "None"}, {"sub": "alice", "exp": START + 60}, "AAAA"),
    "another secret": sign({}, "another secret of more than 32 bytes"),
    "another HMAC": sign({}, SECRET * 2, "HS512"),
    "list of claims": by_hand({"alg": "HS256"}, ["alice"], "AAAA"),
    "no header": "..",
    "empty": "",
    "words": "ahoy",
    "not ASCII": "é.é.é",
    "NUL": "\x00.\x00.\x00",
    "deep header": base64.urlsafe_b64encode(b"[" * 5000).decode() + ".e30.AAAA",
    "number for algorithm": by_hand({"alg": 7}, {"sub": "alice"}, "AAAA"),
    "own key": by_hand({"alg": "HS256", "jwk": {"kty": "oct", "k": "AAAA"}}, {"sub": "alice", "exp": 9e9}, "AAAA"),
}


@pytest.mark.parametrize("token", FORGERIES.values(), ids=FORGERIES.keys())
async def test_forgery_is_refused(token: str) -> None:
    """Whatever the token says about itself."""
    with pytest.raises(InvalidToken):
        await read(token)


async def test_refusal_that_quotes_a_token_can_be_sent() -> None:
    """PyJWT names the extension it does not know, which UTF-8 may not be able to carry; nothing is signed yet."""
    token = by_hand({"alg": "HS256", "crit": ["x\ud800\n"]}, {"sub": "alice", "exp": START + 60}, "AAAA")
    with pytest.raises(InvalidToken) as caught:
        await read(token)
    assert b"extension: x." in encode_error(caught.value)


async def test_public_key_is_no_secret() -> None:
    """The classic: HMAC with the public key's text, which everybody has."""
    pem = public_pem(RSA)
    header, claims = {"alg": "HS256", "typ": "JWT"}, {"sub": "alice", "exp": START + 60}
    unsigned = by_hand(header, claims).rstrip(".")
    digest = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(unsigned.encode(), pem.encode())
    forged = unsigned + "." + base64.urlsafe_b64encode(digest).decode().rstrip("=")
    with pytest.raises(InvalidToken):
        await users(pem).read(forged)


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic x", "Bearer " + "x" * MAX_HEADER_LENGTH])
def test_bad_header_is_an_invalid_token(header: str) -> None:
    """A missing one is something else."""
    with pytest.raises(InvalidToken):
        bearer(header)
    assert bearer(None) is None
    assert bearer("bearer  a.b.c ") == "a.b.c"


async def test_minted_user_token_is_accepted() -> None:
    """`python -m signaling token`."""
    judge = users(issuer="i", audience="a")
    token = mint_user_token(SECRET, sub="alice", name="Alice", issuer="i", audience="a", now=START, ttl_s=60)
    assert (await judge.read(token)).name == "Alice"


def room_tokens(clock: FakeClock, key: bytes = b"k" * 32) -> RoomTokens:
    return RoomTokens(key, ttl_s=3600, clock=clock)


def test_room_token_says_who_and_where(clock: FakeClock) -> None:
    """One user, one peer, one room; renewed, it says the same for longer."""
    tokens = room_tokens(clock)
    membership = tokens.read(tokens.mint(RoomId("deck"), a_peer("p", user="alice")))
    assert (membership.key, membership.user_id, membership.name) == (
        PeerKey(RoomId("deck"), membership.key.peer_id),
        "alice",
        "p",
    )
    clock.advance(1800)
    assert not membership.is_due(clock())
    clock.advance(1)
    assert membership.is_due(clock())
    renewed = tokens.read(tokens.renew(membership))
    assert (renewed.key, renewed.issued_at) == (membership.key, clock())


async def test_room_token_ends_with_the_jwt(clock: FakeClock) -> None:
    """Renewed up to that moment and never beyond it."""
    tokens = room_tokens(clock)
    until = (await read(sign({"exp": START + 4000.5}), ends_stay=True)).until
    membership = tokens.read(tokens.mint(RoomId("deck"), a_peer(), until=until))
    assert membership.expires_at == START + 3600
    clock.advance(1801)
    assert membership.is_due(clock())
    last = tokens.renew(membership)
    assert tokens.read(last).expires_at == START + 4000
    clock.advance(2200)
    assert not tokens.read(last).is_due(clock())
    assert not tokens.read(last).has_ended(clock())
    membership = tokens.read(last)
    clock.advance(5)
    assert membership.has_ended(clock())
    with pytest.raises(TokenExpired):
        tokens.read(last)


def test_huge_room_token_is_refused_before_it_is_read(clock: FakeClock) -> None:
    """It may come in a frame of a WebSocket, which no header bounds."""
    tokens = room_tokens(clock)
    with pytest.raises(InvalidToken, match="over 8192"):
        tokens.read(tokens.mint(RoomId("deck"), a_peer("x" * MAX_HEADER_LENGTH)))


def test_fresh_token_says_the_same_here_and_elsewhere(clock: FakeClock) -> None:
    """Its maker knows it again at once; another server with the same key looks at the signature."""
    maker, other = room_tokens(clock), room_tokens(clock)
    token = maker.mint(RoomId("deck"), a_peer(), until=clock() + 60)
    assert maker.read(token) == other.read(token)


def test_fresh_token_expires_like_any_other(clock: FakeClock) -> None:
    """Knowing it again is no extension."""
    tokens = room_tokens(clock)
    token = tokens.mint(RoomId("deck"), a_peer())
    clock.advance(3600 + LEEWAY_S)
    with pytest.raises(TokenExpired):
        tokens.read(token)


def test_few_fresh_tokens_are_kept(clock: FakeClock) -> None:
    """The oldest go, and are read by their signature as before."""
    tokens = room_tokens(clock)
    first = tokens.mint(RoomId("deck"), a_peer("first"))
    for number in range(FRESH_TOKENS):
        tokens.mint(RoomId("deck"), a_peer(f"peer {number}"))
    assert first not in tokens._fresh
    assert len(tokens._fresh) == FRESH_TOKENS
    assert tokens.read(first).name == "first"


def test_guest_has_no_end(clock: FakeClock) -> None:
    """Nobody would give it a fresh JWT."""
    tokens = room_tokens(clock)
    membership = tokens.read(tokens.mint(RoomId("deck"), a_peer()))
    clock.advance(3000)
    assert membership.is_due(clock())
    assert not membership.has_ended(clock() + 1e9)


def test_room_token_needs_this_stores_key_and_time(clock: FakeClock) -> None:
    """Another server's, an expired one, a user's JWT under the very same key, none at all."""
    tokens = room_tokens(clock)
    good = tokens.mint(RoomId("deck"), a_peer())
    users_own = sign({"aud": "speaktube room "}, b"k" * 32)
    cases: list[tuple[str | None, type[Refused]]] = [(None, Unauthenticated), (users_own, InvalidToken)]
    for token, error in cases:
        with pytest.raises(error):
            tokens.read(token)
    with pytest.raises(InvalidToken):
        room_tokens(clock, b"l" * 32).read(good)
    clock.advance(3606)
    with pytest.raises(TokenExpired):
        tokens.read(good)


async def test_room_token_is_no_user_token(clock: FakeClock) -> None:
    """Its audience is ours alone."""
    token = room_tokens(clock, SECRET.encode()).mint(RoomId("deck"), a_peer())
    with pytest.raises(InvalidToken):
        await read(token, audience="speaktube")


async def test_peer_outstays_its_jwt_unless_the_operator_ends_that() -> None:
    """A bot with a short-lived JWT does not die of its `exp` while it is connected."""
    assert (await read(sign({}))).until is None
    assert (await read(sign({}), ends_stay=True)).until is not None


@pytest.mark.parametrize("typ", ["JWT", "jwt", "application/jwt", "at+jwt", "AT+JWT"])
async def test_token_may_say_that_it_names_a_user(typ: str) -> None:
    """RFC 9068, 2.1: access tokens name their type, all others need not."""
    assert (await read(sign({}, typ=typ))).user_id == "alice"


@pytest.mark.parametrize("typ", ["logout+jwt", "speaktube-attestation+jwt", "speaktube-nonce+jwt", "JWE", 7, ["JWT"]])
async def test_token_of_another_purpose_is_refused(typ: Any) -> None:
    """RFC 8725, 3.12: the provider signs other things with the same key, which name a user as well."""
    with pytest.raises(InvalidToken, match="something else"):
        await read(sign({}, typ=typ))


@pytest.mark.parametrize("claim", [None, 7, ["x"], "x\ud800", "x\ny"])
async def test_issuer_that_is_no_text_is_none(claim: Any) -> None:
    """Where no issuer is asked for, it may be anything."""
    token = by_hand({"alg": "HS256"}, {"sub": "alice", "exp": START + 60, "iss": claim}, secret=SECRET)
    assert (await read(token)).issuer == ""
