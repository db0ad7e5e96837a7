import pytest

from peer.tui.commands import VERBS
from peer.tui.dialogs import CodeDialog, Dialog, HelpDialog, InviteDialog

from .values import member


def test_the_help_names_every_command() -> None:
    shown = HelpDialog().content().plain
    assert all(verb.usage in shown and verb.help in shown for verb in VERBS)


def test_an_invite_can_be_read_and_scanned() -> None:
    shown = InviteDialog("http://x/j#secret", "for one guest").content().plain
    assert "http://x/j#secret" in shown
    assert "for one guest" in shown
    assert "█" in shown


def test_numbers_are_shown_in_lines_that_can_be_read_aloud() -> None:
    number = " ".join(["12345"] * 12)
    shown = CodeDialog(member("✓[b]bob\x1b"), number, "code").content().plain
    assert "Is this really [b]bob?" in shown
    assert "12345 12345 12345 12345\n" in shown


def test_a_dialog_has_to_say_something() -> None:
    with pytest.raises(NotImplementedError):
        Dialog().content()
