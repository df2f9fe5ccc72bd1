"""Where a slowly settling quantity is heading: extrapolation of its tail to infinite time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import curve_fit

from .errors import InputError

FloatArray = npt.NDArray[np.float64]
Law = Callable[[FloatArray, float, float, float], FloatArray]

FEWEST_SAMPLES = 10  # of the whole series
TAIL = 0.6  # share of the samples, from the end, that is fitted
# The amplitudes of the fitted decays may grow this much beyond the spread of the data.
LARGEST_AMPLITUDE = 1e3
# In units of the tail's first time. Slower decays look like straight lines, whose limit is anywhere.
EXPONENTIAL_RATES = (0.5, 1e3)
POWERS = (0.5, 4.0)


@dataclass(frozen=True)
class Extrapolation:
    """Limit of a settling quantity."""

    value: float  # mean of the exponential and the power-law limit
    uncertainty: float  # half of their difference and both standard errors, added in squares
    exponential: float
    power_law: float

    def as_dict(self, name: str, unit: str = "") -> dict[str, float]:
        """Return the figures for the summary, each key starting with a name and ending with a unit."""
        end = f"_{unit}" if unit else ""
        return {
            f"{name}_converged{end}": self.value,
            f"{name}_converged_uncertainty{end}": self.uncertainty,
            f"{name}_limit_exponential{end}": self.exponential,
            f"{name}_limit_power_law{end}": self.power_law,
        }


def extrapolate(times: Sequence[float], values: Sequence[float]) -> Extrapolation:
    r"""Fit two laws to the tail of a series and return where they end.

    Exponential y = y_inf + a exp(-(t - t_0)/tau) and power law y = y_inf + a (t/t_0)^(-p), 0.5 <= p <= 4,
    from t_0 on. A quantity that creeps slower than any power above 1/2 has no useful limit; the spread of the two
    laws then shows it.

    Args:
        times: increasing and positive [s].
        values: shape as times.

    Raises:
        InputError: fewer than 10 samples.
    """
    if len(values) < FEWEST_SAMPLES or len(times) != len(values):
        raise InputError("extrapolation", f"{len(values)} samples", f"at least {FEWEST_SAMPLES}, one for each time")
    count = round(TAIL * len(values))
    t, y = np.asarray(times[-count:], dtype=np.float64), np.asarray(values[-count:], dtype=np.float64)
    scale = float(np.ptp(y))
    if scale == 0.0:
        return Extrapolation(float(y[-1]), 0.0, float(y[-1]), float(y[-1]))
    x, z = t / t[0], (y - y[-1]) / scale
    slow, slow_error = _limit(_exponential, x, z, EXPONENTIAL_RATES)
    power, power_error = _limit(_power_law, x, z, POWERS)
    spread = np.sqrt((0.5 * (slow - power)) ** 2 + slow_error**2 + power_error**2)
    limits = [float(y[-1] + scale * limit) for limit in (slow, power)]
    return Extrapolation(float(np.mean(limits)), float(scale * spread), *limits)


def _exponential(x: FloatArray, limit: float, amplitude: float, rate: float) -> FloatArray:
    return np.asarray(limit + amplitude * np.exp(-rate * (x - 1.0)))


def _power_law(x: FloatArray, limit: float, amplitude: float, power: float) -> FloatArray:
    return np.asarray(limit + amplitude * x**-power)


def _limit(law: Law, x: FloatArray, z: FloatArray, rates: tuple[float, float]) -> tuple[float, float]:
    """Return the fitted limit and its standard error; ``rates`` bounds the third parameter of the law."""
    start = (float(z[-1]), float(z[0] - z[-1]), 1.0)
    size = LARGEST_AMPLITUDE
    try:
        found, covariance = curve_fit(law, x, z, start, bounds=((-size, -size, rates[0]), (size, size, rates[1])))
    except RuntimeError:  # no such decay in the data: nothing better than the last value, to its whole spread
        return float(z[-1]), 1.0
    return float(found[0]), float(np.sqrt(max(covariance[0, 0], 0.0)))
