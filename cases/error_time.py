"""Errors against times: what two families say about the exact value, and who is ahead at an error level."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LEVEL = 0.05  # larger relative errors decide nothing


@dataclass(frozen=True)
class Estimate:
    """A value with its error bar."""

    value: float
    error: float

    def agrees_with(self, other: Estimate) -> float:
        """Return the difference over the sum of both error bars; at most 1 where they agree."""
        return abs(self.value - other.value) / max(self.error + other.error, 1e-300)


@dataclass(frozen=True)
class Cost:
    """Relative error of one point of a curve and its time [s]."""

    error: float
    seconds: float


def combined(first: Estimate, second: Estimate) -> Estimate:
    """Return the mean of two estimates with the weights 1/error^2.

    Its bar is that of the weights, scaled up by |a - b|/sqrt(e_a^2 + e_b^2) where they disagree by more than one.
    """
    weights = np.array([first.error, second.error], dtype=np.float64) ** -2.0
    value = float(np.dot(weights, [first.value, second.value]) / weights.sum())
    scale = max(1.0, abs(first.value - second.value) / math.hypot(first.error, second.error))
    return Estimate(value, scale * float(weights.sum() ** -0.5))


def cost(value: float, reference: Estimate, seconds: float) -> Cost:
    """Return a point of a curve; no error can be told apart from one below the reference's own bar."""
    error = max(abs(value - reference.value), reference.error) / abs(reference.value)
    return Cost(error, seconds)


def lead(ours: Sequence[Cost], theirs: Sequence[Cost], level: float = LEVEL) -> float:
    """Return the smallest ratio of their time to ours at the errors that they reach below a level.

    Ours at an error is the quickest of our points that are at least as accurate; 0 where no such point exists,
    nan where they reach no error below the level.
    """
    ratios = []
    for point in (point for point in theirs if point.error < level):
        quick = [own.seconds for own in ours if own.error <= point.error * (1.0 + 1e-12)]
        ratios.append(point.seconds / min(quick) if quick else 0.0)
    return min(ratios, default=math.nan)


def crossover(unknowns: Sequence[float], ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Return the size from which on we are quicker, between sizes by powers of the size.

    The smallest size where we always are, nan where we are not at the largest.
    """
    order = np.argsort(unknowns)
    size = np.log(np.asarray(unknowns, dtype=np.float64)[order])
    advantage = np.log(np.asarray(theirs, dtype=np.float64) / np.asarray(ours, dtype=np.float64))[order]
    behind = np.flatnonzero(advantage < 0.0)
    if len(behind) == 0:
        return float(np.exp(size[0]))
    last = int(behind[-1])
    if last == len(size) - 1:
        return math.nan
    share = advantage[last] / (advantage[last] - advantage[last + 1])
    return float(np.exp(size[last] + share * (size[last + 1] - size[last])))
