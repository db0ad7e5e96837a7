"""Lengths of time, typed and read."""

import pytest

from peer.cli.durations import ago, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"), [("30", 30), ("90s", 90), ("1.5m", 90), ("12h", 43_200), ("7d", 604_800), ("1w", 604_800)]
)
def test_time_is_typed_with_its_unit(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "0.0s", "-1", "1y", "five", "1e9", "1 h", "٣", "9" * 99])
def test_what_is_no_time_says_how_it_is_written(text: str) -> None:
    with pytest.raises(ValueError, match="write 30s, 10m, 12h, 7d or 1w"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"), [(-5, "now"), (0, "now"), (59, "now"), (60, "1 min"), (7200, "2 h"), (90_000, "1 d")]
)
def test_past_is_told_roughly(seconds: float, text: str) -> None:
    assert ago(seconds) == text
