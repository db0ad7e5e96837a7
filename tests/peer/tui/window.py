"""The whole program in a terminal of a test, and bob, who talks to it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from textual.pilot import Pilot
from textual.scroll_view import ScrollView
from textual.widgets import Input, Static

from peer.peer import Peer
from peer.room import Room
from peer.testing import Network
from peer.tui.app import ChatApp
from peer.tui.chat_screen import ChatScreen
from peer.tui.room_view import RoomView
from peer.tui.session import Session
from peer.tui.start import Start

from .stage import until

__all__ = ["SERVER", "Window", "chat_with_bob", "window"]

SERVER = "http://memory.invalid"


@dataclass
class Window:
    """The program, its pilot, and bob's room."""

    network: Network
    bobs: Room
    app: ChatApp
    pilot: Pilot[None]

    @property
    def chat(self) -> ChatScreen:
        screen = next(screen for screen in self.app.screen_stack if isinstance(screen, ChatScreen))
        assert isinstance(screen, ChatScreen)
        return screen

    @property
    def view(self) -> RoomView:
        assert self.chat.desk.view is not None
        return self.chat.desk.view

    def shown(self, pane: str = "messages") -> str:
        """The lines of a pane as they stand on the screen; nothing where it is not there yet."""
        found = self.chat.query(f"#{pane}")
        if not found:
            return ""
        widget = found.first(ScrollView)
        return "\n".join(widget.render_line(y).text.rstrip() for y in range(widget.size.height))

    async def see(self, text: str, pane: str = "messages") -> None:
        """Until it stands there."""
        await until(lambda: text in self.shown(pane))

    async def type(self, line: str) -> None:
        """With Enter behind it."""
        self.chat.query_one("#line").value = line  # type: ignore[attr-defined]
        await self.pilot.press("enter")

    def said_at_start(self) -> str:
        """What it complains of; nothing where it is not there yet."""
        found = self.app.screen.query("#trouble")
        return str(found.first(Static).render()) if found else ""

    async def wish(self, *, submit: bool = True, **values: str) -> None:
        """Fill the start screen, once it is there, and press Enter in it."""
        await until(lambda: self.app.screen.query("#room"))
        for key, value in values.items():
            self.app.screen.query_one(f"#{key}", Input).value = value
        if submit:
            self.app.screen.query_one("#room", Input).focus()
            await self.pilot.press("enter")


@asynccontextmanager
async def window(start: Start | None = None, *, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Window]:
    async with Network() as network:
        bob = await network.peer("bob")
        room = await bob.create_room("Deck", public=True)

        def open_peer(server: str, name: str) -> Peer:
            return Peer(server or SERVER, name=name, transport=network.transport(name))

        async with Session(open_peer) as session:
            app = ChatApp(session, start or Start())
            async with app.run_test(size=size) as pilot:
                yield Window(network, room, app, pilot)


@asynccontextmanager
async def chat_with_bob(*, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Window]:
    """Alice is in his room, and sees him."""
    async with window(Start(name="alice", room="Deck"), size=size) as w:
        await until(lambda: len(w.app.screen_stack) > 1)
        await w.see("bob", "nicks") if size[0] >= 60 else await w.see("bob is here")
        yield w
