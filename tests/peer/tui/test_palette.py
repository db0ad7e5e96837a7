import pytest
from rich.style import Style

from peer.tui.palette import style_of
from peer.tui.people import NICK_COLOURS

NAMES = [f"nick-{number}" for number in range(NICK_COLOURS)] + ["time", "faint", "mention", "warning", "notice", "join"]


def _luminance(style: Style) -> float:
    assert style.color is not None
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (value / 255 for value in style.color.get_truecolor())
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("name", NAMES)
def test_text_can_be_read_on_both_grounds(name: str) -> None:
    """A contrast of 4.5 to 1, as WCAG 2 asks, on textual's dark (#121212) and light (#e0e0e0) ground."""
    dark, light = _luminance(style_of(name, is_dark=True)), _luminance(style_of(name, is_dark=False))
    assert (dark + 0.05) / (0.006 + 0.05) >= 4.5
    assert (0.745 + 0.05) / (light + 0.05) >= 4.5


def test_an_unknown_style_is_plain() -> None:
    assert style_of("text", is_dark=True) == Style.null()
