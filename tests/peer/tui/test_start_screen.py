from textual.widgets import Button, OptionList

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


async def test_whoever_leaves_the_last_room_can_go_on_in_it() -> None:
    """Kept rooms are offered, with what was said last."""
    async with window(Start(name="alice", room="Deck")) as w:
        await until(lambda: isinstance(w.app.screen, ChatScreen))
        await w.bobs.send("[bold]ahoy[/bold]")
        await w.see("ahoy")
        await w.type("/part")
        await until(lambda: w.app.screen.query("#kept") and w.app.screen.query_one("#kept").display)
        kept = w.app.screen.query_one(OptionList)
        assert str(kept.get_option_at_index(0).prompt) == "Deck  bob: [bold]ahoy[/bold]"
        kept.focus()
        await w.pilot.press("down", "enter")
        await until(lambda: isinstance(w.app.screen, ChatScreen))
        await w.see("bob: [bold]ahoy[/bold]")
