"""Mean of a correlated series with an honest error: blocking."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

FEWEST_BLOCKS = 4


@dataclass(frozen=True)
class BlockAverage:
    """Mean of a series and the standard error of this mean."""

    mean: float
    error: float
    blocks: int  # number of blocks that the error comes from
    reliable: bool  # False: the series is too short to see its own correlation; the error is a lower bound


def block_average(samples: npt.ArrayLike) -> BlockAverage:
    r"""Return the mean and its standard error from blocks long enough to be independent.

    Neighbouring samples are averaged in pairs again and again (Flyvbjerg and Petersen, J. Chem. Phys. 91
    (1989) 461); with the error e_b from blocks of b samples, the first b with

        b^3 > 2 n (e_b / e_1)^4

    is taken (Lee et al., Phys. Rev. E 83 (2011) 066706). When none fulfils it while at least four blocks
    are left, the largest error seen is returned and marked as not reliable.

    Args:
        samples: equally spaced in time or strain, shape (n,), n >= 2.

    Raises:
        ValueError: fewer than two samples.
    """
    series = np.asarray(samples, dtype=np.float64)
    if series.ndim != 1 or len(series) < 2:
        raise ValueError(f"a block average needs at least two samples in a row, found shape {series.shape}")
    mean, total = float(series.mean()), len(series)
    first = _standard_error(series)
    errors, size = [(first, total)], 1
    while len(series) // 2 >= FEWEST_BLOCKS:
        if first == 0.0 or size**3 > 2.0 * total * (errors[-1][0] / first) ** 4:
            return BlockAverage(mean, *errors[-1], reliable=True)
        series = _in_pairs(series)
        size *= 2
        errors.append((_standard_error(series), len(series)))
    reliable = first == 0.0 or size**3 > 2.0 * total * (errors[-1][0] / first) ** 4
    error, blocks = errors[-1] if reliable else max(errors)
    return BlockAverage(mean, error, blocks, reliable)


def _standard_error(series: FloatArray) -> float:
    return float(series.std(ddof=1) / np.sqrt(len(series)))


def _in_pairs(series: FloatArray) -> FloatArray:
    # An odd series loses its oldest sample, which is the nearest to the start-up.
    return np.asarray(series[len(series) % 2 :].reshape(-1, 2).mean(axis=1))
