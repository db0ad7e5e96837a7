from textual import events

from peer.tui.input_line import InputLine

from .stage import until
from .window import chat_with_bob


async def test_lines_are_completed_called_back_and_broken() -> None:
    async with chat_with_bob() as w:
        line = w.chat.query_one(InputLine)
        await w.pilot.press("b", "tab")
        assert line.value == "bob: "
        await w.pilot.press(*"hi", "enter")
        await w.see("alice: bob: hi")
        await w.pilot.press("ctrl+p")
        assert line.value == "bob: hi"
        await w.pilot.press("x", "up", "down", "down")
        assert line.value == ""
        await w.pilot.press("ctrl+n", "tab")
        assert line.value == ""
        await w.pilot.press("a", "ctrl+j", "b")
        assert line.value == "a⏎b"


async def test_all_lines_of_what_is_pasted_are_kept() -> None:
    async with chat_with_bob() as w:
        line = w.chat.query_one(InputLine)
        line.post_message(events.Paste("one\ntwo\n"))
        await until(lambda: line.value == "one⏎two")
        await w.pilot.press("enter")
        await until(lambda: [each.text for each in w.view.transcript.messages()] == ["one\ntwo"])
