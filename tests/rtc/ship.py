"""Members in processes of their own (`tests.rtc.sailor`), each with a folder: told what to do, and killed by pid."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from .rooms import spawned

__all__ = ["Ship", "sailing"]

_PATIENCE_S = 20.0


class Hand:
    """The test's end of one process."""

    def __init__(self, name: str, pid: int, writer: asyncio.StreamWriter) -> None:
        self.name = name
        self.pid = pid
        self.writer = writer
        self.gone = asyncio.Event()
        self.answers: dict[int, asyncio.Future[dict[str, Any]]] = {}

    async def ask(self, do: str, **more: Any) -> dict[str, Any]:
        return await asyncio.wait_for(self.begin(do, **more), _PATIENCE_S)

    def begin(self, do: str, **more: Any) -> asyncio.Future[dict[str, Any]]:
        number = len(self.answers)
        self.answers[number] = asyncio.get_running_loop().create_future()
        self.writer.write(json.dumps({"do": do, "number": number, **more}).encode() + b"\n")
        return self.answers[number]


class Ship:
    """All of them."""

    def __init__(self, server: str, folder: Path, nursery: asyncio.subprocess.Process) -> None:
        self.server = server
        self.folder = folder
        self.socket = str(folder / "ship")
        self.invite = ""
        self.hands: dict[str, Hand] = {}
        self.told: defaultdict[str, Counter[str]] = defaultdict(Counter)
        """How often each process of a name was told of each message."""
        self.sent: list[str] = []
        """What was acknowledged."""
        self._nursery = nursery
        self._changed = asyncio.Event()

    async def meet_hand(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hello = json.loads(await reader.readline())
        hand = self.hands[hello["name"]] = Hand(hello["name"], hello["pid"], writer)
        self._changed.set()
        with suppress(ConnectionError):
            while line := await reader.readline():
                self._note(hand, json.loads(line))
        writer.close()
        hand.gone.set()
        for answer in hand.answers.values():
            if not answer.done() and hello["name"] in self.hands:
                answer.set_exception(RuntimeError(f"{hand.name} died by itself"))

    def _note(self, hand: Hand, line: dict[str, Any]) -> None:
        if "told" in line:
            self.told[hand.name][line["told"]] += 1
        elif "sent" in line:
            self.sent.append(line["sent"])
        else:
            hand.answers[line["done"]].set_result(line)
        self._changed.set()

    async def until(self, is_so: Any) -> None:
        async with asyncio.timeout(_PATIENCE_S):
            while not is_so():
                self._changed.clear()
                await self._changed.wait()

    async def come(self, *names: str) -> None:
        """Begin a process for each, and wait until all who are aboard have met."""
        assert self._nursery.stdin is not None
        for name in names:
            order = {"socket": self.socket, "server": self.server, "name": name, "data_dir": str(self.folder / name)}
            self._nursery.stdin.write(json.dumps(order).encode() + b"\n")
        await self.until(lambda: all(name in self.hands for name in names))
        if not self.invite:
            self.invite = (await self.hands[names[0]].ask("board", invite=""))["invite"]
            names = names[1:]
        await asyncio.gather(*(self.hands[name].ask("board", invite=self.invite) for name in names))
        everybody = [*self.hands]
        await self.all_do(everybody, "meet", others=lambda name: [other for other in everybody if other != name])

    async def all_do(self, names: Iterable[str], do: str, **more: Any) -> dict[str, dict[str, Any]]:
        """At once; what is a function is asked for each."""
        chosen = [*names]
        each = [{key: value(name) if callable(value) else value for key, value in more.items()} for name in chosen]
        asked = (self.hands[name].ask(do, **some) for name, some in zip(chosen, each, strict=True))
        return dict(zip(chosen, await asyncio.gather(*asked), strict=True))

    async def go(self, *names: str, kill: bool = False) -> None:
        """Leave in order, or die at once."""
        leaving = [self.hands.pop(name) for name in names]
        for hand in leaving:
            if hand.gone.is_set():
                continue
            if kill:
                os.kill(hand.pid, signal.SIGKILL)
            else:
                hand.writer.write_eof()
        async with asyncio.timeout(_PATIENCE_S):
            await asyncio.gather(*(hand.gone.wait() for hand in leaving))

    async def agree(self) -> tuple[str, str, list[str]]:
        """Wait until all who are aboard hold and show the same: the digests of both, and the texts."""
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                looks = await self.all_do(self.hands, "look")
                if len({(look["held"], look["view"]) for look in looks.values()}) == 1:
                    look = next(iter(looks.values()))
                    return look["held"], look["view"], look["texts"]
                await asyncio.sleep(0.05)


@asynccontextmanager
async def sailing(server: str, folder: Path) -> AsyncIterator[Ship]:
    """Nobody is left in the end."""
    async with spawned("-m", "tests.rtc.sailor") as nursery:
        ship = Ship(server, folder, nursery)
        async with await asyncio.start_unix_server(ship.meet_hand, ship.socket, limit=2**20):
            try:
                yield ship
            finally:
                await ship.go(*ship.hands, kill=True)
