"""Tests of trends against closed forms of Student's t and against Holm's own procedure.

Seen to fail with: n - 1 instead of n - 2 degrees of freedom, pooled deviations instead of Welch's, Bonferroni's factor
for every test, corrected values that are not monotone, p-values returned in sorted order.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad

from cases.trend_statistics import difference, holm, slope


def two_sided(t: float, freedom: float) -> float:
    """p-value by integrating the density of Student's t."""
    constant = math.gamma(0.5 * (freedom + 1.0)) / math.sqrt(freedom * math.pi) / math.gamma(0.5 * freedom)
    inside = quad(lambda u: constant * (1.0 + u * u / freedom) ** (-0.5 * (freedom + 1.0)), 0.0, abs(t))[0]
    return 1.0 - 2.0 * inside


def test_slope_of_four_points() -> None:
    """Residuals +-1 twice: s^2 = 4/2, standard error sqrt(2/1), two degrees of freedom."""
    found = slope([0.0, 0.0, 1.0, 1.0], [0.0, 2.0, 3.0, 5.0])
    assert found is not None
    t = 3.0 / math.sqrt(2.0)
    assert (found.value, found.count) == (pytest.approx(3.0), 4)
    assert found.p_value == pytest.approx(1.0 - t / math.sqrt(t * t + 2.0), rel=1e-9)
    assert found.half_width == pytest.approx(4.302652730 * math.sqrt(2.0), rel=1e-8)


def test_difference_allows_each_its_own_deviation() -> None:
    found = difference([0.0, 2.0], [10.0, 14.0, 12.0, 12.0])
    assert found is not None
    squares = (2.0 / 2.0, (8.0 / 3.0) / 4.0)  # variances of the means
    freedom = sum(squares) ** 2 / (squares[0] ** 2 / 1.0 + squares[1] ** 2 / 3.0)
    assert found.value == pytest.approx(-11.0)
    assert found.p_value == pytest.approx(two_sided(11.0 / math.sqrt(sum(squares)), freedom), rel=1e-6)


def test_nothing_is_said_about_too_few_or_equal_values() -> None:
    assert slope([0.0, 1.0], [1.0, 2.0]) is None
    assert slope([1.0, 1.0, 1.0], [1.0, 2.0, 3.0]) is None
    assert slope([0.0, 1.0, 2.0], [1.0, 1.0, 1.0]) is None
    assert difference([1.0], [1.0, 2.0]) is None
    assert difference([1.0, 1.0], [1.0, 1.0]) is None


def test_holm_steps_down() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.5]) == pytest.approx([1.0, 1.0])
    assert holm([]) == []


def test_chance_is_called_significant_as_often_as_the_level_says() -> None:
    """Five seeds at three positions without a trend: 5 % of the slopes are significant."""
    random, x = np.random.default_rng(3), np.repeat([48.0, 50.0, 52.0], 5)
    found = [slope(x.tolist(), random.normal(1.0, 0.3, 15).tolist()) for _ in range(600)]
    assert np.mean([f.p_value < 0.05 for f in found if f is not None]) == pytest.approx(0.05, abs=0.025)
