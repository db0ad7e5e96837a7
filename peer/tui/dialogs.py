"""What covers the chat for a moment: help, an invite, the number that two people compare. Escape closes each."""

from __future__ import annotations

from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from ..ids import short
from ..member import Member
from ..qr import qr_terminal
from .commands import VERBS
from .plain import plain_name

__all__ = ["CodeDialog", "Dialog", "HelpDialog", "InviteDialog"]

_INK = Style(color="#ffffff", bgcolor="#000000")
"""The blocks are the light parts of a code: it is dark on light on every ground, as many scanners need it."""
_KEYS = (
    ("Enter", "send; a line that begins with / is a command, // sends a slash"),
    ("Tab", "complete a command, a name, an :emoji:"),
    ("Up", "in an empty line: edit your last message; Escape gives up"),
    ("Ctrl+P Ctrl+N", "lines that you typed before"),
    ("Ctrl+J", "a line break"),
    ("PgUp PgDn", "older and newer messages; End of the list: Ctrl+End"),
    ("Alt+Up Alt+Down", "choose a message for /reply, /react, /edit, /delete, /pin; or click it"),
    ("Alt+1 ... Alt+9", "the room of that number; Alt+Left, Alt+Right: the one beside"),
    ("Alt+A", "the room where most happened"),
    ("F2 F3 F4", "list of rooms, list of members, dark or light"),
    ("Ctrl+Q Ctrl+C", "leave all rooms and end"),
)
_SIGNS = (
    ("◌  ›  ✓  ✓✓  ✗", "behind your messages: waits, sent, all have it, all have read it, not sent"),
    ("✓ name", "you verified this member's key"),
    ("✗ name", "somebody else had this name or claim before: compare numbers, /verify"),
    ("●  ◐  ○", "here, away, not here"),
)


class Dialog(ModalScreen[None]):
    """Text that can be scrolled, and closed."""

    BINDINGS = [  # noqa: RUF012 - textual's form
        Binding("escape,enter,q,f1", "close", "Close", show=False),
        Binding("up", "scroll(-1)", show=False),
        Binding("down", "scroll(1)", show=False),
        Binding("pageup", "scroll(-10)", show=False),
        Binding("pagedown,space", "scroll(10)", show=False),
    ]

    def content(self) -> Text:
        """What it shows; never made of markup."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="dialog", can_focus=False):
            yield Static(self.content(), markup=False)

    def action_close(self) -> None:
        self.dismiss()

    def action_scroll(self, lines: int) -> None:
        self.query_one("#dialog", VerticalScroll).scroll_relative(y=lines, animate=False)


class HelpDialog(Dialog):
    """Keys, signs and commands."""

    def content(self) -> Text:
        text = Text("Keys\n", style="bold")
        text.append_text(_table(_KEYS))
        text.append("\nSigns\n", style="bold")
        text.append_text(_table(_SIGNS))
        text.append("\nCommands (NICK may be the beginning of a key)\n", style="bold")
        for verb in VERBS:
            text.append(f"  {verb.usage}\n", style="bold not dim")
            text.append(f"      {verb.help}\n", style="not bold")
        text.append("\nEscape closes this; arrows and PgDn scroll.", style="dim")
        return text


class InviteDialog(Dialog):
    """A link that lets others in."""

    BINDINGS = [Binding("c", "copy", "Copy", show=False)]  # noqa: RUF012 - textual's form

    def __init__(self, link: str, note: str) -> None:
        super().__init__()
        self._link = link
        self._note = note

    def content(self) -> Text:
        text = Text.assemble((f"Invite: {self._note}\n", "bold"), "keep it as secret as what is said here\n\n")
        text.append(f"{self._link}\n\n")
        text.append("c copies it, Escape closes this. To be scanned:\n\n", style="dim")
        text.append(qr_terminal(self._link), style=_INK)
        return text

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(self._link)
        self.app.notify("copied, where this terminal lets programs do so", markup=False)


class CodeDialog(Dialog):
    """What two people compare to make sure that nobody sits between them."""

    def __init__(self, member: Member, number: str, code: str) -> None:
        super().__init__()
        self._member = member
        self._number = number
        self._code = code

    def content(self) -> Text:
        name, key = plain_name(self._member), short(self._member.id)
        text = Text.assemble((f"Is this really {name}?\n\n", "bold"))
        text.append(f"Read this to {name}, face to face or by a voice you know; they type /verify and your name:\n\n")
        for at in range(0, len(self._number), 24):
            text.append(f"    {self._number[at : at + 24].rstrip()}\n", style="bold")
        text.append(f"\nThe same on both sides? Then type  /verify {key} yes\n\n")
        text.append(f"Or let their device scan this; for {name} alone. Escape closes.\n\n", style="dim")
        text.append(qr_terminal(self._code), style=_INK)
        return text


def _table(rows: tuple[tuple[str, str], ...]) -> Text:
    text = Text()
    for left, right in rows:
        text.append(f"  {left:<16} ", style="bold")
        text.append(f"{right}\n")
    return text
