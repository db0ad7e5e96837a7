"""The line through samples of memory."""

import pytest

from .slope import least_squares, warmed_up


def test_slope_of_a_line_is_its_own() -> None:
    assert least_squares([(x, 3 * x + 5) for x in range(10)]) == pytest.approx(3)


def test_noise_does_not_tilt_it() -> None:
    assert least_squares([(x, 100 + (-1) ** x) for x in range(101)]) == pytest.approx(0, abs=0.01)


def test_one_moment_has_no_slope() -> None:
    assert least_squares([(1, 2), (1, 4)]) == 0


def test_warming_up_does_not_count() -> None:
    samples = [(float(x), float(x)) for x in range(100, 120)]
    assert warmed_up(samples, warm_up_s=10) == samples[10:]


def test_too_few_samples_tell_nothing() -> None:
    assert warmed_up([(0.0, 1.0), (1.0, 2.0), (2.0, 3.0)], warm_up_s=0) == ()
