"""Proof, attestation and its check: the peer's half and the server's, over real sockets."""

import base64
import json
import time
from functools import partial
from typing import Any

import jwt
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from peer.attestation import parse_keys, prove_possession, verify_attestation
from peer.errors import BadAttestation, JoinRefused, SignalingUnreachable
from peer.signaling import SignalingClient
from signaling.app import running_server
from signaling.config import Config

from ..peer.signaling.seats import client_of
from ..support.keys import identity

SECRET = "0123456789abcdef0123456789abcdef"
ANN, BOB = identity("ann"), identity("bob")


def config(**settings: Any) -> Config:
    return Config(**{"store": "memory:", "port": 0, "jwt_secret": SECRET, **settings})


def token(sub: str = "auth0|änn", **claims: Any) -> str:
    said = {"sub": sub, "name": "Ann", "exp": int(time.time()) + 60, **claims}
    return jwt.encode({name: value for name, value in said.items() if value is not None}, SECRET, algorithm="HS256")


@pytest.mark.parametrize("issuer", ["https://id.example", "", None, "two\nlines", 7])
async def test_server_attests_what_the_peer_takes(issuer: Any) -> None:
    """Whatever the JWT says of its issuer, both sides read it alike."""
    header, body, _ = token().split(".")
    presented = token(iss=issuer) if isinstance(issuer, str | None) else _with_claim(header, body, issuer)
    async with running_server(config(issuer="https://chat.example")) as url, client_of(url, token=presented) as client:
        attestation = await client.attest(partial(prove_possession, ANN))
        keys = parse_keys(await client.fetch_keys())
    assert attestation is not None
    assert attestation.expires_in_s == 43_200
    said = verify_attestation(attestation.text, keys=keys, member=ANN.member_id, now_s=time.time())
    assert (said.subject, said.name, said.issuer) == ("auth0|änn", "Ann", "https://chat.example")
    with pytest.raises(BadAttestation, match="another key"):
        verify_attestation(attestation.text, keys=keys, member=BOB.member_id, now_s=time.time())


def _with_claim(header: str, body: str, issuer: object) -> str:
    """PyJWT signs no such thing."""
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))) | {"iss": issuer}
    text = f"{header}.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}"
    signature = jwt.get_algorithm_by_name("HS256").sign(text.encode(), SECRET.encode())
    return f"{text}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


async def test_guest_learns_the_keys_and_is_attested_nothing() -> None:
    """It asks for nothing, either."""
    async with running_server(config(guests=True)) as url, client_of(url) as client:
        assert await client.attest(partial(prove_possession, ANN)) is None
        assert parse_keys(await client.fetch_keys()).issuer.startswith("urn:ietf:params:oauth:jwk-thumbprint:")


async def test_refusals_come_by_name() -> None:
    """An expired JWT, a server from before attestations, a captive portal."""
    async with running_server(config()) as url, client_of(url, token=token(exp=1)) as client:
        assert await refusal(client) == "token_expired"
    old = web.Application()
    old.router.add_route("*", "/{path:.*}", _not_found)
    async with TestServer(old) as server, client_of(str(server.make_url("")), token=token()) as client:
        assert await refusal(client) == "not_found"
        with pytest.raises(JoinRefused):
            await client.fetch_keys()


async def refusal(client: SignalingClient) -> str:
    with pytest.raises(JoinRefused) as caught:
        await client.attest(partial(prove_possession, ANN))
    return caught.value.code


async def _not_found(_request: web.Request) -> web.Response:
    return web.json_response({"error": {"code": "not_found", "message": "There is nothing here."}}, status=404)


async def test_server_that_is_away_is_told_as_such() -> None:
    """As by every call."""
    async with running_server(config()) as url:
        pass
    async with client_of(url, token=token()) as client:
        with pytest.raises(SignalingUnreachable):
            await client.attest(partial(prove_possession, ANN))
        with pytest.raises(SignalingUnreachable):
            await client.fetch_keys()


# A server in the middle


async def test_hostile_server_cannot_have_us_sign_for_another_user() -> None:
    """It passes on the nonce that a genuine one made for Mallory: what comes back is signed for Ann, and worth nothing.

    Nor does it get Ann's key attested to itself.
    """
    async with (
        running_server(config()) as genuine,
        client_of(genuine, token=token("mallory")) as mallory,
        Hostile(mallory) as url,
        client_of(url, token=token("ann")) as ann,
    ):
        with pytest.raises(JoinRefused) as caught:
            await ann.attest(partial(prove_possession, ANN))
        assert caught.value.code == "proof_failed"


class Hostile:
    """A server whose owner is a user of another one, and hands on what that one asks and answers."""

    def __init__(self, mallory: SignalingClient) -> None:
        self._mallory = mallory
        app = web.Application()
        app.router.add_post("/signaling/nonce", self._make_nonce)
        app.router.add_post("/signaling/attest", self._attest)
        self._server = TestServer(app)

    async def __aenter__(self) -> str:
        await self._server.start_server()
        return str(self._server.make_url(""))

    async def __aexit__(self, *_: object) -> None:
        await self._server.close()

    async def _make_nonce(self, _request: web.Request) -> web.Response:
        http = self._mallory._calls.http
        answer = await http.post("/signaling/nonce", token=token("mallory"))
        return web.Response(body=answer, content_type="application/json")

    async def _attest(self, request: web.Request) -> web.Response:
        http = self._mallory._calls.http
        try:
            answer = await http.post("/signaling/attest", token=token("mallory"), body=await request.read())
        except JoinRefused as refused:
            error = {"code": refused.code, "message": "no"}
            return web.json_response({"error": error}, status=403)
        return web.Response(body=answer, content_type="application/json")
