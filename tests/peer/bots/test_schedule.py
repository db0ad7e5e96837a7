"""When schedules are due: intervals keep their rhythm, times of day their zone."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from peer import BadSetting
from peer.bots.schedule import schedule_of

NOON = datetime(2030, 6, 1, 12, 0, tzinfo=UTC)


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def test_interval_keeps_its_rhythm_and_makes_up_for_nothing() -> None:
    """A run that took three and a half intervals is followed by the fourth."""
    schedule = schedule_of(None, seconds=10, zone="UTC")
    first = schedule.next_after(NOON)
    assert first == NOON + seconds(10)
    assert schedule.next_after(first + seconds(1), due=first) == NOON + seconds(20)
    assert schedule.next_after(first + seconds(35), due=first) == NOON + seconds(50)
    assert schedule.next_after(first - seconds(5), due=first) == NOON + seconds(20)


@pytest.mark.parametrize(
    ("at", "zone", "due"),
    [
        ("13:30", "UTC", "2030-06-01T13:30"),
        ("12:00", "UTC", "2030-06-02T12:00"),
        ("09:00", "UTC", "2030-06-02T09:00"),
        ("15:00", "Europe/Berlin", "2030-06-01T13:00"),
        ("23:00", "Asia/Tokyo", "2030-06-01T14:00"),
        ("20:00", "Asia/Tokyo", "2030-06-02T11:00"),
    ],
)
def test_time_of_day_comes_once_a_day_in_its_zone(at: str, zone: str, due: str) -> None:
    """Today where it is still to come."""
    assert schedule_of(at, seconds=None, zone=zone).next_after(NOON, due=NOON) == datetime.fromisoformat(due + "Z")


def test_time_that_the_clocks_skip_comes_as_much_later() -> None:
    """In Berlin there is no 02:30 on 31 March 2030."""
    schedule = schedule_of("02:30", seconds=None, zone="Europe/Berlin")
    assert schedule.next_after(datetime(2030, 3, 31, 0, 0, tzinfo=UTC)) == datetime(2030, 3, 31, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "every_s", "zone", "complaint"),
    [
        (None, None, "UTC", "one of both"),
        ("09:00", 5, "UTC", "one of both"),
        ("9:00", None, "UTC", 'a time of day is written "09:00"'),
        ("24:00", None, "UTC", 'a time of day is written "09:00"'),
        (None, 0, "UTC", "a number of seconds over 0"),
        (None, math.inf, "UTC", "a number of seconds over 0"),
        ("09:00", None, "Europe/Bonn", "zone='Europe/Bonn' is not known"),
        ("09:00", None, "../etc", "is not known"),
    ],
)
def test_bad_schedule_fails_at_import(at: Any, every_s: Any, zone: str, complaint: str) -> None:
    """With what to write."""
    with pytest.raises(BadSetting, match=complaint):
        schedule_of(at, seconds=every_s, zone=zone)
