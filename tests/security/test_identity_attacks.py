"""Who somebody is, under attack: forged tokens at a real server, keys of others, and attestations that are none.

E2EE.md, "Server, JWT, disk". Each attack is made by somebody who has all that an attacker may have: the server's public
key, tokens of his own, the public halves of other people's keys.
"""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from signaling.app import running_server
from signaling.config import Config
from signaling.identity.attestation import proof_bytes
from signaling.ids import User, UserId, encode_base64url

PROVIDER = generate_private_key(65537, 2048)
PEM = PROVIDER.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
ISSUER, AUDIENCE = "https://id.example", "speaktube"


@asynccontextmanager
async def server(**settings: Any) -> AsyncIterator[aiohttp.ClientSession]:
    """A real one, and a way to it."""
    given = {"jwt_public_key": PEM, "jwt_issuer": ISSUER, "jwt_audience": AUDIENCE, **settings}
    async with (
        running_server(Config(store="memory:", port=0, **given)) as url,
        aiohttp.ClientSession(url) as session,
    ):
        yield session


def claims(**change: Any) -> dict[str, Any]:
    """Those of a good token of Mallory's, good for as long as all tests may take; None takes one away."""
    good = {"sub": "mallory", "name": "Mallory", "iss": ISSUER, "aud": AUDIENCE, "exp": int(time.time()) + 86_400}
    return {name: value for name, value in {**good, **change}.items() if value is not None}


def signed(header: dict[str, Any] | None = None, **change: Any) -> str:
    """By the provider itself."""
    return jwt.encode(claims(**change), PROVIDER, algorithm="RS256", headers=header)


def encoded(part: dict[str, Any]) -> str:
    return encode_base64url(json.dumps(part).encode())


def forged(header: dict[str, Any], key: bytes | None = None) -> str:
    """By Mallory: with an HMAC of his, or with no signature at all."""
    text = f"{encoded(header)}.{encoded(claims(sub='alice'))}"
    return f"{text}.{encode_base64url(hmac.new(key, text.encode(), hashlib.sha256).digest()) if key else ''}"


def resigned(header: dict[str, Any]) -> str:
    """As the provider would sign it if it wrote such headers, which PyJWT does not let it."""
    text = f"{encoded(header)}.{encoded(claims())}"
    signature = jwt.get_algorithm_by_name("RS256").sign(text.encode(), PROVIDER)
    return f"{text}.{encode_base64url(signature)}"


MALLORYS_JWK = jwt.algorithms.RSAAlgorithm.to_jwk(generate_private_key(65537, 2048).public_key(), as_dict=True)

FORGERIES: dict[str, Callable[[], str]] = {
    "alg none": lambda: forged({"alg": "none"}),
    "alg None": lambda: forged({"alg": "None", "typ": "JWT"}),
    "alg none under a genuine signature": lambda: resigned({"alg": "none"}),
    "HMAC with the public key": lambda: forged({"alg": "HS256"}, PEM.encode()),
    "HMAC with nothing": lambda: forged({"alg": "HS256"}, b"\0"),
    "unknown crit": lambda: resigned({"alg": "RS256", "crit": ["exp"], "exp": 1}),
    "crit of our own making": lambda: resigned(
        {"alg": "RS256", "crit": ["https://evil.example"], "https://evil.example": 1}
    ),
    "unencoded payload": lambda: resigned({"alg": "RS256", "crit": ["b64"], "b64": False}),
    "key in the header": lambda: forged({"alg": "RS256", "jwk": MALLORYS_JWK}),
    "wrong iss": lambda: signed(iss="https://evil.example"),
    "no iss": lambda: signed(iss=None),
    "wrong aud": lambda: signed(aud="another service"),
    "no aud": lambda: signed(aud=None),
    "no exp": lambda: signed(exp=None),
    "exp in a thousand years": lambda: signed(exp=int(time.time()) + 10**11),
    "no sub": lambda: signed(sub=None),
    "not yet": lambda: signed(nbf=int(time.time()) + 600),
    "logout token": lambda: signed({"typ": "logout+jwt"}),
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES.keys())
async def test_forged_token_is_refused(forge: Callable[[], str]) -> None:
    """401 `invalid_token`, at each call that takes a user's token; forged now, since in a long suite tokens expire."""
    token = forge()
    async with server() as session:
        for method, path in (("POST", "create-room"), ("GET", "rooms"), ("POST", "nonce"), ("POST", "attest")):
            assert await asked(session, method, path, token) == (401, "invalid_token")
        assert (await asked(session, "POST", "create-room", signed()))[0] == 200


async def test_expired_token_is_refused() -> None:
    """By its own name, so that a client fetches another one."""
    async with server() as session:
        expired = signed(exp=int(time.time()) - 6)
        assert await asked(session, "POST", "create-room", expired) == (401, "token_expired")


async def asked(
    session: aiohttp.ClientSession, method: str, path: str, token: str | None, body: Any = None
) -> tuple[int, Any]:
    """Status, and the error's code or the answer."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with session.request(method, f"/signaling/{path}", headers=headers, json=body) as response:
        answer = await response.json()
        return response.status, answer["error"]["code"] if "error" in answer else answer


# Keys of others


async def nonce_for(session: aiohttp.ClientSession, token: str) -> str:
    status, answer = await asked(session, "POST", "nonce", token)
    assert status == 200
    return str(answer["nonce"])


def proof(holder: Ed25519PrivateKey, subject: str, nonce: str, *, shown: Ed25519PrivateKey | None = None) -> Any:
    """`holder` signs for `subject`; the key that is shown may be another one's."""
    key = (shown or holder).public_key().public_bytes_raw()
    user = User(UserId(subject), None, is_guest=False, issuer=ISSUER)
    signature = holder.sign(proof_bytes(nonce=nonce, user=user, key=key))
    return {"key": encode_base64url(key), "nonce": nonce, "signature": encode_base64url(signature)}


async def test_victims_key_cannot_be_registered() -> None:
    """Mallory shows Alice's key under his own name: neither his signature nor one she made for herself will do."""
    alice, mallory = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    async with server() as session:
        hers, his = await nonce_for(session, signed(sub="alice")), await nonce_for(session, signed())
        for stolen in (
            proof(mallory, "mallory", his, shown=alice),
            proof(alice, "alice", his),
            proof(alice, "alice", hers),
            {**proof(mallory, "mallory", his), "key": proof(alice, "alice", hers)["key"]},
        ):
            assert await asked(session, "POST", "attest", signed(), stolen) == (403, "proof_failed")
        status, answer = await asked(session, "POST", "attest", signed(), proof(mallory, "mallory", his))
        assert status == 200
        attested = jwt.decode(answer["attestation"], options={"verify_signature": False})
        assert (attested["sub"], attested["name"]) == ("mallory", "Mallory")


async def test_proof_of_one_user_is_none_of_another() -> None:
    """Mallory presents all that Alice sent, under his token."""
    alice = Ed25519PrivateKey.generate()
    async with server() as session:
        genuine = proof(alice, "alice", await nonce_for(session, signed(sub="alice")))
        assert await asked(session, "POST", "attest", signed(), genuine) == (403, "proof_failed")
        assert (await asked(session, "POST", "attest", signed(sub="alice"), genuine))[0] == 200


async def test_guest_is_attested_nothing() -> None:
    """Nobody vouches for the name that a guest gives itself."""
    async with server(guests=True) as session:
        for path, body in (("nonce", None), ("attest", proof(Ed25519PrivateKey.generate(), "guest", "a.b.c"))):
            assert await asked(session, "POST", path, None, body) == (403, "guest_refused")
    async with server() as session:
        assert await asked(session, "POST", "nonce", None) == (401, "unauthenticated")


async def test_room_token_and_attestation_open_no_door_of_users() -> None:
    """Nor the other way round: each of the server's own tokens is for one thing."""
    key = Ed25519PrivateKey.generate()
    async with server() as session:
        _, joined = await asked(session, "POST", "create-room", signed())
        nonce = await nonce_for(session, signed())
        _, attested = await asked(session, "POST", "attest", signed(), proof(key, "mallory", nonce))
        for token in (joined["token"], attested["attestation"], nonce):
            assert await asked(session, "POST", "create-room", token) == (401, "invalid_token")
            assert await asked(session, "POST", "nonce", token) == (401, "invalid_token")
        for token in (signed(), attested["attestation"], nonce):
            assert await asked(session, "POST", "heartbeat", token) == (401, "invalid_token")


async def test_published_key_is_the_public_half_alone() -> None:
    """And what stands there checks what the server attests."""
    key = Ed25519PrivateKey.generate()
    async with server(issuer="https://chat.example") as session:
        _, published = await asked(session, "GET", "keys", None)
        _, attested = await asked(
            session, "POST", "attest", signed(), proof(key, "mallory", await nonce_for(session, signed()))
        )
    [jwk] = published["keys"]
    assert set(jwk) == {"kty", "crv", "x", "kid", "alg", "use"}
    found = jwt.decode(
        attested["attestation"],
        jwt.PyJWK(jwk),
        algorithms=["EdDSA"],
        audience="speaktube peer",
        issuer=published["issuer"],
    )
    assert base64.urlsafe_b64decode(found["cnf"]["jwk"]["x"] + "=") == key.public_key().public_bytes_raw()
    assert found["exp"] - found["iat"] <= 86_400
