"""Where the start-up of a sheared slurry ends, and whether what follows is steady."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .block_average import block_average

FloatArray = npt.NDArray[np.float64]

FEWEST_SAMPLES = 20
LARGEST_START_UP = 0.5  # share of the series that may be discarded
SIGNIFICANT = 3.0  # standard errors between the two halves that count as drift
NEGLIGIBLE_DRIFT = 0.03  # of the mean; a smaller one does not matter even where it is significant


@dataclass(frozen=True)
class SteadyState:
    """Average over the steady part of a series."""

    start: int  # number of samples discarded
    mean: float
    error: float  # standard error of the mean
    drift: float  # second half minus first half of the steady part, over the mean
    reached: bool  # whether the rest is steady and long enough for its error to be known


def steady_state(samples: npt.ArrayLike) -> SteadyState:
    r"""Discard the start-up and judge the rest.

    The start-up ends where the marginal standard error rule puts it (MSER, White, Simulation 69 (1997)
    323): at the d that minimises sum_{i>=d} (x_i - mean_d)^2 / (n - d)^2, searched in the first half. The
    rest is steady when the means of its two halves differ by less than three standard errors or 3 % of
    the mean, when the rule did not want to discard still more than half, and when the error is known: the
    blocks are long enough, or twice the largest error of any blocks is below 3 % of the mean.

    Args:
        samples: equally spaced in strain, shape (n,).
    """
    series = np.asarray(samples, dtype=np.float64)
    if len(series) < FEWEST_SAMPLES:
        average = block_average(series) if len(series) > 1 else None
        error = np.inf if average is None else average.error
        return SteadyState(0, float(series.mean()) if len(series) else np.nan, float(error), np.inf, False)
    start = start_up(series)
    rest = series[start:]
    average = block_average(rest)
    half = len(rest) // 2
    first, second = block_average(rest[:half]), block_average(rest[-half:])
    difference = second.mean - first.mean
    allowed = max(SIGNIFICANT * float(np.hypot(first.error, second.error)), NEGLIGIBLE_DRIFT * abs(average.mean))
    known = average.reliable or 2.0 * average.error <= NEGLIGIBLE_DRIFT * abs(average.mean)
    at_limit = start >= int(LARGEST_START_UP * len(series))
    steady = abs(difference) <= allowed and known and not at_limit
    drift = difference / max(abs(average.mean), np.finfo(float).tiny)
    return SteadyState(start, average.mean, average.error, float(drift), bool(steady))


def start_up(series: FloatArray) -> int:
    """Return how many samples the marginal standard error rule discards, at most half."""
    last = int(LARGEST_START_UP * len(series))
    score = [float(((series[d:] - series[d:].mean()) ** 2).sum()) / (len(series) - d) ** 2 for d in range(last + 1)]
    return int(np.argmin(score))
