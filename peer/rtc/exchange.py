"""Offer, answer and candidates of one connection: our descriptions out, the other side's in.

Descriptions leave with all candidates in them; what the other side trickles is taken, in any order. Every step runs
in a task of its own, because aioice leaves sockets and queries behind when it is cancelled while it gathers: a
caller may be cancelled, the step goes on to its end, and `stop()` waits for it (2 s at most, see `ice.py`).
All that a description can make aiortc raise becomes `LinkFailed`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from aiortc import RTCPeerConnection, RTCSessionDescription

from ..errors import LinkFailed
from ..ports import Fingerprints
from .connection import certificate_fingerprint, dtls_of, to_rtc_candidate
from .sdp import MAX_CANDIDATES, Candidate, Description, maybe_candidate, parse_description, render_description

__all__ = ["Exchange"]

Result = TypeVar("Result")


class Exchange:
    """The part of `ports.Link` before the path is open."""

    def __init__(self, connection: RTCPeerConnection) -> None:
        self._connection = connection
        self._dtls = dtls_of(connection)
        self._trickled: list[Candidate | None] = []
        self._step: asyncio.Task[Any] | None = None
        self._is_stopped = False

    async def create_offer(self) -> str:
        return render_description(await self._take(self._describe()))

    async def accept_offer(self, sdp: str) -> tuple[str, Fingerprints]:
        remote = parse_description(sdp)
        local = await self._take(self._answer(remote))
        return render_description(local), Fingerprints(local.fingerprint, remote.fingerprint)

    async def accept_answer(self, sdp: str) -> Fingerprints:
        remote = parse_description(sdp)
        await self._take(self._apply(remote, "answer"))
        return Fingerprints(certificate_fingerprint(self._dtls), remote.fingerprint)

    async def add_candidate(self, line: str) -> None:
        """One that comes before the description waits for it."""
        candidate = maybe_candidate(line)
        is_wanted = candidate is not None or not line.strip()
        if not is_wanted or self._is_stopped or len(self._trickled) >= MAX_CANDIDATES:
            return
        self._trickled.append(candidate)
        if self._connection.remoteDescription is not None:
            await self._add(candidate)

    async def stop(self) -> None:
        """Take no further step, and wait for the one under way."""
        self._is_stopped = True
        if self._step is not None:
            await asyncio.wait({self._step})

    async def _take(self, step: Coroutine[Any, Any, Result]) -> Result:
        if self._is_stopped:
            step.close()
            raise LinkFailed("the link is closed")
        task = asyncio.create_task(step)
        self._step = task
        try:
            result = await asyncio.shield(task)
        except LinkFailed:
            raise
        except Exception as error:
            raise LinkFailed("the description does not fit this link") from error
        if self._is_stopped:
            raise LinkFailed("the link was closed meanwhile")
        return result

    async def _answer(self, remote: Description) -> Description:
        await self._apply(remote, "offer")
        return await self._describe()

    async def _apply(self, remote: Description, kind: str) -> None:
        await self._connection.setRemoteDescription(RTCSessionDescription(render_description(remote), kind))
        for candidate in list(self._trickled):
            await self._add(candidate)

    async def _add(self, candidate: Candidate | None) -> None:
        """An end after none at all is not passed on: aioice would turn away a peer whose names we could not use."""
        if candidate is not None:
            await self._connection.addIceCandidate(to_rtc_candidate(candidate))
        elif self._dtls.transport.getRemoteCandidates():
            await self._connection.addIceCandidate(None)

    async def _describe(self) -> Description:
        """Gather, and read what aiortc says; it must name the certificate that the handshake will bind."""
        await self._connection.setLocalDescription()
        local = parse_description(self._connection.localDescription.sdp)
        assert local.fingerprint == certificate_fingerprint(self._dtls)
        if not local.candidates:
            raise LinkFailed("this host has no address at which a peer could reach it")
        return local
