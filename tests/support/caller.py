"""One call of a signaling server at a time, by somebody who is no browser and keeps nothing open."""

from typing import Any

import aiohttp

__all__ = ["call"]


async def call(url: str, path: str, body: Any, *, token: str | None = None) -> Any:
    """The JSON of an answer that must be a good one."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with aiohttp.ClientSession() as session, session.post(url + path, json=body, headers=headers) as response:
        assert response.status == 200, await response.text()
        return await response.json()
