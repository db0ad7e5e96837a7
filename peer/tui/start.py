"""The way in: `run` opens the screen, and gives the terminal back as it was, whatever happens in between."""

from __future__ import annotations

import asyncio
import importlib.util
import signal
import sys
from dataclasses import dataclass

from ..errors import BadSetting, PeerError
from .session import OpenPeer, Session

__all__ = ["Start", "fault_of", "run"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What the command line has said; what is missing, the start screen asks for."""

    name: str = ""
    server: str = ""
    """Shown on the start screen; "" where the peer's maker knows best."""
    room: str = ""
    """An invite link, or the name of a public room."""
    create: str = ""
    """The title of a new room."""
    is_public: bool = False
    """With `create`: anybody may enter, by name."""
    needs_approval: bool = False
    """With `create`: whoever comes waits for /admit."""


def run(open_peer: OpenPeer, start: Start | None = None, *, theme: str = "") -> None:
    """Show the chat until it is left. `open_peer(server, name)` makes the peer; `theme`: dark, light, or textual's.

    Raises PeerError, once the terminal is as it was: its sentence is for people.
    """
    if importlib.util.find_spec("textual") is None:
        raise BadSetting("the full-screen chat needs textual: pip install 'speaktube[tui]'")
    if not (sys.stdin.isatty() and sys.__stderr__ is not None and sys.__stderr__.isatty()):  # textual draws on stderr
        raise BadSetting("the full-screen chat needs a terminal: in a pipe, use the line chat")
    asyncio.run(_run(open_peer, start or Start(), theme))


async def _run(open_peer: OpenPeer, start: Start, theme: str) -> None:
    from .app import ChatApp
    from .keys import give_back_alt_digits

    give_back_alt_digits()
    async with Session(open_peer) as session:
        app = ChatApp(session, start, theme=theme)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, app.end)
        await app.run_async()
    if (fault := fault_of(app.fault)) is not None:
        raise fault


def fault_of(error: Exception | None) -> PeerError | None:
    """The sentence about a defect of ours; its kind alone, since its words may hold what people said."""
    if error is None:
        return None
    kind = type(error).__name__
    return PeerError(f"the full-screen chat ended by a fault of its own ({kind}): please report what you did then")
