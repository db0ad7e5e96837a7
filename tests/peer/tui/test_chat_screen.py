from peer.tui.chat_screen import ChatScreen
from peer.tui.panes import MessagePane

from .stage import until
from .window import chat_with_bob


async def test_what_is_said_and_heard_stands_on_the_screen() -> None:
    """With who is typing, and the marker, our name and the bell where nobody looks."""
    async with chat_with_bob() as w:
        await w.type("ahoy [bold]there[/bold]")
        await w.see("alice: ahoy [bold]there[/bold]")
        await w.bobs.set_typing(True)
        await w.see("bob is typing ...", "typing")
        await w.bobs.send("\x1b[2Jalice: \u202ehello")
        await w.see("bob: [2Jalice: hello")
        await until(lambda: w.view.room.unread == 0)


async def test_arrow_up_edits_our_last_message() -> None:
    async with chat_with_bob() as w:
        await w.type("ahoi")
        await w.see("ahoi")
        await w.pilot.press("up")
        await w.see("editing your message", "status")
        await w.pilot.press("backspace", "y", "enter")
        await w.see("alice: ahoy (edited)")
        await w.pilot.press("up", "escape")
        assert w.chat.query_one("#line").value == ""  # type: ignore[attr-defined]
        await w.pilot.press("up", "down")
        assert w.chat.query_one("#line").value == ""  # type: ignore[attr-defined]


async def test_rooms_are_switched_by_keys_and_clicks() -> None:
    async with chat_with_bob() as w:
        await w.type("/create Galley")
        await w.see("2 Galley", "rooms")
        await until(lambda: w.view.name == "Galley")
        await w.bobs.send("alice!")
        await w.see("1:Deck(1!)", "status")
        await w.pilot.press("alt+1")
        await w.see("── new")
        await w.pilot.press("alt+right")
        assert w.view.name == "Galley"
        await w.pilot.click("#rooms", offset=(3, 0))
        assert w.view.name == "Deck"
        await w.pilot.press("alt+a")
        assert w.view.name == "Galley"


async def test_a_message_is_chosen_for_what_comes() -> None:
    async with chat_with_bob() as w:
        await w.bobs.send("one")
        await w.bobs.send("two")
        await w.see("two")
        await w.pilot.press("alt+up", "alt+up")
        await w.see("chosen: /reply", "status")
        await w.type("/reply to the first")
        await w.see("┌ bob: one")
        rows = w.shown().splitlines()
        await w.pilot.click(
            "#messages", offset=(8, next(at for at, row in enumerate(rows) if row.endswith("bob: two")))
        )
        await w.type("/react +1")
        await w.see("👍 1")


async def test_older_messages_come_by_page_up() -> None:
    """What is looked at stays where it is while others talk; Escape shows the newest."""
    async with chat_with_bob() as w:
        for number in range(60):
            await w.bobs.send(f"number {number}")
        await w.see("number 59")
        w.view.transcript.limit = 30
        w.chat.mark_stale()
        await until(lambda: len(w.view.transcript.entries) == 30)
        await w.pilot.press("pageup", "pageup", "pageup")
        await until(lambda: "number 9" in [each.text for each in w.view.transcript.messages()])
        await w.see("looking back", "status")
        top = w.shown().splitlines()[0]
        await w.bobs.send("one more")
        await until(lambda: w.view.room.unread == 1)
        await w.pilot.pause()
        assert w.shown().splitlines()[0] == top
        await w.pilot.press("escape")
        await w.see("one more")
        await until(lambda: w.view.room.unread == 0)


async def test_lists_hide_on_narrow_screens_and_by_hand() -> None:
    async with chat_with_bob(size=(50, 15)) as w:
        assert not w.chat.query_one("#rooms").display
        assert not w.chat.query_one("#nicks").display
        await w.pilot.press("f2")
        await until(lambda: w.chat.query_one("#rooms").display)
        await w.pilot.resize_terminal(100, 30)
        await until(lambda: w.chat.query_one("#nicks").display)
        await w.see("bob", "nicks")


async def test_nobody_looks_where_the_terminal_has_no_focus() -> None:
    """The message stays unread, our name rings the bell, and the marker stands before it."""
    async with chat_with_bob() as w:
        rung = []
        w.app.bell = lambda: rung.append(1)  # type: ignore[method-assign]
        w.app.app_focus = False
        await w.pilot.pause()
        await w.bobs.send("alice?")
        await w.see("alice?")
        assert w.view.room.unread == 1
        assert rung == [1]
        w.app.app_focus = True
        await until(lambda: w.view.room.unread == 0)
        await w.see("── new")


async def test_the_screen_survives_without_a_room() -> None:
    async with chat_with_bob() as w:
        chat: ChatScreen = w.chat
        await chat.desk.part(w.view)
        for key in ("alt+up", "up", "alt+1", "alt+a", "escape", "pageup", "f2", "x", "enter"):
            await w.pilot.press(key)
        assert chat.query_one("#messages", MessagePane) is not None
