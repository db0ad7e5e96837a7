"""Whose identity key is whose: what the server attests, and every proof that is none."""

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from signaling.errors import InvalidToken, ProofFailed
from signaling.identity.attestation import ATTESTATION_TYPE, NONCE_TTL_S, SMALL_ORDER_Y, Attestor, proof_bytes
from signaling.identity.auth import RoomTokens, UserTokens
from signaling.identity.keys import OneKey
from signaling.ids import RoomId, User, UserId, encode_base64url

from ..keyrings import ED, public_pem
from ..store.support import a_peer
from ..support import START, FakeClock, zeros

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "signaling" / "attestations.json").read_text("utf-8"))
STORE_KEY = bytes(range(32))
ALICE = User(UserId("alice"), "Alice", is_guest=False, issuer="https://id.example")
MALLORY = replace(ALICE, user_id=UserId("mallory"))


def attestor(clock: FakeClock, *, key: bytes = STORE_KEY, issuer: str | None = None, ttl_s: float = 3600) -> Attestor:
    return Attestor(key, issuer=issuer, ttl_s=ttl_s, clock=clock, random_bytes=zeros)


def public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()


def prove(holder: Ed25519PrivateKey, user: User, nonce: str, **instead: Any) -> dict[str, str]:
    """What an honest client presents, but for what is given."""
    proof = proof_bytes(nonce=nonce, user=user, key=public(holder))
    honest = {"key": public(holder), "signature": holder.sign(proof)}
    named = {name: encode_base64url(value) for name, value in honest.items()}
    return {**named, "nonce": nonce, **instead}


def read(attestation: str, server: Attestor, **options: Any) -> Any:
    """As any JOSE library would, without its clock."""
    key = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(server.jwk["x"] + "="))
    clockless: Any = {"verify_exp": False, "verify_iat": False}
    return jwt.decode_complete(
        attestation, key, algorithms=["EdDSA"], audience="speaktube peer", options=clockless, **options
    )


def test_proof_is_answered_with_an_attestation(clock: FakeClock) -> None:
    """RFC 7800: `cnf` holds the key; by a standard library it reads as any JWT."""
    server = attestor(clock, issuer="https://chat.example")
    nonce = server.make_nonce(ALICE)
    found = read(server.attest(ALICE, "Alice", **prove(ED, ALICE, nonce)), server, issuer="https://chat.example")
    assert found["header"] == {"alg": "EdDSA", "typ": ATTESTATION_TYPE, "kid": server.kid}
    assert found["payload"] == {
        "iss": "https://chat.example",
        "aud": "speaktube peer",
        "sub": "alice",
        "name": "Alice",
        "iat": START,
        "exp": START + 3600,
        "cnf": {"jwk": {"kty": "OKP", "crv": "Ed25519", "x": encode_base64url(public(ED))}},
    }


def test_all_servers_of_a_store_speak_with_one_voice(clock: FakeClock) -> None:
    """One hands out the nonce, another one attests, and under any address the name is the same."""
    one, two, strange = attestor(clock), attestor(clock), attestor(clock, key=bytes(32))
    attestation = two.attest(ALICE, None, **prove(ED, ALICE, one.make_nonce(ALICE)))
    assert read(attestation, one)["payload"]["iss"] == one.issuer == two.issuer
    assert one.issuer == f"urn:ietf:params:oauth:jwk-thumbprint:sha-256:{one.kid}"
    assert strange.kid != one.kid
    with pytest.raises(jwt.InvalidSignatureError):
        read(attestation, strange)


def test_user_without_a_name_has_none() -> None:
    """`name` is left out."""
    server = attestor(FakeClock())
    payload = read(server.attest(ALICE, None, **prove(ED, ALICE, server.make_nonce(ALICE))), server)["payload"]
    assert "name" not in payload


@pytest.mark.parametrize(("until", "lifetime_s"), [(None, 3600), (START + 9000, 3600), (START + 60.5, 60), (START, 0)])
def test_attestation_ends_with_a_jwt_that_ends_the_stay(until: float | None, lifetime_s: int) -> None:
    """SIGNALING_JWT_ENDS_STAY: nobody outlives it."""
    server, user = attestor(FakeClock()), replace(ALICE, until=until)
    payload = read(server.attest(user, None, **prove(ED, user, server.make_nonce(user))), server)["payload"]
    assert payload["exp"] - payload["iat"] == lifetime_s


# What proves nothing


def refused(server: Attestor, user: User, presented: dict[str, str]) -> str:
    with pytest.raises(ProofFailed) as caught:
        server.attest(user, None, **presented)
    return str(caught.value)


def test_victims_key_cannot_be_registered(clock: FakeClock) -> None:
    """Mallory has its public half, and signatures of the victim for other things."""
    server = attestor(clock)
    victim, mallory = ED, Ed25519PrivateKey.generate()
    nonce = server.make_nonce(MALLORY)
    own = prove(mallory, MALLORY, nonce)
    for presented in (
        {**own, "key": encode_base64url(public(victim))},
        prove(victim, ALICE, nonce),
        prove(victim, replace(MALLORY, issuer="https://evil.example"), nonce),
        prove(victim, MALLORY, nonce, signature=encode_base64url(victim.sign(nonce.encode()))),
        prove(victim, MALLORY, nonce, signature=encode_base64url(bytes(64))),
    ):
        assert "signature" in refused(server, MALLORY, presented)
    server.attest(MALLORY, None, **own)


def test_nonce_is_for_one_user(clock: FakeClock) -> None:
    """Of this server, by subject and issuer."""
    server = attestor(clock)
    for other in (MALLORY, replace(ALICE, issuer=""), replace(ALICE, issuer="https://evil.example")):
        assert "another user" in refused(server, ALICE, prove(ED, ALICE, server.make_nonce(other)))


def test_nonce_is_for_a_minute(clock: FakeClock) -> None:
    """And for a leeway on top, as every time here."""
    server = attestor(clock)
    presented = prove(ED, ALICE, server.make_nonce(ALICE))
    clock.advance(NONCE_TTL_S)
    server.attest(ALICE, None, **presented)
    clock.advance(6)
    assert "60 s old" in refused(server, ALICE, presented)


def test_other_tokens_are_no_nonces(clock: FakeClock) -> None:
    """A room token, a user's JWT, an attestation, a nonce under the bare store key, and no token at all."""
    server = attestor(clock)
    claims = {"aud": "speaktube nonce", "iss": ALICE.issuer, "sub": "alice", "iat": START, "exp": START + 60}
    typ = {"typ": "speaktube-nonce+jwt"}
    for text in (
        RoomTokens(STORE_KEY, ttl_s=60, clock=clock).mint(RoomId("deck"), a_peer("p", user="alice")),
        server.attest(ALICE, None, **prove(ED, ALICE, server.make_nonce(ALICE))),
        jwt.encode(claims, STORE_KEY, algorithm="HS256", headers=typ),
        jwt.encode(claims, server._nonce_key.key, algorithm="HS256"),
        jwt.encode({**claims, "exp": START + 900}, server._nonce_key.key, algorithm="HS256", headers=typ),
        jwt.encode({**claims, "aud": "other"}, server._nonce_key.key, algorithm="HS256", headers=typ),
        "ahoy",
    ):
        assert "none of this server's" in refused(server, ALICE, prove(ED, ALICE, text))


@pytest.mark.parametrize("y", sorted(SMALL_ORDER_Y))
@pytest.mark.parametrize("sign", [0, 1 << 255])
def test_key_of_small_order_is_refused(y: int, sign: int) -> None:
    """Whatever the signature: under such a key it proves nothing."""
    server = attestor(FakeClock())
    key = encode_base64url((y | sign).to_bytes(32, "little"))
    presented = prove(ED, ALICE, server.make_nonce(ALICE), key=key)
    assert "could prove anything" in refused(server, ALICE, presented)


@pytest.mark.parametrize("key", ["A" * 42 + "B", "A" * 42, "é" * 43, "A" * 44, ""])
def test_key_that_cannot_be_read_is_refused(key: str) -> None:
    """Another spelling of the same bytes, a wrong length."""
    server = attestor(FakeClock())
    refused(server, ALICE, prove(ED, ALICE, server.make_nonce(ALICE), key=key))


@pytest.mark.parametrize("signature", ["", "A" * 85 + "B", "A" * 86, "é"])
def test_signature_that_cannot_be_read_is_refused(signature: str) -> None:
    """Never a 500."""
    server = attestor(FakeClock())
    refused(server, ALICE, prove(ED, ALICE, server.make_nonce(ALICE), signature=signature))


async def test_attestation_and_nonce_are_no_tokens(clock: FakeClock) -> None:
    """Not a user's, even where the operator takes this very server's key for the provider's; nor a room's."""
    server = attestor(clock)
    nonce = server.make_nonce(ALICE)
    attestation = server.attest(ALICE, None, **prove(ED, ALICE, nonce))
    users = UserTokens(OneKey(public_pem(server._key)), max_ttl_s=86_400, clock=clock)
    rooms = RoomTokens(STORE_KEY, ttl_s=3600, clock=clock)
    for text in (nonce, attestation):
        with pytest.raises(InvalidToken):
            await users.read(text)
        with pytest.raises(InvalidToken):
            rooms.read(text)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_sample_bytes_are_what_we_make_and_take(vector: dict[str, Any]) -> None:
    """Another implementation is checked against the same file; JWTs by what they say, since JSON has many spellings."""
    server = Attestor(
        bytes.fromhex(vector["storeKey"]),
        issuer=vector["serverName"],
        ttl_s=43_200,
        clock=lambda: float(vector["now"]),
        random_bytes=lambda count: bytes.fromhex(vector["random"])[:count],
    )
    user = User(UserId(vector["user"]["subject"]), None, is_guest=False, issuer=vector["user"]["issuer"])
    presented = vector["attest"]
    key = base64.urlsafe_b64decode(presented["key"] + "=")
    assert proof_bytes(nonce=vector["nonce"], user=user, key=key).hex() == vector["proof"]
    made = server.attest(user, vector["user"]["name"], **presented)
    ours, sample = read(made, server), read(vector["attestation"], server)
    assert (ours["header"], ours["payload"]) == (sample["header"], sample["payload"])
    options: Any = {"verify_signature": False}
    assert jwt.decode(server.make_nonce(user), options=options) == jwt.decode(vector["nonce"], options=options)
    published = {**server.jwk, "kid": server.kid, "alg": "EdDSA", "use": "sig"}
    assert vector["keys"] == {"issuer": server.issuer, "keys": [published]}
