"""What `doctor` found out: one line each. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Finding", "bad", "doubtful", "good"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    mark: Literal["good", "doubtful", "bad"]
    subject: str
    text: str
    advice: str = ""
    """What to do; empty where nothing is."""


def good(subject: str, text: str) -> Finding:
    return Finding("good", subject, text)


def doubtful(subject: str, text: str, advice: str) -> Finding:
    return Finding("doubtful", subject, text, advice)


def bad(subject: str, text: str, advice: str) -> Finding:
    return Finding("bad", subject, text, advice)
