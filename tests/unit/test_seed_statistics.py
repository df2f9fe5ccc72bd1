"""Mean, standard deviation and Student's interval against closed forms and scipy's own interval.

Seen to fail with: the standard deviation with n, n degrees of freedom, the normal distribution, a one-sided quantile.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from cases.seed_statistics import seed_statistics


def test_two_values_with_the_quantile_of_cauchy() -> None:
    """One degree of freedom: t = tan(pi (level/2)); s = |a - b|/sqrt(2)."""
    found = seed_statistics([1.0, 3.0], 0.9)
    assert (found.count, found.mean, found.standard_deviation) == (2, 2.0, pytest.approx(math.sqrt(2.0)))
    assert found.half_width == pytest.approx(math.tan(0.45 * math.pi))


@pytest.mark.parametrize("level", [0.5, 0.95, 0.99])
def test_interval_is_that_of_scipy(level: float) -> None:
    values = np.random.default_rng(1).normal(3.0, 0.4, 6)
    expected = stats.t.interval(level, 5, loc=values.mean(), scale=stats.sem(values))
    assert seed_statistics(list(values), level).interval == pytest.approx(expected)


def test_interval_covers_the_mean_as_often_as_it_says() -> None:
    random = np.random.default_rng(2)
    covered = 0
    for _ in range(2000):
        interval = seed_statistics(list(random.standard_normal(4)), 0.8).interval
        assert interval is not None
        covered += interval[0] <= 0.0 <= interval[1]
    assert covered / 2000 == pytest.approx(0.8, abs=0.03)


def test_one_value_has_no_interval() -> None:
    found = seed_statistics([2.5])
    assert (found.mean, found.standard_deviation, found.half_width, found.interval) == (2.5, None, None, None)
    with pytest.raises(ValueError, match="no values"):
        seed_statistics([])
