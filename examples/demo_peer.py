"""One of the two peers of demo.py: takes its task as a line of JSON, reports what happens as lines of JSON."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

import peer

THINKING_S = 0.05
"""Between the typing notice and the line, so that the other side gets to see it."""


def report(kind: str, **facts: Any) -> None:
    print(json.dumps({"kind": kind, "at_ns": time.monotonic_ns(), **facts}), flush=True)


async def main(task: dict[str, Any]) -> None:
    async with peer.Peer(task["server"], name=task["name"]) as me:
        started = time.monotonic()
        room = await (me.join_room(task["invite"]) if task["invite"] else me.create_room("Deck"))
        if not task["invite"]:
            report("opened", invite=room.invite, room=room.id)
        await Talk(room, task["lines"], expected=task["expected"], is_guest=bool(task["invite"])).run(started)


class Talk:
    """Say a line whenever it is our turn; the host begins. With all said and heard the guest leaves, then the host."""

    def __init__(self, room: peer.Room, lines: list[str], *, expected: int, is_guest: bool) -> None:
        self._room = room
        self._lines = list(lines)
        self._expected = expected
        self._is_guest = is_guest
        self._has_spoken = False

    async def run(self, started: float) -> None:
        async for event in self._room.events():
            await self._react(event, started)
            if self._is_guest and not self._lines and not self._expected:
                return

    async def _react(self, event: peer.Event, started: float) -> None:
        match event:
            case peer.MemberJoined(member):
                report("linked", who=member.name, after_ms=(time.monotonic() - started) * 1000)
                await self._greet()
            case peer.Message(text=text):
                report("heard", text=text)
                self._expected -= 1
                await self._say()
            case peer.TypingChanged(member, typing=True):
                report("typing", who=member.name)
            case peer.PresenceChanged(member):
                report("presence", who=member.name, presence=member.presence)
            case peer.MemberLeft(member, reason):
                report("left", who=member.name, reason=reason)
                await self._room.leave()

    async def _greet(self) -> None:
        if not self._is_guest:
            await self._say()

    async def _say(self) -> None:
        if not self._lines:
            return
        await self._room.set_presence("online" if self._has_spoken else "away")
        self._has_spoken = True
        await self._room.set_typing(True)
        await asyncio.sleep(THINKING_S)
        text = self._lines.pop(0)
        report("said", text=text)
        await self._room.send(text)


if __name__ == "__main__":
    try:
        asyncio.run(main(json.loads(sys.stdin.readline())))
    except peer.PeerError as error:
        sys.exit(f"demo: {error}")
    except KeyboardInterrupt:
        sys.exit(130)  # demo.py says it for all of us
