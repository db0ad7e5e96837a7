"""The chat: panes put together, keys and lines turned into deeds, and drawn anew where something changed."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message as Signal
from textual.screen import Screen
from textual.widgets import Footer, Input

from ..events import RoomState
from ..message import Message
from . import order
from .bars import room_list, status_bar, topic_bar, typing_line
from .commands import Say, parse
from .desk import Desk
from .input_line import InputLine
from .layout import look_of, side_width, sides_of
from .obey import obey
from .panes import LinesPane, MessagePane
from .people import nick_list
from .plain import plain_name
from .room_view import RoomView

__all__ = ["ChatScreen"]


_MIN_WIDTH = 10
"""Cells of messages below which none are drawn: before the first layout there is but one."""


class ChatScreen(Screen[None]):
    """One desk, drawn."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "app.show_help", "Help"),
        Binding("f2", "toggle_side('rooms')", "Rooms"),
        Binding("f3", "toggle_side('nicks')", "Members"),
        Binding("f4", "app.toggle_ground", "Theme"),
        Binding("pageup", "page(-1)", "Older", priority=True),
        Binding("pagedown", "page(1)", show=False, priority=True),
        Binding("ctrl+end", "follow", show=False, priority=True),
        Binding("escape", "give_up", show=False),
        Binding("alt+up", "choose(-1)", show=False, priority=True),
        Binding("alt+down", "choose(1)", show=False, priority=True),
        Binding("alt+left", "step(-1)", show=False, priority=True),
        Binding("alt+right", "step(1)", show=False, priority=True),
        Binding("alt+a", "news", show=False, priority=True),
        *(Binding(f"alt+{number}", f"room({number})", show=False, priority=True) for number in range(1, 10)),
    ]

    class Emptied(Signal):
        """There is no room on the desk any more."""

    def __init__(self, desk: Desk, *, do: Callable[[Coroutine[Any, Any, None]], None], commands: order.Screen) -> None:
        """`do` does work beside the screen; `commands` is what the whole program can do for a command."""
        super().__init__()
        self.desk = desk
        self._do_beside = do
        self._commands = commands
        self._is_stale = False
        self._edited: Message | None = None
        """One of ours, which the next line changes."""
        self._sides: dict[str, bool] = {}
        """Panes that somebody switched on or off by hand."""
        self._shown: RoomView | None = None

    def compose(self) -> ComposeResult:
        yield LinesPane(id="topic")
        with Horizontal(id="middle"):
            yield LinesPane(id="rooms")
            yield MessagePane(id="messages")
            yield LinesPane(id="nicks")
        yield LinesPane(id="typing")
        yield LinesPane(id="status")
        yield InputLine(id="line", nicks=lambda: self.desk.view.nicks() if self.desk.view else [])
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        self._line.focus()
        self.watch(self.app, "app_focus", self._watch_app_focus)
        self.watch(self.app, "theme", lambda _: self.mark_stale(), init=False)
        self.mark_stale()

    @property
    def _line(self) -> InputLine:
        return self.query_one(InputLine)

    @property
    def _pane(self) -> MessagePane:
        return self.query_one(MessagePane)

    # ---- what is typed

    def on_input_submitted(self) -> None:
        typed = parse(self._line.take())
        edited, self._edited = self._edited, None
        if (view := self.desk.view) is None or typed is None:
            return
        if not isinstance(typed, Say):
            self._do_beside(obey(typed, desk=self.desk, view=view, screen=self._commands))
        elif edited is not None:
            self._do_beside(view.edit(edited, typed.text))
        else:
            self._pane.follow()
            self._do_beside(obey(typed, desk=self.desk, view=view, screen=self._commands))

    def on_input_changed(self, event: Input.Changed) -> None:
        """The others see that we type; commands are our own business."""
        view = self.desk.view
        if view is not None and view.room.state is not RoomState.LEFT and self._edited is None:
            is_said = event.value != "" and (not event.value.startswith("/") or event.value.startswith(("//", "/me ")))
            self._do_beside(view.room.set_typing(is_said))

    def on_input_line_recall(self, event: InputLine.Recall) -> None:
        """Arrow up and down go through what we said."""
        if (view := self.desk.view) is None:
            return
        self._edited = view.neighbour(self._edited, earlier=event.earlier)
        if self._edited is not None:
            self._line.recall(self._edited.text)
        else:
            self._line.drop()
        self.mark_stale()

    def action_give_up(self) -> None:
        """Neither edit nor choose anything; look at the newest."""
        self._drop_edit()
        self.action_follow()

    def _drop_edit(self) -> None:
        """What is edited or chosen belongs to one room."""
        if self._edited is not None:
            self._line.drop()
            self._edited = None
        if self.desk.view is not None:
            self.desk.view.chosen = None

    # ---- looking around

    def action_room(self, number: int) -> None:
        self._drop_edit()
        self._do_beside(self._visit(number - 1))

    async def _visit(self, at: int) -> None:
        await self.desk.visit(at)

    def action_step(self, by: int) -> None:
        self._drop_edit()
        self.desk.step(by)

    def action_news(self) -> None:
        self._drop_edit()
        self.desk.go_to_news()

    def action_choose(self, step: int) -> None:
        if self.desk.view is not None:
            self.desk.view.choose(step)

    def action_page(self, by: int) -> None:
        self._pane.page(by)
        self.mark_stale()

    def action_follow(self) -> None:
        self._pane.follow()
        self.mark_stale()

    def action_toggle_side(self, side: str) -> None:
        self._sides[side] = not self.query_one(f"#{side}").display
        self.mark_stale()

    def on_resize(self) -> None:
        self.mark_stale()

    def on_message_pane_top_reached(self) -> None:
        if (view := self.desk.view) is not None and view.has_older:
            self._do_beside(view.load_older())

    def on_message_pane_resized(self) -> None:
        self.mark_stale()

    def on_message_pane_chosen(self, event: MessagePane.Chosen) -> None:
        if (view := self.desk.view) is not None:
            view.chosen = event.message_id if view.chosen != event.message_id else None
            self.mark_stale()

    def on_lines_pane_picked(self, event: LinesPane.Picked) -> None:
        if event.pane.id == "rooms":
            self.action_room(event.row + 1)

    def _watch_app_focus(self, has_focus: bool) -> None:
        if (view := self.desk.view) is not None:
            view.look_at() if has_focus else view.look_away()
            self.mark_stale()

    # ---- what the desk tells

    def on_highlight(self, view: RoomView) -> None:
        """Somebody named us."""
        if not view.is_watched:
            self.app.bell()

    def on_change(self) -> None:
        self.mark_stale()

    def mark_stale(self) -> None:
        """Draw once for all that happens until the screen gets its turn."""
        if not self._is_stale:
            self._is_stale = True
            self.call_later(self._redraw)

    # ---- drawing

    def _redraw(self) -> None:
        self._is_stale = False
        if not (self.query("#nicks") and self.query("#line")):  # not put together yet, or taken apart already
            return
        if (view := self.desk.view) is None:
            self.post_message(self.Emptied())
            return
        if view is not self._shown:
            self._shown = view
            self._pane.is_following = True
        self._arrange()
        self._draw_messages(view)
        self._draw_around(view)
        if view.is_watched and self._pane.is_following and view.room.unread:
            self._do_beside(view.mark_read())

    def _arrange(self) -> None:
        """Lists beside the messages where there is room, or where somebody wants them."""
        fitting = sides_of(self.size.width)
        for side in ("rooms", "nicks"):
            pane = self.query_one(f"#{side}")
            pane.display = self._sides.get(side, side in fitting)
            pane.styles.width = side_width(self.size.width)

    def _draw_messages(self, view: RoomView) -> None:
        if self._pane.width < _MIN_WIDTH:
            return
        if self._pane.is_following:
            view.trim()
        rows = view.transcript.rows(look_of(self._pane.width, view.room.me.name, map(plain_name, view.room.members)))
        self._pane.show(rows, chosen=self._edited.id if self._edited is not None else view.chosen)

    def _draw_around(self, view: RoomView) -> None:
        room, width, side = view.room, self.size.width, side_width(self.size.width) - 1
        topic = topic_bar(view.name, room.members, room.state, kind=view.kind, width=width)
        status = status_bar(room.me, self.desk.rows(), doing=self._doing(view), width=width)
        self.query_one("#topic", LinesPane).show([topic])
        self.query_one("#rooms", LinesPane).show(room_list(self.desk.rows(), width=side))
        self.query_one("#nicks", LinesPane).show(nick_list(room.members, width=side))
        self.query_one("#typing", LinesPane).show([typing_line([each.name for each in view.typists.values()])])
        self.query_one("#status", LinesPane).show([status])
        self._line.placeholder = f"say something to {view.name}, or /help"

    def _doing(self, view: RoomView) -> str:
        """What the next line does, if that is not to say it."""
        if self._edited is not None:
            return "editing your message: Enter changes it, Esc gives up"
        if view.chosen is not None:
            return "chosen: /reply /react /edit /delete /pin, Esc"
        return "" if self._pane.is_following else "looking back: Esc shows the newest"
