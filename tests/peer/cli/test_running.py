"""Exit codes, and no traceback."""

from __future__ import annotations

import asyncio
import os
import signal
from argparse import Namespace
from types import ModuleType

import pytest

import peer
import peer.cli
from peer.cli.running import INTERRUPTED, TERMINATED, run_command, run_loop


def fails_with(error: BaseException | int, monkeypatch: pytest.MonkeyPatch) -> int:
    """A command that does nothing else."""

    def run(_: Namespace) -> int:
        if isinstance(error, int):
            return error
        raise error

    command = ModuleType("peer.cli.fail")
    command.run = run  # type: ignore[attr-defined]
    monkeypatch.setitem(__import__("sys").modules, "peer.cli.fail", command)
    return run_command(Namespace(command="fail"))


@pytest.mark.parametrize(
    ("end", "code", "sentence"),
    [
        (0, 0, ""),
        (3, 3, ""),
        (peer.UsageError("do this instead"), 1, "fail: do this instead\n"),
        (
            peer.StoreBusy("/some/folder"),
            1,
            "fail: another process uses /some/folder: end it, or be somebody else: --name, --temporary\n",
        ),
        (KeyboardInterrupt(), INTERRUPTED, ""),
        (asyncio.CancelledError(), TERMINATED, ""),
    ],
)
def test_every_end_has_its_code_and_its_sentence(
    end: BaseException | int,
    code: int,
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert fails_with(end, monkeypatch) == code
    assert capsys.readouterr().err == sentence


def test_reader_that_has_gone_is_for_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BrokenPipeError):
        fails_with(BrokenPipeError(), monkeypatch)


@pytest.mark.parametrize(
    ("number", "end"), [(signal.SIGTERM, asyncio.CancelledError), (signal.SIGINT, KeyboardInterrupt)]
)
def test_signals_end_it_with_all_that_is_open_closed(number: signal.Signals, end: type[BaseException]) -> None:
    closed = []

    async def work() -> int:
        try:
            os.kill(os.getpid(), number)
            await asyncio.sleep(5)
        finally:
            closed.append(number)
        return 0

    with pytest.raises(end):
        run_loop(work())
    assert closed == [number]
