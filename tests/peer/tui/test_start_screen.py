from textual.widgets import Button

from peer.tui.chat_screen import ChatScreen
from peer.tui.start import Start
from peer.tui.start_screen import StartScreen

from .stage import until
from .window import window


async def test_a_newcomer_is_asked_for_what_is_missing() -> None:
    """A name, then a room; with both, the room is entered."""
    async with window() as w:
        await until(lambda: isinstance(w.app.screen, StartScreen))
        await w.wish()
        assert "type a name first" in w.said_at_start()
        await w.wish(name="alice")
        assert "paste an invite link" in w.said_at_start()
        await w.wish(room="Deck")
        await until(lambda: isinstance(w.app.screen, ChatScreen))
        await w.see("bob", "nicks")


async def test_a_new_room_is_opened_by_its_button() -> None:
    async with window(Start(name="alice")) as w:
        await until(lambda: isinstance(w.app.screen, StartScreen))
        await w.wish(room="Galley", submit=False)
        w.app.screen.query_one("#create", Button).press()
        await until(lambda: isinstance(w.app.screen, ChatScreen))
        await w.see("Galley is open; /invite")
