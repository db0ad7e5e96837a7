"""When a bot's schedules are due: every so many seconds, or at a time of day. Pure: the moment is passed in.

A run that was missed, since the one before it took too long or the machine slept, is not made up for.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ..errors import BadSetting

__all__ = ["Daily", "Interval", "Schedule", "schedule_of"]

_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class Interval:
    """Every so many seconds, the first time after as many."""

    seconds: float

    def next_after(self, now: datetime, *, due: datetime | None = None) -> datetime:
        """The first multiple of the interval behind `due` that is not over; UTC."""
        if due is None:
            return now + timedelta(seconds=self.seconds)
        missed = max(0, math.floor((now - due).total_seconds() / self.seconds))
        return due + timedelta(seconds=self.seconds * (missed + 1))


@dataclass(frozen=True, slots=True)
class Daily:
    """At one time of day; where the clocks skip it, as much later."""

    at: time
    zone: tzinfo

    def next_after(self, now: datetime, *, due: datetime | None = None) -> datetime:  # noqa: ARG002 - as of an interval
        """UTC."""
        day = now.astimezone(self.zone).date()
        today = datetime.combine(day, self.at, self.zone).astimezone(UTC)
        return today if today > now else datetime.combine(day + timedelta(days=1), self.at, self.zone).astimezone(UTC)


Schedule = Interval | Daily


def schedule_of(at: str | None, *, seconds: float | None, zone: str) -> Schedule:
    """What the arguments of `Bot.every` say; raise BadSetting."""
    if (at is None) == (seconds is None):
        raise BadSetting('a schedule is @bot.every(seconds=60) or @bot.every("09:00"), one of both')
    if seconds is not None:
        return _interval(seconds)
    found = _TIME.fullmatch(str(at))
    if found is None:
        raise BadSetting(f'@bot.every({at!r}): a time of day is written "09:00", from "00:00" to "23:59"')
    return Daily(time(int(found[1]), int(found[2])), _zone(zone))


def _interval(seconds: float) -> Interval:
    if not 0 < seconds < math.inf:
        raise BadSetting(f"@bot.every(seconds={seconds!r}): write a number of seconds over 0")
    return Interval(seconds)


def _zone(name: str) -> tzinfo:
    try:
        return UTC if name == "UTC" else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadSetting(f'zone={name!r} is not known: write one such as "Europe/Berlin", or "UTC"') from error
