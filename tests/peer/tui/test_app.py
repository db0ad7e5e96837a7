import pytest

from peer.tui.chat_screen import ChatScreen
from peer.tui.dialogs import Dialog
from peer.tui.start import Start

from .stage import until
from .window import chat_with_bob, window


async def test_a_known_room_is_entered_at_once_and_left_at_the_end() -> None:
    """Ctrl+C ends it; the others see that we left."""
    async with chat_with_bob() as w:
        assert "Deck │ 2 here │ connected │ public room │ end-to-end encrypted" in w.shown("topic")
        await w.pilot.press("ctrl+c")
        assert w.app.fault is None
        bobs = w.bobs
    assert bobs.members[1].presence == "offline"


async def test_a_room_that_is_not_there_is_a_sentence_on_the_start_screen() -> None:
    async with window(Start(name="alice", room="Nowhere")) as w:
        await until(lambda: "room" in w.said_at_start())
        w.network.stop_server()
        await w.wish(room="Deck")
        await until(lambda: "the server was stopped" in w.said_at_start())
        w.network.start_server()
        await w.wish(room="Deck")
        await until(lambda: isinstance(w.app.screen, ChatScreen))
        await w.see("bob", "nicks")


async def test_dialogs_cover_the_chat_and_go_again() -> None:
    async with chat_with_bob() as w:
        await w.pilot.press("f1")
        assert isinstance(w.app.screen, Dialog)
        await w.pilot.press("down", "pagedown", "escape")
        for line in ("/invite", "/verify bob"):
            await w.type(line)
            await until(lambda: isinstance(w.app.screen, Dialog))
            await w.pilot.press("c", "escape")
        assert isinstance(w.app.screen, ChatScreen)


async def test_themes_change() -> None:
    async with chat_with_bob() as w:
        await w.pilot.press("f4")
        assert not w.app.current_theme.dark
        await w.type("/theme nord")
        await until(lambda: w.app.theme == "nord")
        await w.type("/theme none")
        await w.see("themes: dark, light")


@pytest.mark.allow_logged_errors
async def test_a_defect_in_a_command_is_a_sentence_and_ends_nothing() -> None:
    async with chat_with_bob() as w:
        w.app.do(_fail())
        await w.see("that failed by a fault of this program")
        await w.type("still here")
        await w.see("still here")


async def _fail() -> None:
    raise ValueError("a defect")
