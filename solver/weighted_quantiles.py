"""Quantiles of values that count with weights, such as areas or volumes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def weighted_quantiles(values: FloatArray, weights: FloatArray, levels: npt.ArrayLike) -> FloatArray:
    """Return the values below which given shares of the weight lie, each value at the middle of its own weight.

    Args:
        values: (n,).
        weights: (n,), positive.
        levels: (k,) shares between 0, which gives the smallest value, and 1, which gives the largest.
    """
    order = np.argsort(values)
    below = (np.cumsum(weights[order]) - 0.5 * weights[order]) / weights.sum()
    return np.interp(np.asarray(levels, dtype=np.float64), below, values[order])
