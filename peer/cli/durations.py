"""Lengths of time as people type them, and as they read them. Pure."""

from __future__ import annotations

import re

__all__ = ["ago", "parse_duration"]

_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)([smhdw]?)")


def parse_duration(text: str) -> float:
    """Seconds of "30", "90s", "1.5m", "12h", "7d" or "1w"; raises ValueError, whose sentence is for people."""
    match = _DURATION.fullmatch(text)
    if match is None or not float(match[1]):
        raise ValueError(f"{text!r} is no length of time: write 30s, 10m, 12h, 7d or 1w")
    return float(match[1]) * _UNITS[match[2]]


def ago(seconds: float) -> str:
    """How long ago, roughly: "now", "5 min", "3 h", "2 d"; what lies ahead is now."""
    for unit_s, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= unit_s:
            return f"{int(seconds // unit_s)} {unit}"
    return "now"
