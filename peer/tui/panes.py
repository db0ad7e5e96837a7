"""The parts of the screen that show lines: cell by cell, from values, so that nothing in a text is ever markup."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.message import Message as Signal
from textual.scroll_view import ScrollView
from textual.strip import Strip

from ..ids import MessageId
from .lines import Line
from .palette import style_of
from .transcript import Row

__all__ = ["LinesPane", "MessagePane"]

_CHOSEN = Style(reverse=True)


class LinesPane(ScrollView, can_focus=False):
    """Lines, from the top; those that have no room are scrolled to."""

    class Picked(Signal):
        """A line was clicked."""

        def __init__(self, pane: LinesPane, row: int) -> None:
            super().__init__()
            self.pane = pane
            self.row = row

    def __init__(self, *, id: str) -> None:  # noqa: A002 - textual's name
        super().__init__(id=id)
        self._lines: Sequence[Line] = ()

    def show(self, lines: Sequence[Line]) -> None:
        """From now on these."""
        if list(lines) != list(self._lines):
            self._lines = lines
            self.virtual_size = Size(self.scrollable_content_region.width, len(lines))
            self.refresh()

    def render_line(self, y: int) -> Strip:
        row = y + self.scroll_offset.y
        return self._strip(self._lines[row] if row < len(self._lines) else ())

    def _strip(self, line: Line, over: Style | None = None) -> Strip:
        is_dark = self.app.current_theme.dark
        segments = [Segment(span.text, style_of(span.style, is_dark=is_dark)) for span in line]
        strip = Strip(segments).adjust_cell_length(self.scrollable_content_region.width)
        return strip.apply_style(self.rich_style + over if over is not None else self.rich_style)

    def on_click(self, event: events.Click) -> None:
        row = event.y + self.scroll_offset.y
        if row < len(self._lines):
            self.post_message(self.Picked(self, row))


class MessagePane(ScrollView, can_focus=False):
    """Messages. It follows the newest until somebody scrolls up, and then stays where it is, whatever comes."""

    class Chosen(Signal):
        """A message was clicked."""

        def __init__(self, message_id: MessageId) -> None:
            super().__init__()
            self.message_id = message_id

    class TopReached(Signal):
        """Somebody wants to see what is older."""

    class Resized(Signal):
        """Lines have to be broken anew."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - textual's name
        super().__init__(id=id)
        self._rows: Sequence[Row] = ()
        self._chosen: MessageId | None = None
        self.is_following = True

    @property
    def width(self) -> int:
        """Cells of a line."""
        return max(1, self.scrollable_content_region.width)

    def show(self, rows: Sequence[Row], *, chosen: MessageId | None) -> None:
        """From now on these; what was on top stays there, unless we follow the newest."""
        anchor = self._anchor()
        is_newly_chosen = chosen is not None and chosen != self._chosen
        self._rows, self._chosen = rows, chosen
        self.virtual_size = Size(self.width, len(rows))
        if is_newly_chosen:
            self._reveal(chosen)
        elif self.is_following:
            self.scroll_to(y=self.max_scroll_y, animate=False, immediate=True)
        elif anchor is not None:
            self._return_to(*anchor)
        self.refresh()

    def follow(self) -> None:
        """The newest is on the screen again."""
        self.is_following = True
        self.scroll_to(y=self.max_scroll_y, animate=False, immediate=True)

    def page(self, by: int) -> None:
        """So many screens down; up where it is negative."""
        self._go(self.scroll_offset.y + by * max(1, self.size.height - 2))

    def _go(self, y: int) -> None:
        y = max(0, min(y, self.max_scroll_y))
        self.is_following = y >= self.max_scroll_y
        self.scroll_to(y=y, animate=False, immediate=True)
        if y == 0:
            self.post_message(self.TopReached())

    def _anchor(self) -> tuple[MessageId, int] | None:
        """The first message on the screen, and how far its first line is below the top."""
        top = self.scroll_offset.y
        for row in range(top, len(self._rows)):
            if (message_id := self._rows[row].message_id) is not None:
                return message_id, self._first_row(message_id) - top
        return None

    def _return_to(self, message_id: MessageId, below_top: int) -> None:
        if (row := self._first_row(message_id)) >= 0:
            self.scroll_to(y=row - below_top, animate=False, immediate=True)

    def _first_row(self, message_id: MessageId | None) -> int:
        return next((at for at, row in enumerate(self._rows) if row.message_id == message_id), -1)

    def _reveal(self, message_id: MessageId | None) -> None:
        row = self._first_row(message_id)
        top, height = self.scroll_offset.y, self.size.height
        if row >= 0 and not top <= row < top + height - 1:
            self._go(row - height // 2)

    def render_line(self, y: int) -> Strip:
        at = y + self.scroll_offset.y
        row = self._rows[at] if at < len(self._rows) else Row(())
        is_chosen = row.message_id is not None and row.message_id == self._chosen
        is_dark = self.app.current_theme.dark
        strip = Strip([Segment(span.text, style_of(span.style, is_dark=is_dark)) for span in row.line])
        strip = strip.adjust_cell_length(self.width)
        return strip.apply_style(self.rich_style + _CHOSEN if is_chosen else self.rich_style)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        event.prevent_default()  # textual would scroll too
        self._go(self.scroll_offset.y - 3)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        event.prevent_default()  # textual would scroll too
        self._go(self.scroll_offset.y + 3)

    def on_click(self, event: events.Click) -> None:
        row = event.y + self.scroll_offset.y
        if row < len(self._rows) and (message_id := self._rows[row].message_id) is not None:
            self.post_message(self.Chosen(message_id))

    def on_resize(self) -> None:
        self.post_message(self.Resized())
