"""Where somebody begins who came without a link: who they are, and where they want to go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.message import Message as Signal
from textual.screen import Screen
from textual.widgets import Button, Footer, Input, OptionList, Static

from ..conversation_list import Conversation
from ..ids import RoomId
from .plain import crop, plain_lines, plain_name

__all__ = ["StartScreen", "Wish"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the start screen was told."""

    server: str
    name: str
    room: str
    """An invite link, or the name of a public room; of a new one, its title."""
    is_new: bool = False
    kept: RoomId | None = None
    """A room that we were in before; then `room` does not matter."""


class StartScreen(Screen[None]):
    """Asks until a room is entered; `trouble` says why that did not work."""

    BINDINGS = [  # noqa: RUF012 - textual's form
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
    ]

    class Wished(Signal):
        """Somebody wants to enter a room, or to open one."""

        def __init__(self, wish: Wish) -> None:
            super().__init__()
            self.wish = wish

    class Opened(Signal):
        """It is there: rooms to go on in can be offered."""

    def __init__(self, wish: Wish, trouble: str = "") -> None:
        """`wish` is what is known already."""
        super().__init__()
        self._filled = {"name": wish.name, "room": wish.room, "server": wish.server}
        self._trouble = trouble
        self._kept: Sequence[Conversation] = ()

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="start"):
            yield Static(
                "Speaktube\nrooms whose members talk directly, end-to-end encrypted", id="banner", markup=False
            )
            for key, label, hint in (
                ("name", "What the others call you", "a name"),
                ("room", "Invite link, name of a public room, or title of a new one", "paste a link, or type a name"),
                ("server", "Signaling server, where no link names it", "http://..."),
            ):
                yield Static(label, classes="label", markup=False)
                yield Input(self._filled[key], placeholder=hint, id=key, compact=True)
            with Horizontal(id="buttons"):
                yield Button("Enter the room", id="enter", variant="primary", compact=True)
                yield Button("Open a new private room", id="create", compact=True)
            yield Static(self._trouble, id="trouble", markup=False)
            yield Static("Or go on where you were", classes="label kept", markup=False)
            yield OptionList(id="kept", classes="kept", compact=True, markup=False)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        self.offer(())
        self.post_message(self.Opened())
        self.query_one("#room" if self._filled["name"] else "#name", Input).focus()

    def say(self, text: str) -> None:
        """What happens, or why it did not work."""
        self._trouble = text
        for part in self.query("#trouble").results(Static):  # not there before the first layout
            part.update(text)

    def offer(self, kept: Sequence[Conversation]) -> None:
        """Rooms to go on in."""
        self._kept = kept
        self.query_one(OptionList).set_options([_shown(each) for each in kept])
        for part in self.query(".kept"):
            part.display = bool(kept)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        wish = self._typed()
        if not wish.name:
            self.say("type a name first: the others will see it")
        else:
            self.post_message(self.Wished(replace(wish, kept=self._kept[event.option_index].room_id)))

    def _typed(self) -> Wish:
        name, room, server = (self.query_one(f"#{key}", Input).value.strip() for key in ("name", "room", "server"))
        return Wish(server=server, name=name, room=room)

    def on_input_submitted(self) -> None:
        self._wish(is_new=False)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self._wish(is_new=event.button.id == "create")

    def _wish(self, *, is_new: bool) -> None:
        wish = self._typed()
        if not wish.name:
            self.say("type a name first: the others will see it")
        elif not wish.room:
            self.say("paste an invite link or type a room's name; a new room needs a title")
        else:
            self.post_message(self.Wished(replace(wish, is_new=is_new)))


def _shown(kept: Conversation) -> Text:
    """One line: the title, what waits, and who said what last. Cells, never markup."""
    line = Text.assemble((crop(plain_name(kept.title), 24), "bold"))
    if kept.unread:
        line.append(f" ({kept.unread})", style="bold")
    if kept.preview is not None:
        said = " ".join(plain_lines(kept.preview.text))
        line.append(f"  {crop(f'{plain_name(kept.preview.sender_name)}: {said}', 48)}", style="dim")
    return line
