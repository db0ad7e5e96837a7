"""Where the lines of a chat come from: a person at a terminal, or a pipe.

prompt_toolkit keeps the line that is being typed while others print; it misbehaves on a pipe, where lines are read in
a thread of their own.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import BinaryIO

from ..events import RoomState
from ..shown import plain_name
from .desk import Desk

__all__ = ["piped_lines", "typed_lines"]

_AHEAD = 1000
"""Lines that are read ahead of those that were sent; beyond, whoever writes into the pipe waits."""


async def typed_lines(desk: Desk) -> AsyncIterator[str]:
    """Lines of a person; others see that they type. Ends with Ctrl-C or Ctrl-D."""
    from prompt_toolkit import PromptSession
    from prompt_toolkit.buffer import Buffer
    from prompt_toolkit.patch_stdout import patch_stdout

    session: PromptSession[str] = PromptSession()

    def tell_typing(buffer: Buffer) -> None:
        if desk.room.state is not RoomState.LEFT and not buffer.text.startswith("/"):
            session.app.create_background_task(desk.room.set_typing(bool(buffer.text)))

    session.default_buffer.on_text_changed += tell_typing
    with patch_stdout(raw=True):
        while True:
            try:
                yield await session.prompt_async("> ", bottom_toolbar=lambda: footer(desk), refresh_interval=0.5)
            except (EOFError, KeyboardInterrupt):
                return


def footer(desk: Desk) -> str:
    """Who types; else where we are, and with how many."""
    if desk.typists:
        return f"{', '.join(desk.typists.values())} typing ..."
    here = sum(member.is_me or member.connection == "linked" for member in desk.room.members)
    return f"{plain_name(desk.room.name)} · {here} here" + _standing(desk.room.state)


def _standing(state: RoomState) -> str:
    return {RoomState.LOBBY: " · waiting to be let in", RoomState.SIGNALING_LOST: " · no server"}.get(state, "")


async def piped_lines(source: BinaryIO | None = None) -> AsyncIterator[str]:
    """Lines of a file or program, standard input by default; bytes that are no text become question marks."""
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[str | None] = asyncio.Queue()
    places = threading.Semaphore(_AHEAD)
    reader = threading.Thread(target=_read, args=(source or _own_input(), loop, lines.put_nowait, places), daemon=True)
    reader.start()
    while (line := await lines.get()) is not None:
        places.release()
        yield line


def _own_input() -> BinaryIO:
    """Standard input through a buffer of its own: at its end Python waits for the lock of `sys.stdin`, which the thread
    would hold while it reads, and then aborts."""
    return open(sys.stdin.fileno(), "rb", closefd=False)


def _read(
    source: BinaryIO,
    loop: asyncio.AbstractEventLoop,
    put: Callable[[str | None], None],
    places: threading.Semaphore,
) -> None:
    """In a thread of its own, since reading a pipe or file blocks."""
    with suppress(RuntimeError):  # the chat has ended, and its loop
        for line in source:
            places.acquire()
            loop.call_soon_threadsafe(put, line.decode(errors="replace").rstrip("\r\n"))
        loop.call_soon_threadsafe(put, None)
