"""The user's JWT: one text for good, or a call that supplies a fresh one each time one is needed.

What a user's own call does wrong is passed on as a `ConnectivityError`, since a provider that is away now may be there
soon: whoever waits for the first join hears it, a seat that is to be taken again goes on trying. A JWT is never in a
sentence, a log or a `repr`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from ..errors import BadSetting, TokenUnavailable
from ..ports import TokenSource

__all__ = ["UserToken"]


class UserToken:
    """`await get()` before each call that takes the user's JWT."""

    def __init__(self, source: TokenSource, *, timeout_s: float) -> None:
        """Raises BadSetting for a text that can be no JWT."""
        if isinstance(source, str):
            _check(source)
        self._source = source
        self._timeout_s = timeout_s

    async def get(self) -> str | None:
        """A JWT that is good now, or None for a guest; raise TokenUnavailable where the call gives none."""
        if self._source is None or isinstance(self._source, str):
            return self._source
        try:
            async with asyncio.timeout(self._timeout_s):
                given = self._source()
                token = await given if isinstance(given, Awaitable) else given
                _check(token)
                return token
        except TimeoutError as error:
            raise TokenUnavailable(f"none came within {self._timeout_s:g} s") from error
        except Exception as error:
            raise TokenUnavailable(f"{type(error).__name__} was raised") from error


def _check(token: object) -> None:
    """What a header can carry; whether it is good is the server's to say."""
    if not isinstance(token, str) or not (token.isascii() and token.isprintable() and " " not in token and token):
        raise BadSetting("the token cannot be a JWT: three parts of base64url, joined by dots, are expected")
