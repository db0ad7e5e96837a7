"""Query parameters: what each means and may be, once, for the handler that reads it and for the document that tells.

A bound that the operator sets is a function of the settings. Numbers are written as in JSON: other spellings that
Python reads (`1_0`, ` 5 `, other scripts' digits) are refused, so that the document's word is the whole truth.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..config import Config
from ..errors import InvalidQuery

__all__ = ["CURSOR", "LIMIT", "WAIT", "Number", "Parameter", "Text"]

NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
MAX_DIGITS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A word of the query."""

    name: str
    meaning: str
    pattern: str
    """Without anchors: it is of the whole word."""
    wanted: str
    """What a client hears that sends another one."""

    def read(self, query: Mapping[str, str]) -> str | None:
        """The word; raise InvalidQuery for one that is none of ours, an empty one included."""
        text = query.get(self.name)
        if text is not None and not re.fullmatch(self.pattern, text):
            raise InvalidQuery(self.name, self.wanted)
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number of the query, within bounds that are both allowed."""

    name: str
    meaning: str
    lowest: float
    highest: Callable[[Config], float]
    default: float
    is_whole: bool = False

    def read(self, query: Mapping[str, str], config: Config) -> float:
        """Its value, or the default where it is missing; raise InvalidQuery with the bounds."""
        text, highest = query.get(self.name), self.highest(config)
        if text is None:
            return self.default
        number = _number(text)
        if number is None or not self.lowest <= number <= highest or (self.is_whole and number % 1):
            what = "a whole number" if self.is_whole else "a number"
            raise InvalidQuery(self.name, f"{what} from {self.lowest:g} to {highest:g}")
        return number


Parameter = Number | Text


def _number(text: str) -> float | None:
    return float(text) if len(text) <= MAX_DIGITS and NUMBER.fullmatch(text) else None


WAIT = Number(
    name="wait",
    meaning="Seconds to wait for an envelope where none is there.",
    lowest=0,
    highest=lambda config: config.poll_max_s,
    default=0,
)
LIMIT = Number(
    name="limit", meaning="How many rooms a page holds.", lowest=1, highest=lambda _: 100, default=50, is_whole=True
)
CURSOR = Text(
    name="cursor",
    meaning="Where the page before ended: its `cursor`.",
    pattern="[A-Za-z0-9_-]{1,200}",
    wanted="not a cursor that this server gave",
)
