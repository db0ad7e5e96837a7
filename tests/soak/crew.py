"""The processes of a run: a server that can be killed and started again, and members who live several times."""

from __future__ import annotations

import multiprocessing
import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from .facts import Fact
from .ledger import Author
from .member import Life, live

__all__ = ["Crew", "Living", "Server"]

ROOT = Path(__file__).parents[2]
DIES_WITH_US = ("setpriv", "--pdeathsig", "KILL")
START_S = 60.0
STOP_S = 15.0


class Server:
    """`python -m signaling` on a store on disk; the same port each time, so that peers find it again."""

    def __init__(self, folder: Path) -> None:
        self._port = _free_port()
        self._store = folder / "server"
        self._log = folder / "server.log"
        self._process: subprocess.Popen[str] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def pid(self) -> int:
        """0 while it is down."""
        return self._process.pid if self._process else 0

    def start(self) -> None:
        """Returns when it listens."""
        arguments = ("-m", "signaling", "--guests", "--port", str(self._port), "--store", f"diskcache:{self._store}")
        clean = {key: text for key, text in os.environ.items() if not key.startswith("SIGNALING_")}
        with self._log.open("a") as log:
            self._process = subprocess.Popen(
                [*DIES_WITH_US, sys.executable, *arguments],
                cwd=ROOT,
                env={
                    **clean,
                    "PYTHONPATH": str(ROOT),
                    "SIGNALING_LOG_FORMAT": "json",
                    "SIGNALING_LOG_LEVEL": "warning",
                },
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,  # Ctrl-C is for us
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert "listening" in line, f"the server does not start: {self._log.read_text()[-2000:]}"

    def kill(self) -> None:
        """Without a word, as a machine that loses power."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def stop(self) -> None:
        """As an operator does."""
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            process.communicate(timeout=STOP_S)

    def troubles(self) -> list[str]:
        """What it logged of defects."""
        lines = self._log.read_text("utf-8", "replace").splitlines() if self._log.exists() else []
        return [f"the server: {line}" for line in lines if '"level":"ERROR"' in line or not line.startswith("{")]


def _free_port() -> int:
    """Below those that connections are given by chance, so that it is still free when the server starts again."""
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@dataclass(eq=False)
class Living:
    """A life that goes on, or has ended and not been read to the end."""

    who: Author
    process: ForkServerProcess
    orders: Connection
    facts: Connection
    is_frozen: bool = False

    def tell(self, order: str) -> None:
        with suppress(OSError):
            self.orders.send(order)

    def signal(self, number: signal.Signals) -> None:
        if self.process.pid is not None and self.process.is_alive():
            os.kill(self.process.pid, number)

    def freeze(self) -> None:
        self.is_frozen = True
        self.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.is_frozen = False
        self.signal(signal.SIGCONT)


class Crew:
    """All members; a process of its own forks them, which has imported what they need."""

    def __init__(self, folder: Path, names: Sequence[str], life: Life) -> None:
        """`life` is that of a member without a name."""
        self._folder = folder
        self._life = life
        self._lives = dict.fromkeys(names, 0)
        self._reading: list[Living] = []
        self.here: dict[str, Living] = {}
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["tests.soak.member"])

    def begin(self, name: str, *, invite: str | None) -> Living:
        """A new life on the member's folder."""
        self._lives[name] += 1
        life = replace(self._life, name=name, number=self._lives[name], folder=str(self._folder / name), invite=invite)
        their_orders, orders = self._context.Pipe(duplex=False)
        facts, their_facts = self._context.Pipe(duplex=False)
        process = self._context.Process(target=live, args=(life, their_orders, their_facts), daemon=True, name=name)
        process.start()
        their_orders.close()
        their_facts.close()
        living = Living(Author(name, life.number), process, orders, facts)
        self.here[name] = living
        self._reading.append(living)
        return living

    def kill(self, name: str) -> Living:
        """SIGKILL; what it has told before is still read."""
        living = self.here.pop(name)
        living.signal(signal.SIGKILL)
        return living

    def facts(self, *, within_s: float) -> Iterator[tuple[Living, Fact | None]]:
        """What is told within so many seconds; None is the end of a life."""
        ready = wait([living.facts for living in self._reading], within_s)
        for living in [living for living in self._reading if living.facts in ready]:
            yield from self._read(living)

    def _read(self, living: Living) -> Iterator[tuple[Living, Fact | None]]:
        try:
            while living.facts.poll():
                yield living, living.facts.recv()
        except (EOFError, OSError):
            self._bury(living)
            yield living, None

    def _bury(self, living: Living) -> None:
        self._reading.remove(living)
        living.process.join(STOP_S)
        living.facts.close()
        living.orders.close()
        if self.here.get(living.who.name) is living:
            del self.here[living.who.name]

    def end(self) -> None:
        """Nobody is left, whatever state they are in."""
        for living in list(self._reading):
            living.signal(signal.SIGKILL)
            self._bury(living)
