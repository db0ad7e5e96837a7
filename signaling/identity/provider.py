"""The keys of the operator's provider, fetched from its JWKS URL and kept (RFC 7517; OpenID Connect Discovery).

One fetch at a time, in a task of its own that everybody who needs keys waits for and nobody's hanging up ends. Keys are
fetched on use and not by a timer: from half of their time on ahead of need, while the old ones serve; once it is over
before anybody is let in. A provider that does not answer is asked again after a pause, and the old keys serve up to a
bound. A key id that is not known is reason to look again, once in a pause, whoever made it up; nothing is kept of it.
"""

import asyncio
import logging
from collections.abc import Callable
from math import ceil, inf
from urllib.parse import urlsplit

import aiohttp

from ..config import Config
from ..errors import InvalidToken, KeysUnavailable
from .jwks import BadKeySet, KeySet, key_id_of, parse_key_set
from .keys import PinnedKey

__all__ = ["Provider"]

log = logging.getLogger("signaling")

REASONS: tuple[tuple[type[BaseException], str], ...] = (
    (TimeoutError, "no answer in time (SIGNALING_JWKS_TIMEOUT_S)"),
    (aiohttp.ClientConnectorDNSError, "its name is not known"),
    (aiohttp.ClientConnectorCertificateError, "its certificate is not trusted"),
    (aiohttp.ClientSSLError, "no secure connection"),
    (aiohttp.ClientConnectorError, "it accepts no connection"),
    (aiohttp.ClientError, "the connection broke, or what came is no HTTP"),
    (OSError, "the connection broke"),
)
"""The first that fits. Never the exception's own words, which may quote the URL."""


class Provider:
    """Keys by `kid`; see `Keys`."""

    def __init__(self, url: str, config: Config, *, clock: Callable[[], float]) -> None:
        """`url` has been checked by the settings; `clock` gives seconds."""
        self._url = url
        self._config = config
        self._clock = clock
        self._keys: KeySet | None = None
        self._fetched_at = -inf
        self._failed_at: float | None = None
        """When the last fetch failed; None when it went well."""
        self._looked_again_at = -inf
        self._fetching: asyncio.Task[None] | None = None
        self._is_closed = False

    async def open(self) -> None:
        """Begin to fetch, so that a wrong URL is in the log at the start and not when the first user comes."""
        if not self._config.jwt_audience:
            log.warning(
                "! SIGNALING_JWT_AUDIENCE is not set: what the provider issues to other services lets in here too"
            )
        self._begin()

    async def close(self) -> None:
        """End the fetch that is under way; who waits for it is told that there are no keys."""
        self._is_closed = True
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.wait([self._fetching])

    async def find(self, token: str) -> PinnedKey:
        """The key that a token names; raise InvalidToken, KeysUnavailable."""
        kid = key_id_of(token)
        self._forget_old()
        before = self._keys
        await self._freshen()
        found = self._find(kid)
        if found is None and kid is not None and self._keys is before is not None and self._may_look_again():
            await self._wait_fetched()
            found = self._find(kid)
        return found or self._refuse(kid)

    def _refuse(self, kid: str | None) -> PinnedKey:
        """While nobody can tell whether a key exists, its absence is not the token's fault."""
        if self._keys is None or self._failed_at is not None:
            raise KeysUnavailable(ceil(max(1.0, self._rest_s())))
        raise InvalidToken("its kid names none of the provider's keys" if kid else "it has no kid to tell its key by")

    def _find(self, kid: str | None) -> PinnedKey | None:
        return self._keys.find(kid) if self._keys else None

    # When to fetch

    def _forget_old(self) -> None:
        """Keys that nobody has confirmed for so long may have been withdrawn."""
        if self._age() >= max(self._config.jwks_ttl_s, self._config.jwks_max_age_s):
            self._keys = None

    async def _freshen(self) -> None:
        """Wait for keys only where it may help: a provider that has just failed is asked while the old ones serve."""
        age = self._age()
        if self._keys is None or (age >= self._config.jwks_ttl_s and self._failed_at is None):
            await self._wait_fetched()
        elif age >= self._config.jwks_ttl_s / 2:
            self._begin()

    def _may_look_again(self) -> bool:
        """For a `kid` that we do not know: always into the fetch that is under way, else once in a pause."""
        if self._fetching is None:
            if self._clock() < self._looked_again_at + self._config.jwks_cooldown_s:
                return False
            self._looked_again_at = self._clock()
        return True

    async def _wait_fetched(self) -> None:
        if task := self._begin():
            await asyncio.wait([task])

    def _begin(self) -> asyncio.Task[None] | None:
        """The fetch under way, which may be a new one; None while the provider is given a rest."""
        if self._fetching is None and self._rest_s() <= 0 and not self._is_closed:
            self._fetching = asyncio.create_task(self._fetch(), name="provider's keys")
        return self._fetching

    def _rest_s(self) -> float:
        """How long a provider that has failed is left alone yet."""
        return -inf if self._failed_at is None else self._failed_at + self._config.jwks_cooldown_s - self._clock()

    def _age(self) -> float:
        return self._clock() - self._fetched_at

    # The fetch

    async def _fetch(self) -> None:
        """Never raises: what goes wrong is one line in the log, by the pause between two fetches not many."""
        try:
            self._keep(await self._download())
        except BadKeySet as error:
            self._fail(str(error))
        except tuple(foreign for foreign, _ in REASONS) as error:
            self._fail(next(reason for foreign, reason in REASONS if isinstance(error, foreign)))
        except Exception:
            log.exception("! the provider's keys could not be taken")
            self._fail("a mistake of ours")
        finally:
            self._fetching = None

    def _keep(self, data: bytes) -> None:
        config = self._config
        self._keys = parse_key_set(data, algorithm=config.jwt_algorithm, max_keys=config.jwks_max_keys)
        self._fetched_at, self._failed_at = self._clock(), None
        log.info("= keys of the provider fetched")

    def _fail(self, reason: str) -> None:
        self._failed_at = self._clock()
        pause_s = self._config.jwks_cooldown_s
        log.warning("! no keys from %s: %s; next try in %g s", urlsplit(self._url).hostname, reason, pause_s)

    async def _download(self) -> bytes:
        """No redirect, no proxy of the environment, no cookie, no compression: the bytes that this URL answers."""
        async with (
            aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=self._config.jwks_timeout_s),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
                headers={"User-Agent": "speaktube", "Accept": "application/json", "Accept-Encoding": "identity"},
            ) as session,
            session.get(self._url, allow_redirects=False) as response,
        ):
            if response.status != 200:
                raise BadKeySet(f"it answers with status {response.status}")
            return await self._read(response)

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        data = bytearray()
        async for chunk in response.content.iter_any():
            data += chunk
            if len(data) > self._config.jwks_max_bytes:
                raise BadKeySet("what came is over SIGNALING_JWKS_MAX_BYTES")
        return bytes(data)
