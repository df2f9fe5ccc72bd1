"""Mean, standard deviation and confidence interval of a figure over seeds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True)
class SeedStatistics:
    """Figures over ``count`` independent values; None where there are too few values."""

    count: int
    mean: float
    standard_deviation: float | None  # of one value, with n - 1
    half_width: float | None  # of the confidence interval of the mean

    @property
    def interval(self) -> tuple[float, float] | None:
        """Lower and upper end of the confidence interval of the mean."""
        return None if self.half_width is None else (self.mean - self.half_width, self.mean + self.half_width)


def seed_statistics(values: Sequence[float], confidence: float = 0.95) -> SeedStatistics:
    """Return the statistics of independent, normally distributed values.

    The interval of the mean is x +- t s/sqrt(n), with Student's t of n - 1 degrees of freedom.

    Args:
        values: at least one.
        confidence: level of the interval (0-1).

    Raises:
        ValueError: no value.
    """
    count = len(values)
    if count == 0:
        raise ValueError("no values")
    mean = float(np.mean(values))
    if count == 1:
        return SeedStatistics(1, mean, None, None)
    deviation = float(np.std(values, ddof=1))
    quantile = float(stats.t.ppf(0.5 * (1.0 + confidence), count - 1))
    return SeedStatistics(count, mean, deviation, quantile * deviation / math.sqrt(count))
