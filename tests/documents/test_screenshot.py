"""docs/terminal.svg asks nothing of other hosts; docs/terminal.md names each command of the full screen."""

import re

from peer.tui.commands import VERBS
from tests.architecture.sources import ROOT

from .screenshot import without_fetched_fonts

TEXT = (ROOT / "docs" / "terminal.md").read_text("utf-8")
PICTURE = ROOT / "docs" / "terminal.svg"


def test_the_picture_of_the_full_screen_fetches_nothing() -> None:
    """No font, style or image comes from elsewhere; remake it with `make screenshot`."""
    svg = PICTURE.read_text("utf-8")
    assert set(re.findall(r"https?://[^\"\' )]+", svg)) <= {"http://www.w3.org/2000/svg", "http://127.0.0.1:8080"}
    assert "@import" not in svg
    assert without_fetched_fonts(svg) == svg


def test_every_command_of_the_full_screen_is_named() -> None:
    section = TEXT.partition("\n## tui\n")[2].partition("\n## ")[0]
    assert [verb.name for verb in VERBS if f"`/{verb.name}`" not in section] == []
