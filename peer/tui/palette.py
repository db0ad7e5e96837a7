"""What styles look like, on dark and on light ground. Everything is also told by a sign or a word, for NO_COLOR."""

from __future__ import annotations

from rich.style import Style

from .people import NICK_COLOURS

__all__ = ["style_of"]

_NICKS_ON_DARK = (
    "#ff8787", "#ffaf5f", "#ffd75f", "#afd75f", "#5fd787", "#5fd7d7",
    "#5fafff", "#87afff", "#af87ff", "#d787ff", "#ff87d7", "#d7af87",
)  # fmt: skip
_NICKS_ON_LIGHT = (
    "#af0000", "#955000", "#7a5c00", "#3b6900", "#006f3b", "#006969",
    "#005faf", "#0037af", "#5f00af", "#8700af", "#af0074", "#6f4518",
)  # fmt: skip
_ON_DARK = {
    "time": "#8a8a8a",
    "faint": "#8a8a8a",
    "bar": "#585858",
    "notice": "#9e9e9e",
    "info": "#afd7ff",
    "join": "#87af87",
    "leave": "#af8787",
    "warning": "bold #ff8787",
    "mention": "bold #ffd75f",
    "action": "italic #d7d7af",
    "quote": "italic #9e9e9e",
    "deleted": "italic #9e9e9e",
    "read": "#5fd787",
    "reaction": "#e4e4e4 on #3a3a3a",
    "pinned": "#d7af5f",
    "day": "#6c9ccc",
    "marker": "bold #ff5f5f",
    "heading": "bold #8a8a8a",
    "verified": "bold #5fd787",
    "doubted": "bold #ff5f5f",
    "online": "#5fd787",
    "away": "#d7af5f",
    "offline": "#8a8a8a",
    "current": "bold #ffffff on #005f87",
    "busy": "bold #ffffff",
    "highlight": "bold #ffd75f",
    "title": "bold",
    "good": "#87d787",
}
_ON_LIGHT = _ON_DARK | {
    "time": "#5f5f5f",
    "faint": "#5f5f5f",
    "bar": "#b0b0b0",
    "notice": "#5f5f5f",
    "info": "#005f87",
    "join": "#376937",
    "leave": "#7f3f3f",
    "warning": "bold #af0000",
    "mention": "bold #8f4f00",
    "action": "italic #5f5f00",
    "quote": "italic #5f5f5f",
    "deleted": "italic #5f5f5f",
    "read": "#006f3b",
    "reaction": "#1c1c1c on #d0d0d0",
    "pinned": "#7a5c00",
    "day": "#00558f",
    "marker": "bold #c00000",
    "heading": "bold #5f5f5f",
    "verified": "bold #006f3b",
    "doubted": "bold #c00000",
    "online": "#006f3b",
    "away": "#805500",
    "offline": "#5f5f5f",
    "busy": "bold #000000",
    "highlight": "bold #8f4f00",
    "good": "#006f37",
}
_ON_DARK |= {f"nick-{number}": _NICKS_ON_DARK[number] for number in range(NICK_COLOURS)}
_ON_LIGHT |= {f"nick-{number}": _NICKS_ON_LIGHT[number] for number in range(NICK_COLOURS)}
_STYLES = {
    True: {name: Style.parse(text) for name, text in _ON_DARK.items()},
    False: {name: Style.parse(text) for name, text in _ON_LIGHT.items()},
}


def style_of(name: str, *, is_dark: bool) -> Style:
    """An unknown one, as `text`, is what the ground has."""
    return _STYLES[is_dark].get(name, Style.null())
