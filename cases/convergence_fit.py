"""Observed order, extrapolated value and error bar of a figure over a series of cell sizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq, minimize_scalar

FloatArray = npt.NDArray[np.float64]
Verdict = Literal["converging", "constant", "order outside", "range too small", "not monotone", "two only"]

SAFETY, DOUBTFUL_SAFETY = 1.25, 3.0  # Roache's factors
SEARCHED_ORDERS = (0.02, 30.0)
SAME = 1e-10  # relative difference of values that count as equal
SMALLEST_COUNT = 3
MEANING = {
    "converging": "monotone, order plausible",
    "constant": "does not depend on the size",
    "order outside": "observed order outside the plausible range, its limit used instead; error bar tripled",
    "range too small": "sizes too close: the extrapolation reaches further than the values differ; error bar tripled",
    "two only": "two element orders: the higher one with three times the difference",
    "not monotone": "not monotone: no extrapolation, the finest value with three times the range of the three finest",
}


@dataclass(frozen=True)
class Convergence:
    """What a series tells about the limit for size 0.

    ``value`` is the best estimate and ``error`` its error bar; ``order`` is the observed one, None without, and
    ``used_order`` and ``coefficient`` belong to the curve value + coefficient h^used_order.
    """

    value: float
    error: float
    finest: float
    order: float | None
    used_order: float
    coefficient: float
    safety: float
    verdict: Verdict


def fit_convergence(
    sizes: Sequence[float], values: Sequence[float], plausible: tuple[float, float] = (0.5, 2.1)
) -> Convergence:
    """Fit f(h) = f_0 + C h^p and return f_0 with an error bar.

    Three sizes determine the three unknowns, more are fitted by least squares; the ratios of the sizes are free.
    The error bar is F_s |f_0 - f_finest|, the grid convergence index in absolute form, plus the standard
    deviation of the fit. F_s is 1.25 where the order is plausible, else 3 (see ``MEANING``).

    Args:
        sizes: cell sizes h, all different, in any order and unit.
        values: the figure for each size.
        plausible: lowest and highest order that is believed; meshes of spheres have the order 2.

    Raises:
        ValueError: fewer than three sizes, or a size given twice.

    References:
        P. J. Roache, Annu. Rev. Fluid Mech. 29 (1997) 123; L. Eca and M. Hoekstra, J. Comput. Phys. 262 (2014) 104.
    """
    if len(set(sizes)) < max(SMALLEST_COUNT, len(sizes)) or len(sizes) != len(values):
        raise ValueError(f"{len(set(sizes))} different sizes and {len(values)} values; at least three of each")
    order = np.argsort(sizes)[::-1]
    h, f = np.asarray(sizes, dtype=np.float64)[order], np.asarray(values, dtype=np.float64)[order]
    steps = np.diff(f)
    noise = SAME * float(np.abs(f).max())
    if np.all(np.abs(steps) <= noise):
        return Convergence(float(f[-1]), float(np.ptp(f)), float(f[-1]), None, 1.0, 0.0, 1.0, "constant")
    if np.any(steps > noise) and np.any(steps < -noise):
        error = DOUBTFUL_SAFETY * float(np.ptp(f[-3:]))
        return Convergence(float(f[-1]), error, float(f[-1]), None, 1.0, 0.0, DOUBTFUL_SAFETY, "not monotone")
    return _extrapolated(h / h[0], f, h[0], plausible)


def _extrapolated(h: FloatArray, f: FloatArray, unit: float, plausible: tuple[float, float]) -> Convergence:
    """Return the result of a monotone series, coarsest first; sizes are in units of the coarsest."""
    observed = _three_size_order(h, f) if len(h) == SMALLEST_COUNT else _least_squares_order(h, f)
    used = min(max(observed, plausible[0]), plausible[1])
    verdict: Verdict = "converging" if used == observed else "order outside"
    spread = 0.0
    if used == observed:
        limit, coefficient, residual = _linear_fit(h, f, used)
        if len(h) > SMALLEST_COUNT:
            spread = float(np.sqrt(residual / (len(h) - SMALLEST_COUNT)))
    else:
        limit, coefficient, _ = _linear_fit(h[-2:], f[-2:], used)
    if used == observed and abs(limit - f[-1]) > abs(f[0] - f[-1]):
        verdict = "range too small"
    safety = SAFETY if verdict == "converging" else DOUBTFUL_SAFETY
    error = safety * abs(limit - float(f[-1])) + spread
    return Convergence(limit, error, float(f[-1]), observed, used, coefficient / unit**used, safety, verdict)


def _three_size_order(h: FloatArray, f: FloatArray) -> float:
    """Solve (h_1^p - h_2^p)/(h_2^p - h_3^p) = (f_1 - f_2)/(f_2 - f_3) for p; the limits stand for beyond."""
    low, high = SEARCHED_ORDERS
    first, second = f[0] - f[1], f[1] - f[2]

    def mismatch(p: float) -> float:
        a, b, c = h**p
        return float((a - b) * second - (b - c) * first)

    sign = np.sign(first) or np.sign(second)
    if sign * mismatch(high) <= 0.0:
        return high
    if sign * mismatch(low) >= 0.0:
        return low
    return float(brentq(mismatch, low, high, xtol=1e-12))


def _least_squares_order(h: FloatArray, f: FloatArray) -> float:
    """Return the order with the smallest sum of squares, f_0 and C being eliminated."""
    orders = np.geomspace(*SEARCHED_ORDERS, 80)
    best = int(np.argmin([_linear_fit(h, f, p)[2] for p in orders]))
    if best in (0, len(orders) - 1):
        return float(orders[best])
    found = minimize_scalar(
        lambda p: _linear_fit(h, f, p)[2],
        bounds=(orders[best - 1], orders[best + 1]),
        method="bounded",
        options={"xatol": 1e-9},
    )
    return float(found.x)


def _linear_fit(h: FloatArray, f: FloatArray, order: float) -> tuple[float, float, float]:
    """Return f_0, C and the sum of squares of the best f_0 + C h^order."""
    powers = h**order
    slope = float(np.dot(powers - powers.mean(), f - f.mean()) / np.square(powers - powers.mean()).sum())
    limit = float(f.mean() - slope * powers.mean())
    return limit, slope, float(np.square(f - limit - slope * powers).sum())
