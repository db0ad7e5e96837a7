"""Keeps our standing with the signaling server fresh: its keys, and its word for our identity key.

One task, from when the server is first there until the peer ends. It asks again when half of an attestation's time is
spent, when the server was away (it may have come back with another key), and after a pause where it was refused.
Nothing waits for it: rooms work without, and are told when there is news.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

from .attestation import AttestationKeys, parse_keys, prove_possession, verify_attestation
from .core.claims import Standing
from .crypto.identity import Identity
from .errors import BadAttestation, ConnectivityError, JoinRefused
from .ports import Signaling

__all__ = ["Attester"]

_log = logging.getLogger("peer")

LATER_S = 3600.0
"""After a refusal: an old server, an expired JWT, a guest."""

LONGEST_S = 6 * 3600.0


class Attester:
    """Whatever goes wrong here is logged, and tried again."""

    def __init__(
        self,
        signaling: Signaling,
        identity: Identity,
        *,
        on_news: Callable[[Standing], None],
        wall_ms: Callable[[], int],
        chance: Callable[[], float],
        retry_s: float,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`on_news` hears of each change; `wall_ms` is the time of day, UTC; `chance` gives 0 to 1.

        `retry_s` is the least time between two looks, and the pause after an outage; `pause` waits.
        """
        self.standing = Standing()
        self._signaling = signaling
        self._identity = identity
        self._on_news = on_news
        self._wall_ms = wall_ms
        self._chance = chance
        self._retry_s = retry_s
        self._pause = pause
        self._renew_at_s = 0.0
        """Wall-clock seconds."""
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """For ever; ended by cancellation."""
        while True:
            pause_s = await self.refresh()
            await self._pause(min(pause_s, self._retry_s))
            with suppress(TimeoutError):
                async with asyncio.timeout(max(pause_s - self._retry_s, 0.0)):
                    await self._wake.wait()

    def wake(self) -> None:
        """The server was away: look again, `retry_s` after the last time at the earliest."""
        self._wake.set()

    async def refresh(self) -> float:
        """Ask for what is due; seconds until the next time."""
        self._wake.clear()
        before = self.standing
        try:
            pause_s = await self._ask()
        except (ConnectivityError, BadAttestation) as error:
            _log.debug("! no standing with the server: %s", type(error).__name__)
            pause_s = LATER_S if _is_refusal(error) else self._retry_s
        if self.standing != before:
            self._on_news(self.standing)
        return pause_s * (0.75 + self._chance() / 4)

    async def _ask(self) -> float:
        keys = parse_keys(await self._signaling.fetch_keys())
        self.standing = Standing(keys, self.standing.attestation)
        if self._is_due(keys):
            return await self._attest(keys)
        return max(self._retry_s, self._renew_at_s - self._now_s())

    async def _attest(self, keys: AttestationKeys) -> float:
        attestation = await self._signaling.attest(partial(prove_possession, self._identity))
        if attestation is None:
            return LONGEST_S
        pause_s = min(max(self._retry_s, attestation.expires_in_s / 2), LONGEST_S)
        self._renew_at_s = self._now_s() + pause_s
        self.standing = Standing(keys, attestation.text)
        _log.debug("= the server attests our key")
        return pause_s

    def _is_due(self, keys: AttestationKeys) -> bool:
        """Half of its time is spent, or the server would not say it again."""
        text, now_s = self.standing.attestation, self._now_s()
        try:
            verify_attestation(text, keys=keys, member=self._identity.member_id, now_s=now_s)
        except BadAttestation:
            return True
        return now_s >= self._renew_at_s

    def _now_s(self) -> float:
        return self._wall_ms() / 1000


def _is_refusal(error: Exception) -> bool:
    """Which a minute does not mend."""
    return isinstance(error, BadAttestation) or (isinstance(error, JoinRefused) and error.retry_after_s is None)
