"""A peer behind a NAT: takes commands as lines of JSON, answers each with one, and reports every event in another.

    python -m tests.nat.driver

The commands are those of `peers.py`. It ends when its input does.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import sys
import time
from typing import Any, cast

import peer
from peer.peer import Transport
from peer.ports import IceServer, Link, LinkListener
from peer.rtc.link import open_link
from peer.signaling.client import SignalingClient

__all__: list[str] = []


def report(**values: object) -> None:
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()


class Ear:
    """Reports all events of a room."""

    def put(self, event: peer.Event) -> None:
        values: dict[str, object] = {"event": type(event).__name__, "at": time.monotonic()}
        match event:
            case peer.Message(sender=sender, text=text):
                values.update(who=sender.name, text=text)
            case _:
                who = getattr(getattr(event, "member", None), "name", "")
                values.update(who=who, state=str(getattr(event, "state", "")), reason=getattr(event, "reason", ""))
        report(**values)

    def fall_behind(self) -> None:
        report(event="FellBehind")

    def end(self) -> None:
        """Nothing more to hear."""


class Overheard:
    """Who hears of a link; kept are what it has us tell the other side of candidates, and how long it took to open."""

    def __init__(self, listener: LinkListener, lines: list[str], took_s: list[float]) -> None:
        self._listener = listener
        self._lines = lines
        self._took_s = took_s
        self._began = time.monotonic()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._listener, name)

    def on_open(self) -> None:
        self._took_s.append(time.monotonic() - self._began)
        self._listener.on_open()

    def on_candidate(self, line: str) -> None:
        self._lines.append(line)
        self._listener.on_candidate(line)


class Described:
    """A link; what its descriptions say of candidates is kept."""

    def __init__(self, link: Link, lines: list[str]) -> None:
        self.link = link
        self._lines = lines

    def __getattr__(self, name: str) -> Any:
        return getattr(self.link, name)

    async def create_offer(self) -> str:
        return self._keep(await self.link.create_offer())

    async def accept_offer(self, sdp: str) -> Any:
        answer, fingerprints = await self.link.accept_offer(sdp)
        return self._keep(answer), fingerprints

    def _keep(self, sdp: str) -> str:
        self._lines += [line for line in sdp.splitlines() if "candidate:" in line or line.startswith(("c=", "o="))]
        return sdp


class Session:
    """One peer in one room."""

    def __init__(self) -> None:
        self._stack = contextlib.AsyncExitStack()
        self._me: peer.Peer
        self._room: peer.Room
        self._ear = Ear()
        self._links: list[Described] = []
        self._lines: list[str] = []
        self._took_s: list[float] = []
        self._talking: asyncio.Task[None] | None = None
        self._said = 0

    async def open(self, *, server: str, name: str, config: dict[str, Any]) -> dict[str, Any]:
        settings = peer.Config(**config)

        def watched(servers: tuple[IceServer, ...], listener: LinkListener) -> Any:
            ear = cast(LinkListener, Overheard(listener, self._lines, self._took_s))
            link = Described(open_link(servers, ear, config=settings), self._lines)
            self._links.append(link)
            return link

        signaling = SignalingClient(server, display_name=name, token=None, config=settings)
        transport = Transport(signaling, watched)
        self._me = await self._stack.enter_async_context(
            peer.Peer(server, name=name, config=settings, transport=transport)
        )
        return {}

    async def create(self) -> dict[str, Any]:
        self._enter(await self._me.create_room("Deck"))
        return {"invite": self._room.invite}

    async def join(self, *, invite: str) -> dict[str, Any]:
        began = time.monotonic()
        self._enter(await self._me.join_room(invite))
        return {"began": began}

    def _enter(self, room: peer.Room) -> None:
        self._room = room
        room.attach(self._ear)

    async def say(self, *, text: str) -> dict[str, Any]:
        await self._room.send(text)
        return {}

    async def talk(self, *, every_s: float) -> dict[str, Any]:
        self._talking = asyncio.create_task(self._talk(every_s))
        return {}

    async def _talk(self, every_s: float) -> None:
        while True:
            await self._room.send(str(self._said))
            self._said += 1
            await asyncio.sleep(every_s)

    async def hush(self) -> dict[str, Any]:
        """Between two messages, so that the count is right."""
        assert self._talking is not None
        self._talking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._talking
        return {"said": self._said}

    async def route(self) -> dict[str, Any]:
        """Of the link that was made last and is open."""
        for link in reversed(self._links):
            if link.route is not None:
                return {**dataclasses.asdict(link.route), "pair": str(link.route)}
        return {}

    async def described(self) -> dict[str, Any]:
        return {"lines": self._lines}

    async def took(self) -> dict[str, Any]:
        """From the making of each link to its opening."""
        return {"seconds": self._took_s}

    async def close(self) -> dict[str, Any]:
        if self._talking is not None:
            self._talking.cancel()
        await self._stack.aclose()
        return {}


async def main() -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    session = Session()
    async for line in reader:
        order = json.loads(line)
        verb = order.pop("do")
        if verb == "open":
            session = Session()
        try:
            report(answer=verb, **await getattr(session, verb)(**order))
        except (peer.PeerError, TimeoutError) as error:
            report(error=f"{type(error).__name__}: {error}")
    await session.close()


if __name__ == "__main__":
    asyncio.run(main())
