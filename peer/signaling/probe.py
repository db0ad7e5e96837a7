"""What a server says of itself to whoever asks: for `doctor`."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

import aiohttp
import msgspec

from .address import normalise_server
from .http import Http

__all__ = ["Seen", "look_at"]

_TIMEOUT_S = 5.0
_MAX_BYTES = 4 * 1024 * 1024
"""Its description has some hundred kilobytes."""


class _Info(msgspec.Struct):
    title: str
    version: str


class _Document(msgspec.Struct):
    info: _Info


@dataclass(frozen=True, slots=True)
class Seen:
    """One answer."""

    version: str | None
    """None where something answers that is not our server, or hides its description."""
    clock: datetime | None
    """What it takes for the time, to the second."""
    took_s: float
    """For one exchange over an open connection."""


async def look_at(server: str) -> Seen:
    """Raises SignalingUnreachable, BadSetting."""
    http = Http(normalise_server(server), timeout_s=_TIMEOUT_S)
    with http.translated():
        async with aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S), cookie_jar=aiohttp.DummyCookieJar()
        ) as session:
            version = await _version(session, http.server)
            began = asyncio.get_running_loop().time()
            async with session.get(f"{http.server}/healthz", allow_redirects=False) as response:
                took_s = asyncio.get_running_loop().time() - began
                return Seen(version, _time_of(response.headers.get("Date", "")), took_s)


async def _version(session: aiohttp.ClientSession, server: str) -> str | None:
    async with session.get(f"{server}/openapi.json", allow_redirects=False) as response:
        if response.status != 200:
            return None
        text = await response.content.read(_MAX_BYTES)
    try:
        info = msgspec.json.decode(text, type=_Document).info
    except msgspec.DecodeError:
        return None
    return info.version[:32] if "peaktube" in info.title else None


def _time_of(date: str) -> datetime | None:
    try:
        return parsedate_to_datetime(date)
    except ValueError:
        return None
