"""The style of /docs."""

import pytest

from signaling.reference.sheet import STYLE


@pytest.mark.parametrize("word", ["url(", "@import", "@font-face", "http", "</", "<!--"])
def test_style_loads_nothing(word: str) -> None:
    """Nor does it end its element."""
    assert word not in STYLE


def test_style_is_for_light_and_dark() -> None:
    """As the reader's system has it."""
    assert "color-scheme:light dark" in STYLE
    assert STYLE.count("--paper:") == 2
    assert STYLE.count("{") == STYLE.count("}")
