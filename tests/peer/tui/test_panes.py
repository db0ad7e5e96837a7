from typing import TypeVar

from textual import events

from peer.tui.panes import MessagePane

from .stage import until
from .window import chat_with_bob


async def test_hostile_text_stays_within_its_cells() -> None:
    """Long words, wide characters and joined emoji: each line has exactly as many cells as its pane."""
    async with chat_with_bob() as w:
        for text in ("x" * 500, "日本語" * 50, "👨‍👩‍👧 family " * 9, "❤️" * 40, "e\u0301" * 200, "\u3164 \u115f"):
            await w.bobs.send(text)
        await until(lambda: len(w.view.transcript.messages()) == 6)
        await w.pilot.pause()
        pane = w.chat.query_one(MessagePane)
        for y in range(pane.size.height):
            assert pane.render_line(y).cell_length == pane.scrollable_content_region.width


async def test_the_wheel_scrolls_and_the_end_is_followed_again() -> None:
    async with chat_with_bob() as w:
        for number in range(25):
            await w.bobs.send(f"number {number}")
        await w.see("number 24")
        pane = w.chat.query_one(MessagePane)
        pane.post_message(_wheel(events.MouseScrollUp, pane))
        await until(lambda: not pane.is_following)
        pane.post_message(_wheel(events.MouseScrollDown, pane))
        await until(lambda: pane.is_following)


E = TypeVar("E", bound=events.MouseEvent)


def _wheel(kind: type[E], pane: MessagePane) -> E:
    return kind(pane, x=1, y=1, delta_x=0, delta_y=1, button=0, shift=False, meta=False, ctrl=False)
