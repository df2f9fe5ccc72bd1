"""Is a trend over seeds more than chance: regression, Welch's test, Holm's correction for many tests."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

SMALLEST_COUNT = 3  # of points of a regression


@dataclass(frozen=True)
class Estimate:
    """A slope or a difference with the half width of its confidence interval and the p-value of being zero."""

    value: float
    half_width: float
    p_value: float
    count: int


def slope(x: Sequence[float], y: Sequence[float], confidence: float = 0.95) -> Estimate | None:
    """Return the slope of the straight line through all points by least squares; None where they tell nothing.

    b = sum (x - mean x)(y - mean y)/sum (x - mean x)^2, tested with Student's t of n - 2 degrees of freedom.

    Args:
        x: positions, each value of a seed has its own entry.
        y: independent values, normally distributed around the line with one deviation.
        confidence: level of the interval (0-1).
    """
    if len(y) < SMALLEST_COUNT or len(set(x)) < 2 or np.ptp(y) == 0.0:
        return None
    found = stats.linregress(x, y)
    half = float(stats.t.ppf(0.5 * (1.0 + confidence), len(y) - 2) * found.stderr)
    return Estimate(float(found.slope), half, float(found.pvalue), len(y))


def difference(first: Sequence[float], second: Sequence[float], confidence: float = 0.95) -> Estimate | None:
    """Return mean(first) - mean(second) by Welch's test, which allows each its own deviation; None with single values.

    Args:
        first: independent values.
        second: independent values, of any number.
        confidence: level of the interval (0-1).
    """
    if min(len(first), len(second)) < 2 or np.ptp(first) == np.ptp(second) == 0.0:
        return None
    found = stats.ttest_ind(first, second, equal_var=False)
    interval = found.confidence_interval(confidence)
    value = float(np.mean(first) - np.mean(second))
    return Estimate(value, 0.5 * float(interval.high - interval.low), float(found.pvalue), len(first) + len(second))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values that hold for all tests together, in the order given.

    The k-th smallest of m is multiplied by m - k + 1, never below the one before and at most 1.

    References:
        S. Holm, Scand. J. Statist. 6 (1979) 65.
    """
    corrected, least = [math.nan] * len(p_values), 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda k: p_values[k])):
        least = max(least, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = least
    return corrected
