"""A peer on a host of the laboratory, told what to do by lines of JSON; the other end is `driver.py`."""

from __future__ import annotations

import itertools
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ..support.spaces import Space
from .child import Child

__all__ = ["PeerProcess"]

PATIENCE_S = 10.0

Event = dict[str, Any]


class PeerProcess:
    """One process; in it one peer after the other."""

    def __init__(self, space: Space, name: str, *, folder: Path) -> None:
        self.name = name
        self.events: list[Event] = []
        """What the present peer has reported."""
        command = [sys.executable, "-W", "ignore::ResourceWarning", "-m", "tests.nat.driver"]
        self._child = Child(space, name, command, folder=folder)
        self._answers: list[Event] = []
        self._is_open = False

    # ---- what it is told

    def open(self, server: str, **config: object) -> None:
        """A new peer on this server; `config` are fields of `peer.Config`."""
        self.events.clear()
        self._is_open = True
        self.do("open", server=server, name=self.name, config=config)

    def create(self) -> str:
        """A private room's invite."""
        return str(self.do("create")["invite"])

    def join(self, invite: str) -> float:
        """When it set about it, by the machine's monotonic clock."""
        return float(self.do("join", invite=invite)["began"])

    def say(self, text: str) -> None:
        self.do("say", text=text)

    def talk(self, *, every_s: float) -> None:
        """Say 0, 1, 2 and so on until it is told to hush."""
        self.do("talk", every_s=every_s)

    def hush(self) -> int:
        """How many it has said."""
        return int(self.do("hush")["said"])

    def route(self) -> Event:
        """The pair in use: kinds and addresses of both candidates, and how a relay is spoken to."""
        return self.do("route")

    def described(self) -> list[str]:
        """Every line about a candidate that it has sent to anybody."""
        return list(self.do("described")["lines"])

    def took_s(self) -> list[float]:
        """Seconds from the making of each link that opened to its opening."""
        return [float(seconds) for seconds in self.do("took")["seconds"]]

    def close(self) -> None:
        if self._is_open:
            self._is_open = False
            self.do("close")

    def end(self) -> None:
        self._child.end()

    # ---- what it says

    def texts(self, sender: PeerProcess) -> list[str]:
        """What was heard from there, in the order in which it came."""
        return [event["text"] for event in self.events if event["event"] == "Message" and event["who"] == sender.name]

    def last(self, kind: str) -> Event:
        return next(event for event in reversed(self.events) if event["event"] == kind)

    def longest_silence(self, *, since: float) -> float:
        """Seconds between two messages, or before the first of them, from that moment of the monotonic clock on."""
        moments = [
            since,
            *(event["at"] for event in self.events if event["event"] == "Message" and event["at"] > since),
        ]
        return max(float(later - earlier) for earlier, later in itertools.pairwise(moments))

    def wait_for(self, kind: str, *, within_s: float = PATIENCE_S, **values: object) -> Event:
        """The first event of this kind with these values."""

        def found() -> list[Event]:
            return [event for event in self.events if {"event": kind, **values}.items() <= event.items()]

        self.until(found, within_s=within_s, wish=f"{kind} {values}")
        return found()[0]

    def until(self, is_so: Callable[[], object], *, within_s: float = PATIENCE_S, wish: str = "") -> None:
        """Read on until it is so; fail with all that was heard."""
        deadline = time.monotonic() + within_s
        while not is_so():
            if not self._read(deadline):
                told = [event for event in self.events if event["event"] not in {"Message", "StatusChanged"}]
                pytest.fail(f"{self.name} waited in vain for {wish}: {told[-20:]} {self._child.complaints()}")

    def do(self, verb: str, **what: object) -> Event:
        """Order it, and wait for the answer; fails with the sentence of the error, if there is one."""
        self._child.write_line(json.dumps({"do": verb, **what}))
        self._read_until_answered(verb)
        answer = self._answers.pop()
        if "error" in answer:
            pytest.fail(f"{self.name} cannot {verb}: {answer['error']} {self._child.complaints()}")
        return answer

    def _read_until_answered(self, verb: str) -> None:
        deadline = time.monotonic() + 2 * PATIENCE_S
        while not self._answers:
            if not self._read(deadline):
                pytest.fail(f"{self.name} does not {verb}: {self._child.complaints()}")

    def _read(self, deadline: float) -> bool:
        line = self._child.read_line(until=deadline)
        if line is None:
            return False
        said = json.loads(line)
        (self.events if "event" in said else self._answers).append(said)
        return True
