"""docs/terminal.svg is a picture that asks nothing of other hosts."""

import re

from tests.architecture.sources import ROOT

from .screenshot import without_fetched_fonts

PICTURE = ROOT / "docs" / "terminal.svg"


def test_the_picture_of_the_full_screen_fetches_nothing() -> None:
    """No font, style or image comes from elsewhere; remake it with `make screenshot`."""
    svg = PICTURE.read_text("utf-8")
    assert set(re.findall(r"https?://[^\"\' )]+", svg)) <= {"http://www.w3.org/2000/svg", "http://127.0.0.1:8080"}
    assert "@import" not in svg
    assert without_fetched_fonts(svg) == svg
