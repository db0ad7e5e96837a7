"""The line that is typed in: history, Tab, and arrow up for one's last message. What it means, the app decides."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual import events
from textual.binding import Binding
from textual.message import Message as Signal
from textual.widgets import Input

from .completion import Completer
from .plain import LINE_BREAK
from .typed import TypedLines

__all__ = ["InputLine"]


class InputLine(Input):
    """One line; a line break in it shows as a sign, and is sent as one."""

    BINDINGS = [  # noqa: RUF012 - textual's form
        Binding("tab", "complete", show=False, priority=True),
        Binding("up", "back", show=False),
        Binding("down", "forth", show=False),
        Binding("ctrl+p", "previous", show=False, priority=True),
        Binding("ctrl+n", "next", show=False, priority=True),
        Binding("alt+enter,ctrl+j", "break_line", show=False, priority=True),
    ]

    class Recall(Signal):
        """Arrow up or down beside an empty or untouched line: an earlier or a later message of ours, to be edited."""

        def __init__(self, *, earlier: bool) -> None:
            super().__init__()
            self.earlier = earlier

    def __init__(self, *, id: str, nicks: Callable[[], Sequence[str]]) -> None:  # noqa: A002 - textual's name
        super().__init__(id=id, compact=True, select_on_focus=False, highlighter=None)
        self._nicks = nicks
        self._completer = Completer()
        self._typed = TypedLines()
        self._recalled: str | None = None
        """What the line held when a message was put in it to be edited."""

    def take(self) -> str:
        """What was typed; the line is empty then."""
        line, self.value, self._recalled = self.value, "", None
        self._typed.add(line)
        return line

    def recall(self, text: str) -> None:
        """Put one of our messages here to be edited."""
        self._put(text.replace("\n", LINE_BREAK))
        self._recalled = self.value

    def drop(self) -> None:
        """Nothing is edited any more."""
        self._recalled = None
        self.value = ""

    def _put(self, text: str) -> None:
        self.value = text
        self.cursor_position = len(text)

    def action_complete(self) -> None:
        done = self._completer.complete(self.value, self.cursor_position, nicks=self._nicks())
        if done is not None:
            self.value, self.cursor_position = done

    def action_back(self) -> None:
        if self.value in ("", self._recalled):
            self.post_message(self.Recall(earlier=True))
        else:
            self.action_previous()

    def action_forth(self) -> None:
        if self._recalled is not None and self.value == self._recalled:
            self.post_message(self.Recall(earlier=False))
        else:
            self.action_next()

    def action_previous(self) -> None:
        self._put(self._typed.previous(self.value))

    def action_next(self) -> None:
        self._put(self._typed.next(self.value))

    def action_break_line(self) -> None:
        self.insert_text_at_cursor(LINE_BREAK)

    def _on_paste(self, event: events.Paste) -> None:
        """All lines of it, where textual takes the first alone."""
        self.insert_text_at_cursor(LINE_BREAK.join(event.text.splitlines()))
        event.prevent_default()
        event.stop()
