"""Offer, answer and candidates of one connection: our descriptions out, the other side's in.

Descriptions leave with the candidates known by then, and those found later are trickled (`trickle.py`); what the other
side trickles is taken, in any order. Every step runs in a task of its own, because aioice leaves sockets and queries
behind when it is cancelled while it gathers: a caller may be cancelled, the step goes on to its end, and `stop()` waits
for it. All that a description can make aiortc raise becomes `LinkFailed`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, TypeVar

from aiortc import RTCPeerConnection, RTCSessionDescription

from ..errors import LinkFailed
from ..ports import Fingerprints
from .checks import FastConnection, hasten
from .connection import certificate_fingerprint, dtls_of, to_rtc_candidate
from .ice import LocalConnection
from .sdp import MAX_CANDIDATES, Candidate, Description, maybe_candidate, parse_description, render_description
from .servers import Plan
from .trickle import Trickle

__all__ = ["Exchange"]

Result = TypeVar("Result")


class Exchange:
    """The part of `ports.Link` before the path is open."""

    def __init__(self, connection: RTCPeerConnection, plan: Plan | None, on_candidate: Callable[[str], None]) -> None:
        """With a plan, candidates are gathered by it and trickled; without one, aioice gathers as it does."""
        self._connection = connection
        self._dtls = dtls_of(connection)
        self._ice = self._dtls.transport.iceGatherer._connection
        self._trickle = Trickle(on_candidate)
        if plan is not None:
            hasten(self._ice, plan, on_candidate=self._trickle.note)
        self._trickled: list[Candidate | None] = []
        self._step: asyncio.Task[Any] | None = None
        self._is_stopped = False

    async def create_offer(self) -> str:
        local = await self._take(self._describe())
        self._trickle.open_behind(local)
        return render_description(local)

    async def accept_offer(self, sdp: str) -> tuple[str, Fingerprints]:
        remote = parse_description(sdp)
        local = await self._take(self._answer(remote))
        self._trickle.open_behind(local)
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
        """Take no further step, ask no server any more, and wait for the step under way."""
        self._is_stopped = True
        if isinstance(self._ice, FastConnection):
            await self._ice.stop_gathering()
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
            raise LinkFailed(self._explain_nothing())
        is_gathering = isinstance(self._ice, FastConnection) and self._ice.is_gathering
        return replace(local, is_complete=local.is_complete and not is_gathering)

    def _explain_nothing(self) -> str:
        if isinstance(self._ice, LocalConnection) and self._ice.is_relay_only:
            return "no TURN server gave us a relay: see whether it is up and takes the signaling server's credentials"
        return "this host has no address at which a peer could reach it"
