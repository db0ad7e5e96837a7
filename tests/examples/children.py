"""Programs as people start them: in a terminal or a pipe, their output waited for and never slept for."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType, TracebackType

from ..rtc.rooms import ROOT, environment

__all__ = ["PATIENCE_S", "ROOT", "Child", "running_server"]

PATIENCE_S = 60.0
"""Nothing takes so long but on a machine that has much else to do."""
_STEPS_FORWARD = re.compile(r"\x1b\[(\d*)C")
"""Over blanks that are on the screen already."""
_TERMINAL_CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\x1b\][^\x07]*\x07")


_AT_TERMINAL = (
    "import fcntl, os, sys, termios;"
    "fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
)
"""Makes its standard input the terminal of its session, so that Ctrl-C is a signal wherever it is not read as a key."""


def _without_codes(output: str) -> str:
    """What a person reads, more or less."""
    return _TERMINAL_CODES.sub("", _STEPS_FORWARD.sub(lambda step: " " * int(step[1] or 1), output))


class _Output:
    """What comes out of one end, gathered by a thread until the end of file."""

    def __init__(self, number: int, *, answers: bool = False) -> None:
        """`answers`: it is a terminal, which says where its cursor is when asked."""
        self._number = number
        self._answers = answers
        self._data = b""
        self._has_ended = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    @property
    def text(self) -> str:
        return self._data.decode(errors="replace")

    def wait_for(self, is_so: Callable[[str], object]) -> None:
        with self._changed:
            self._changed.wait_for(lambda: is_so(self.text) or self._has_ended, PATIENCE_S)
        assert is_so(self.text), f"waited in vain; it printed {self.text!r}"

    def join(self) -> str:
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive(), "somebody still holds this output open"
        return self.text

    def _read(self) -> None:
        while data := self._read_some():
            if self._answers and b"\x1b[6n" in data:
                os.write(self._number, b"\x1b[1;1R")
            with self._changed:
                self._data += data
                self._changed.notify_all()
        with self._changed:
            self._has_ended = True
            self._changed.notify_all()
        os.close(self._number)

    def _read_some(self) -> bytes:
        try:
            return os.read(self._number, 65536)
        except OSError:  # Linux says EIO where the last process of a terminal has gone
            return b""


class Child:
    """A Python program in a session of its own; gone at the end of the block, with all that it started."""

    def __init__(
        self,
        *arguments: str | Path,
        terminal: bool = False,
        cwd: Path = ROOT,
        settings: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """`terminal`: standard input and output are one; else they are pipes. `settings` join its environment."""
        self._master, slave = pty.openpty() if terminal else (-1, subprocess.PIPE)
        if terminal:
            fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 120, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, *(("-c", _AT_TERMINAL) if terminal else ()), *map(str, arguments)],
            cwd=cwd,
            env=environment(TERM="xterm-256color", PYTHONUNBUFFERED="1", **settings),
            stdin=slave,
            stdout=slave,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        assert self.process.stderr is not None
        self.errors = _Output(os.dup(self.process.stderr.fileno()))
        self.process.stderr.close()
        if terminal:
            os.close(slave)
            self._input = os.dup(self._master)
            self.output = _Output(self._master, answers=True)
        else:
            assert self.process.stdin is not None
            assert self.process.stdout is not None
            self._input = os.dup(self.process.stdin.fileno())
            self.process.stdin.close()
            self.output = _Output(os.dup(self.process.stdout.fileno()))
            self.process.stdout.close()

    def __enter__(self) -> Child:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self.session():
            os.kill(process, signal.SIGKILL)
        self.process.wait(PATIENCE_S)
        self.end_input()
        self.output.join()
        self.errors.join()

    @property
    def shown(self) -> str:
        """The output without the codes that steer a terminal."""
        return _without_codes(self.output.text)

    def wait_for(self, text: str, *, times: int = 1) -> None:
        """Until this was printed so often."""
        self.output.wait_for(lambda output: _without_codes(output).count(text) >= times)

    def find(self, pattern: str) -> str:
        """Wait for the pattern; its first group."""
        self.output.wait_for(lambda output: re.search(pattern, output))
        found = re.search(pattern, self.output.text)
        assert found is not None
        return found[1]

    def type(self, text: str) -> None:
        """To its standard input: keys of a terminal, where it has one."""
        self.type_bytes(text.encode())

    def type_bytes(self, data: bytes) -> None:
        os.write(self._input, data)

    def press_until_gone(self, key: str) -> None:
        """As a person does: a terminal throws an end of file away that comes between two prompts."""
        for _ in range(10):
            self.type(key)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(PATIENCE_S / 10)
                return

    def interrupt(self) -> None:
        """As Ctrl-C does: to the whole group."""
        os.killpg(self.process.pid, signal.SIGINT)

    def end_input(self) -> None:
        """End of file, for a pipe; may be called twice."""
        if self._input >= 0:
            os.close(self._input)
            self._input = -1

    def wait(self) -> int:
        """Its exit code."""
        return self.process.wait(PATIENCE_S)

    def session(self) -> list[int]:
        """The processes of its session that are still there, itself among them."""
        return [process for process in _processes() if _session_of(process) == self.process.pid]


def _processes() -> Iterator[int]:
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def _session_of(process: int) -> int:
    """0 for one that is gone, or dead and not yet waited for."""
    try:
        state, _, _, session = _fields(Path(f"/proc/{process}/stat").read_text())
    except OSError:
        return 0
    return 0 if state == "Z" else int(session)


def _fields(stat: str) -> Sequence[str]:
    """State, parent, group and session: the first four behind the name, which may hold anything."""
    return stat.rpartition(")")[2].split()[:4]


@contextmanager
def running_server(*flags: str) -> Iterator[str]:
    """A signaling server for guests, in a process of its own."""
    with Child("-m", "signaling", "--guests", "--port", "0", "--store", "memory:", *flags) as server:
        yield server.find(r"listening on (\S+)\n")
