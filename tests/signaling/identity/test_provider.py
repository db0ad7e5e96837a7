"""A provider's keys over the network: a real server on loopback that counts, rotates, stalls, lies and dies."""

import asyncio
import contextlib
import gzip
import logging
import ssl
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from signaling.app import create_app, running_server
from signaling.config import Config
from signaling.errors import InvalidToken, KeysUnavailable, Refused
from signaling.identity.provider import Provider
from signaling.service import SERVICE
from signaling.settings import PREFIX

from ..conftest import Start
from ..keyrings import EC, ED, RSA, by_hand, jwk, key_set, private_pem, token_of
from ..support import FakeClock, Meeting, assert_error, until

Answer = Callable[[], web.StreamResponse]
TTL_S, MAX_AGE_S, COOLDOWN_S = 600.0, 86_400.0, 10.0


class KeyServer:
    """A provider's JWKS endpoint; `stop()` and `start()` keep the port."""

    def __init__(self) -> None:
        self.keys: list[Any] = [jwk(RSA, kid="a")]
        self.requests: list[web.Request] = []
        self.answer: Answer | None = None
        """What comes instead of the keys."""
        self.open = asyncio.Event()
        """Requests are held until it is set."""
        self.open.set()
        self.port = 0
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/jwks"

    async def start(self, tls: ssl.SSLContext | None = None) -> None:
        app = web.Application()
        app.router.add_get("/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, shutdown_timeout=0.05)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, ssl_context=tls).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        await self.open.wait()
        return self.answer() if self.answer else web.Response(body=key_set(*self.keys))


@pytest.fixture
async def server() -> AsyncIterator[KeyServer]:
    server = KeyServer()
    await server.start()
    yield server
    await server.stop()


@contextlib.asynccontextmanager
async def fetching(server: KeyServer, clock: FakeClock, **settings: Any) -> AsyncIterator[Provider]:
    """A provider that nobody has asked yet."""
    bounds = {"jwks_ttl_s": TTL_S, "jwks_max_age_s": MAX_AGE_S, "jwks_cooldown_s": COOLDOWN_S}
    provider = Provider(server.url, Config(**{**bounds, "jwks_timeout_s": 2.0, **settings}), clock=clock)
    try:
        yield provider
    finally:
        await provider.close()


@pytest.fixture
async def provider(server: KeyServer, clock: FakeClock) -> AsyncIterator[Provider]:
    async with fetching(server, clock) as provider:
        yield provider


def token(kid: str | None = "a", key: Any = RSA, algorithm: str = "RS256") -> str:
    return token_of(key, algorithm, kid=kid)


async def algorithm(provider: Provider, kid: str | None = "a") -> str:
    """Of the key that is found."""
    return (await provider.find(token(kid))).algorithm


# Cache and rotation


async def test_keys_are_fetched_once_and_kept(server: KeyServer, provider: Provider, clock: FakeClock) -> None:
    """Not for each user."""
    for _ in range(3):
        assert await algorithm(provider) == "RS256"
        clock.advance(TTL_S / 2 - 200)
    assert len(server.requests) == 1


async def test_keys_are_at_hand_before_anybody_comes(server: KeyServer, provider: Provider) -> None:
    """The first user does not wait, and a wrong URL is in the log at the start."""
    await provider.open()
    await until(lambda: provider._keys is not None)
    assert await algorithm(provider) == "RS256"
    assert len(server.requests) == 1


@pytest.mark.parametrize(("audience", "lines"), [(None, 1), ("speaktube", 0)])
async def test_operator_is_told_that_tokens_of_other_services_would_do(
    server: KeyServer, clock: FakeClock, caplog: pytest.LogCaptureFixture, audience: str | None, lines: int
) -> None:
    """A provider that serves many signs for all of them with one key."""
    async with fetching(server, clock, jwt_audience=audience) as provider:
        await provider.open()
    assert len([line for line in caplog.messages if "SIGNALING_JWT_AUDIENCE" in line]) == lines


async def test_keys_are_renewed_ahead_while_the_old_ones_serve(
    server: KeyServer, provider: Provider, clock: FakeClock
) -> None:
    """From half of their time on nobody waits, and one fetch runs."""
    await algorithm(provider)
    clock.advance(TTL_S / 2)
    server.open.clear()
    for _ in range(20):
        assert await algorithm(provider) == "RS256"
    await until(lambda: len(server.requests) == 2)
    server.open.set()
    await until(lambda: provider._fetching is None)
    clock.advance(TTL_S / 2 - 1)
    assert await algorithm(provider) == "RS256"
    assert len(server.requests) == 2


async def test_new_key_is_accepted_on_first_use(server: KeyServer, provider: Provider) -> None:
    """Rotation: an unknown kid is reason to look again."""
    await algorithm(provider)
    server.keys.append(jwk(EC, kid="b"))
    assert await algorithm(provider, "b") == "ES256"
    assert len(server.requests) == 2


async def test_crowd_under_a_new_key_comes_in_by_one_fetch(server: KeyServer, provider: Provider) -> None:
    """All of them wait for the same."""
    await algorithm(provider)
    server.keys = [jwk(EC, kid="b")]
    server.open.clear()
    crowd = [asyncio.create_task(algorithm(provider, "b")) for _ in range(50)]
    await until(lambda: len(server.requests) == 2)
    server.open.set()
    assert set(await asyncio.gather(*crowd)) == {"ES256"}
    assert len(server.requests) == 2


async def test_withdrawn_key_is_refused_after_its_time(server: KeyServer, provider: Provider, clock: FakeClock) -> None:
    """The first who comes after it already waits for the new set."""
    await algorithm(provider)
    server.keys = [jwk(EC, kid="b")]
    clock.advance(TTL_S)
    with pytest.raises(InvalidToken):
        await algorithm(provider)
    assert await algorithm(provider, "b") == "ES256"
    assert len(server.requests) == 2


async def test_made_up_key_ids_cause_one_fetch_in_a_while(
    server: KeyServer, provider: Provider, clock: FakeClock
) -> None:
    """A flood costs no fetches and no memory."""
    await algorithm(provider)
    for _ in range(2):
        for number in range(500):
            with pytest.raises(InvalidToken, match="none of the provider's keys"):
                await algorithm(provider, f"made up {number}")
        clock.advance(COOLDOWN_S)
    assert len(server.requests) == 3
    assert await algorithm(provider) == "RS256"


async def test_made_up_key_id_of_the_first_comer_causes_one_fetch(server: KeyServer, provider: Provider) -> None:
    """What has just come need not be fetched again."""
    with pytest.raises(InvalidToken):
        await algorithm(provider, "made up")
    assert len(server.requests) == 1


async def test_token_without_kid_is_for_the_only_key(server: KeyServer, provider: Provider, clock: FakeClock) -> None:
    """Where there are two, it could be meant for either, and is refused without another fetch."""
    assert await algorithm(provider, None) == "RS256"
    server.keys.append(jwk(EC, kid="b"))
    clock.advance(TTL_S)
    with pytest.raises(InvalidToken, match="no kid"):
        await algorithm(provider, None)
    assert len(server.requests) == 2


@pytest.mark.parametrize("unreadable", ["ahoy", by_hand({"alg": "RS256", "kid": 7}, {}, "AAAA")])
async def test_token_that_cannot_be_read_causes_no_fetch(
    server: KeyServer, provider: Provider, unreadable: str
) -> None:
    """Not even the first."""
    with pytest.raises(InvalidToken):
        await provider.find(unreadable)
    assert server.requests == []


async def test_addresses_in_a_token_are_never_fetched(server: KeyServer, provider: Provider) -> None:
    """jku and x5u are the attacker's; the key they name is not looked at."""
    evil = KeyServer()
    await evil.start()
    header = {"jku": evil.url, "x5u": evil.url, "jwk": jwk(EC)}
    with pytest.raises(InvalidToken):
        await provider.find(token_of(EC, "ES256", kid="evil", header=header))
    await evil.stop()
    assert evil.requests == []
    assert {request.path for request in server.requests} == {"/jwks"}


# A provider that fails


def big() -> web.Response:
    return web.Response(body=b'{"keys": [], "pad": "' + b"x" * 100_000 + b'"}')


def redirect() -> web.Response:
    return web.Response(status=302, headers={"Location": "/elsewhere"})


def packed() -> web.Response:
    return web.Response(body=gzip.compress(key_set(jwk(RSA, kid="a"))), headers={"Content-Encoding": "gzip"})


TROUBLE: dict[str, tuple[Answer, str]] = {
    "huge": (big, "over SIGNALING_JWKS_MAX_BYTES"),
    "garbage": (lambda: web.Response(body=b"<html>\xff"), "not a JWK Set"),
    "empty": (lambda: web.Response(body=key_set()), "none of its 0 keys"),
    "secret": (lambda: web.Response(body=key_set({"kty": "oct", "k": "A" * 43, "kid": "a"})), "none of its 1 keys"),
    "error": (lambda: web.Response(status=500), "status 500"),
    "not modified": (lambda: web.Response(status=304), "status 304"),
    "redirect": (redirect, "status 302"),
    "compressed": (packed, "not a JWK Set"),
}


@pytest.mark.parametrize(("answer", "sentence"), TROUBLE.values(), ids=TROUBLE.keys())
async def test_trouble_with_the_provider_is_nobodys_fault(
    server: KeyServer, provider: Provider, caplog: pytest.LogCaptureFixture, answer: Answer, sentence: str
) -> None:
    """503 with the time to come back, one line in the log, no second fetch, no redirect followed."""
    server.answer = answer
    with caplog.at_level(logging.INFO, "signaling"):
        for _ in range(3):
            with pytest.raises(KeysUnavailable) as caught:
                await algorithm(provider)
    assert caught.value.retry_after_s == COOLDOWN_S
    assert [request.path for request in server.requests] == ["/jwks"]
    [line] = [record.getMessage() for record in caplog.records]
    assert sentence in line
    assert "127.0.0.1" in line


async def test_provider_is_asked_again_after_a_pause(server: KeyServer, provider: Provider, clock: FakeClock) -> None:
    """Whoever comes then is let in."""
    await server.stop()
    with pytest.raises(KeysUnavailable):
        await algorithm(provider)
    await server.start()
    clock.advance(COOLDOWN_S - 3)
    with pytest.raises(KeysUnavailable) as caught:
        await algorithm(provider)
    assert caught.value.retry_after_s == 3
    clock.advance(3)
    assert await algorithm(provider) == "RS256"


async def test_old_keys_serve_while_the_provider_is_down(
    server: KeyServer, provider: Provider, clock: FakeClock
) -> None:
    """Up to a bound; one fetch in a pause, for which nobody waits; a key that nobody knows is nobody's fault."""
    await algorithm(provider)
    server.answer = lambda: web.Response(status=500)
    clock.advance(TTL_S)
    assert await algorithm(provider) == "RS256"
    for _ in range(5):
        clock.advance(COOLDOWN_S)
        server.open.clear()
        asked = len(server.requests)
        async with asyncio.timeout(1):  # less than a fetch that hangs
            assert await algorithm(provider) == "RS256"
        await until(lambda: len(server.requests) > asked)  # noqa: B023 - looked at before the next round
        assert len(server.requests) == asked + 1
        server.open.set()
        await until(lambda: provider._fetching is None)
    with pytest.raises(KeysUnavailable):
        await algorithm(provider, "new")
    clock.advance(MAX_AGE_S - TTL_S - 5 * COOLDOWN_S - 1)
    assert await algorithm(provider) == "RS256"
    clock.advance(1)
    with pytest.raises(KeysUnavailable):
        await algorithm(provider)


async def test_slow_provider_holds_nobody_longer_than_the_time_limit(server: KeyServer, clock: FakeClock) -> None:
    """SIGNALING_JWKS_TIMEOUT_S, also where it sends byte after byte."""
    server.open.clear()
    async with fetching(server, clock, jwks_timeout_s=0.05) as provider:
        with pytest.raises(KeysUnavailable):
            await algorithm(provider)
    server.open.set()


async def test_certificate_that_nobody_trusts_is_refused(
    clock: FakeClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever sits on the way could hand out keys of his own."""
    impostor = KeyServer()
    await impostor.start(tls=self_signed(tmp_path))
    config = Config(jwks_url=impostor.url)
    provider = Provider(impostor.url.replace("http:", "https:"), config, clock=clock)
    with pytest.raises(KeysUnavailable):
        await algorithm(provider)
    await provider.close()
    await impostor.stop()
    assert "its certificate is not trusted" in caplog.text
    assert impostor.requests == []


def self_signed(folder: Path) -> ssl.SSLContext:
    """A certificate for 127.0.0.1 that nobody has signed but itself."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(EC.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2090, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(EC, SHA256())
    )
    path = folder / "both.pem"
    path.write_text(private_pem(EC) + certificate.public_bytes(Encoding.PEM).decode())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


@pytest.mark.allow_logged_errors
async def test_mistake_of_ours_is_no_flood_of_fetches(server: KeyServer, clock: FakeClock) -> None:
    """Whatever it be: it is in the log, and the provider is left alone for the pause."""
    async with fetching(server, clock, jwks_max_keys="a bound that no setting gives") as provider:
        for _ in range(3):
            with pytest.raises(KeysUnavailable):
                await algorithm(provider)
    assert len(server.requests) == 1


async def test_proxy_of_the_environment_is_not_used(
    server: KeyServer, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who sets it could hand out keys; nor are cookies, netrc or compression."""
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert await algorithm(provider) == "RS256"
    [request] = server.requests
    assert request.headers["Accept-Encoding"] == "identity"
    assert not {"Cookie", "Authorization"} & request.headers.keys()


# Cancellation and shutdown


async def test_user_who_hangs_up_ends_nobodys_fetch(server: KeyServer, provider: Provider) -> None:
    """The others get their keys by the same one."""
    server.open.clear()
    waiting = [asyncio.create_task(algorithm(provider)) for _ in range(3)]
    await until(lambda: len(server.requests) == 1)
    waiting[0].cancel()
    await asyncio.wait(waiting[:1])
    server.open.set()
    assert await asyncio.gather(*waiting[1:]) == ["RS256", "RS256"]
    assert len(server.requests) == 1


async def test_closing_ends_the_fetch_and_whoever_waits_hears_it(server: KeyServer, provider: Provider) -> None:
    """No task is left, and none is begun."""
    server.open.clear()
    waiting = asyncio.create_task(algorithm(provider))
    await until(lambda: len(server.requests) == 1)
    await provider.close()
    await provider.close()
    with pytest.raises(KeysUnavailable):
        await waiting
    with pytest.raises(KeysUnavailable):
        await algorithm(provider)
    server.open.set()
    assert len(server.requests) == 1


# The whole server


async def knock(meeting: Meeting, presented: str) -> Any:
    return await meeting.call("POST", "/signaling/create-room", {}, token=presented)


async def test_two_hundred_users_at_once_cause_one_fetch(server: KeyServer, start: Start) -> None:
    """All of them are let in."""
    meeting = await start(guests=False, jwks_url=server.url)
    crowd = [token_of(RSA, "RS256", kid="a", sub=f"user {number}") for number in range(200)]
    answers = await asyncio.gather(*(knock(meeting, each) for each in crowd))
    assert {answer.status for answer in answers} == {200}
    assert len(server.requests) == 1


async def test_server_checks_what_the_key_signs(server: KeyServer, start: Start) -> None:
    """One algorithm a key: not that which a token names."""
    server.keys = [jwk(RSA, kid="a"), jwk(ED, kid="e", alg="EdDSA")]
    meeting = await start(guests=False, jwks_url=server.url, jwt_issuer="https://id.example", jwt_audience="us")
    good: dict[str, Any] = {"iss": "https://id.example", "aud": "us"}
    for key, name, kid in ((RSA, "RS256", "a"), (ED, "EdDSA", "e")):
        assert (await knock(meeting, token_of(key, name, kid=kid, **good))).status == 200
    for bad in (
        token_of(RSA, "RS512", kid="a", **good),
        token_of(RSA, "RS256", kid="e", **good),
        token_of(EC, "ES256", kid="a", **good),
        token_of(RSA, "RS256", kid="a", aud="us"),
        token_of(RSA, "RS256", **good),
        token_of(RSA, "RS256", kid="a", header={"typ": "logout+jwt"}, **good),
    ):
        assert_error(await knock(meeting, bad), 401, "invalid_token")


async def test_trouble_with_the_provider_is_a_503_and_the_server_stays_well(server: KeyServer, start: Start) -> None:
    """With Retry-After; the server itself is ready, for those who are inside already."""
    server.answer = lambda: web.Response(status=500)
    meeting = await start(jwks_url=server.url)
    answer = await knock(meeting, token())
    assert_error(answer, 503, "keys_unavailable")
    assert answer.headers["Retry-After"] == "10"
    assert (await meeting.call("POST", "/signaling/create-room", {})).status == 200
    for probe in ("/healthz", "/readyz"):
        assert (await meeting.call("GET", probe)).status == 200


async def test_server_stops_at_once_while_a_provider_stalls(server: KeyServer) -> None:
    """Who waits for keys is answered like everybody else who waits."""
    server.open.clear()
    config = Config(jwks_url=server.url, store="memory:", port=0)
    async with aiohttp.ClientSession() as session, asyncio.timeout(2):
        async with running_server(config) as url:
            knocking = asyncio.create_task(
                session.post(f"{url}/signaling/create-room", headers={"Authorization": f"Bearer {token()}"})
            )
            await until(lambda: len(server.requests) == 1)
        assert (await knocking).status == 503
    server.open.set()


async def test_server_that_never_had_a_user_leaves_nothing(server: KeyServer) -> None:
    """The fetch of the start ends with it."""
    server.open.clear()
    app = create_app(Config(jwks_url=server.url, store="memory:"))
    runner = web.AppRunner(app)
    await runner.setup()
    assert app[SERVICE].users is not None
    await runner.cleanup()
    server.open.set()


def test_refusals_say_nothing_of_the_url() -> None:
    """It is the operator's."""
    refused: Refused = KeysUnavailable(3)
    assert "http" not in f"{refused} {refused.hint}"
    assert PREFIX not in str(refused)
