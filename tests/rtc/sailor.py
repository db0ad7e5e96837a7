"""Members in processes of their own, told over a Unix socket what to do: for tests that kill them.

`python -m tests.rtc.sailor` imports the library once and forks a process for each line of its standard input: five
that import it themselves, three times over, would take longer than all that they say.

    line of stdin   = {"socket", "server", "name", "data_dir"}
    process → test  = {"pid"}, then what happens: {"told": id}, {"sent": text}, {"done": number, ...}
    test → process  = {"do": command, "number": number, ...}
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import peer
import peer.rtc.link
import peer.signaling.client
from peer.messages.compare import digest_of

from .crew import FAST

__all__: list[str] = []

Answer = dict[str, Any]


class Sailor:
    """One member."""

    def __init__(self, me: peer.Peer, tell: Callable[[Answer], None]) -> None:
        self.me = me
        self.tell = tell
        self.room: peer.Room
        self._changed = asyncio.Event()

    async def obey(self, do: str, **more: Any) -> Answer:
        command: Callable[..., Awaitable[Answer | None]] = getattr(self, f"do_{do}")
        return await command(**more) or {}

    async def listen(self) -> None:
        """Tell of each message, once it is told to us."""
        async for event in self.room.events():
            if isinstance(event, peer.Message):
                self.tell({"told": event.id})
            self._changed.set()

    async def _until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not is_so():
                self._changed.clear()
                await self._changed.wait()

    async def do_board(self, invite: str) -> Answer:
        self.room = await (self.me.join_room(invite) if invite else self.me.create_room("Deck"))
        return {"invite": self.room.invite}

    async def do_meet(self, others: list[str]) -> None:
        await self._until(lambda: self._here() >= set(others))

    def _here(self) -> set[str]:
        return {member.name for member in self.room.members if not member.is_me and member.presence != "offline"}

    async def do_say(self, texts: list[str]) -> None:
        for text in texts:
            await self.room.send(text)
            self.tell({"sent": text})

    async def do_change(self, text: str) -> None:
        """Edit our message of this text, take back the one before it, and laugh at the newest of somebody else."""
        ours = [message async for message in self.room.history() if message.sender.is_me]
        [position] = [number for number, message in enumerate(ours) if message.text == text]
        await ours[position].edit(f"{text}, rather")
        await ours[position + 1].delete()
        others = [message async for message in self.room.history() if not message.sender.is_me]
        await self.room.react(others[0].id, "👍")

    async def do_kick(self, name: str) -> None:
        await self.room.kick(next(member for member in self.room.members if member.name == name))

    async def do_part(self) -> None:
        await self._until(lambda: self.room.state is peer.RoomState.LEFT)

    async def do_look(self) -> Answer:
        """What is held, what is shown, and the texts of it."""
        seen = [message async for message in self.room.history()]
        rows = [(each.id, each.sender.id, each.text, each.is_deleted, str(each.reactions)) for each in seen]
        held = digest_of(self.room._mesh._plane.history.journal.holdings, 0).hex()
        view = hashlib.sha256(repr(rows).encode()).hexdigest()
        return {"held": held, "view": view, "texts": [each.text for each in seen]}


async def live(order: dict[str, str]) -> None:
    reader, writer = await asyncio.open_unix_connection(order["socket"], limit=2**20)

    def tell(answer: Answer) -> None:
        writer.write(json.dumps(answer).encode() + b"\n")

    tell({"name": order["name"], "pid": os.getpid()})
    async with peer.Peer(order["server"], name=order["name"], data_dir=order["data_dir"], config=FAST) as me:
        sailor = Sailor(me, tell)
        listening: asyncio.Task[None] | None = None
        while line := await reader.readline():
            command = json.loads(line)
            number = command.pop("number")
            tell({"done": number, **await sailor.obey(**command)})
            if listening is None:
                listening = asyncio.create_task(sailor.listen())
    if listening is not None:
        await listening  # the room has ended
    writer.close()


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        if os.fork() == 0:
            sys.stdin.close()
            with suppress(BrokenPipeError):
                asyncio.run(live(json.loads(line)))
            os._exit(0)


if __name__ == "__main__":
    main()
