"""Killed at any moment: what was promised is kept, and nothing is said twice under one number."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .writer import KEPT

ROOT = Path(__file__).parents[2]
KILLS = 100
LONGEST_LIFE_S = 0.03


class Judge:
    """Hears what the others would have got, and compares it with what is found."""

    def __init__(self) -> None:
        self.said: dict[int, str] = {}
        """By number: what has left the house."""
        self.lives = 0

    def hear(self, word: str, what: Any) -> None:
        if word == "said":
            seq, event = what
            assert self.said.setdefault(seq, event) == event, f"{seq} was used twice"
        elif word == "found":
            self.lives += 1
            self._judge(what)

    def _judge(self, found: dict[str, Any]) -> None:
        events = {int(seq): event for seq, event in found["events"].items()}
        newest = found["seq"]
        assert newest >= max(self.said, default=0), "what was promised is lost"
        assert sorted(events) == list(range(max(1, newest - KEPT + 1), newest + 1)), "there is a hole"
        for seq, event in events.items():
            assert self.said.get(seq, event) == event, f"{seq} was used twice"
        assert [event for _, event in found["shown"]] == [events[seq] for seq in sorted(events, reverse=True)]
        assert {text.split()[1] for text, _ in found["shown"]} == {f"{seq}" for seq in events}
        assert found["unread"] == ([newest] if newest else []), "half of a commit"
        assert set(found["drafts"]) <= {f"{newest + 1}", f"{newest + 2}"}, "half of a commit"
        assert len(found["drafts"]) >= (newest > 0), "a draft that was kept before is lost"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "tests.crash.writer", str(tmp_path)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
    yield process
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def one_life(house: subprocess.Popen[bytes], judge: Judge, *, life_s: float, is_from_birth: bool) -> None:
    """Killed so long after it was born, or after it had read what is kept."""
    assert house.stdin is not None
    assert house.stdout is not None
    house.stdin.write(b"\n")
    house.stdin.flush()
    child = 0
    for line in house.stdout:
        word, what = json.loads(line)
        if word == "dead":
            return
        if word == "born":
            child = what
        judge.hear(word, what)
        if child and word == ("born" if is_from_birth else "found"):
            time.sleep(life_s)
            os.kill(child, signal.SIGKILL)
    pytest.fail("the house fell down")


@pytest.mark.long
def test_nothing_is_lost_or_said_twice_when_killed_at_any_moment(house: subprocess.Popen[bytes]) -> None:
    """While it opens the file, reads it, writes, deletes, and brings the write-ahead log in."""
    judge, dice = Judge(), random.Random(20261122)  # noqa: S311
    for number in range(KILLS):
        one_life(house, judge, life_s=dice.uniform(0, LONGEST_LIFE_S), is_from_birth=number % 3 == 0)
    lives = judge.lives
    one_life(house, judge, life_s=0, is_from_birth=False)
    assert judge.lives == lives + 1
    assert len(judge.said) > KILLS // 4, "hardly anything was written: a machine too busy for this test"
    assert lives >= KILLS * 2 // 3
