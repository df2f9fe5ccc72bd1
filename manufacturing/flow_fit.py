"""Laws of flow fitted to a measured curve: Herschel-Bulkley and power law."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import least_squares

from .errors import InputError

FloatArray = npt.NDArray[np.float64]

SMALLEST_RELATIVE_ERROR = 0.005  # keeps one lucky point from deciding the fit


@dataclass(frozen=True)
class FlowFit:
    """Parameters of a law with their standard errors."""

    law: str  # `herschel_bulkley` or `power_law`
    yield_stress: float  # tau_y [Pa]; 0 for the power law
    consistency: float  # K [Pa s^n]
    exponent: float  # n [-]
    errors: tuple[float, ...]  # of (tau_y,) K, n
    chi_square: float  # sum of squared residuals over (points - parameters); 1 is a good fit

    def stress(self, rate: npt.ArrayLike) -> FloatArray:
        """Return tau = tau_y + K rate^n [Pa] for rates [1/s]."""
        return np.asarray(self.yield_stress + self.consistency * np.asarray(rate, dtype=np.float64) ** self.exponent)

    def viscosity(self, rate: npt.ArrayLike) -> FloatArray:
        """Return tau / rate [Pa s] for rates [1/s]."""
        return np.asarray(self.stress(rate) / np.asarray(rate, dtype=np.float64))

    def as_dict(self) -> dict[str, Any]:
        """Return the fit as a plain dictionary for JSON files, the unit in each name."""
        names = ("yield_stress_Pa", "consistency_Pa_s_n", "exponent")
        values = (self.yield_stress, self.consistency, self.exponent)
        result: dict[str, Any] = {"law": self.law, **dict(zip(names, values, strict=True))}
        result |= {f"{n}_error": e for n, e in zip(names[-len(self.errors) :], self.errors, strict=True)}
        return result | {"chi_square": self.chi_square}


def fit_herschel_bulkley(rates: npt.ArrayLike, stresses: npt.ArrayLike, errors: npt.ArrayLike) -> FlowFit:
    """Fit tau = tau_y + K rate^n, tau_y >= 0, weighted by the error bars.

    Args:
        rates: shape (points,) [1/s].
        stresses: shape (points,) [Pa].
        errors: standard errors of the stresses, shape (points,) [Pa].

    Raises:
        InputError: fewer than four points, or values that are not positive.
    """
    rate, stress, sigma = _checked(rates, stresses, errors, 4)
    lowest, highest = int(np.argmin(rate)), int(np.argmax(rate))
    guess = 0.8 * stress[lowest]
    exponent = 0.7
    slope = max(stress[highest] - guess, 0.2 * stress[highest]) / rate[highest] ** exponent
    law = _law_with_yield
    start = np.array([np.sqrt(guess), np.log(slope), exponent])
    values, covariance, chi = _fit(law, start, rate, stress, sigma)
    root, consistency = values[0], float(np.exp(values[1]))
    spread = np.sqrt(np.diag(covariance))
    spreads = (2.0 * abs(root) * spread[0], consistency * spread[1], spread[2])
    return FlowFit(
        "herschel_bulkley", float(root**2), consistency, float(values[2]), tuple(float(s) for s in spreads), chi
    )


def fit_power_law(rates: npt.ArrayLike, stresses: npt.ArrayLike, errors: npt.ArrayLike) -> FlowFit:
    """Fit eta = K rate^(n - 1), that is tau = K rate^n, weighted by the error bars; arguments as above.

    Raises:
        InputError: fewer than three points, or values that are not positive.
    """
    rate, stress, sigma = _checked(rates, stresses, errors, 3)
    exponent, offset = np.polyfit(np.log(rate), np.log(stress), 1)
    values, covariance, chi = _fit(_law_without_yield, np.array([offset, exponent]), rate, stress, sigma)
    consistency = float(np.exp(values[0]))
    spread = np.sqrt(np.diag(covariance))
    return FlowFit(
        "power_law", 0.0, consistency, float(values[1]), (consistency * float(spread[0]), float(spread[1])), chi
    )


def _law_with_yield(values: FloatArray, rate: FloatArray) -> FloatArray:
    # The root of the yield stress is fitted: it may not become negative.
    return np.asarray(values[0] ** 2 + np.exp(values[1]) * rate ** values[2])


def _law_without_yield(values: FloatArray, rate: FloatArray) -> FloatArray:
    return np.asarray(np.exp(values[0]) * rate ** values[1])


def _fit(
    law: Callable[[FloatArray, FloatArray], FloatArray],
    start: FloatArray,
    rate: FloatArray,
    stress: FloatArray,
    sigma: FloatArray,
) -> tuple[FloatArray, FloatArray, float]:
    """Return parameters, covariance and reduced chi square; a poor fit widens the covariance."""
    result = least_squares(lambda values: (law(values, rate) - stress) / sigma, start, method="lm", xtol=1e-12)
    free = max(len(rate) - len(start), 1)
    chi = float(2.0 * result.cost / free)
    covariance = np.linalg.pinv(result.jac.T @ result.jac) * max(chi, 1.0)
    return np.asarray(result.x), covariance, chi


def _checked(
    rates: npt.ArrayLike, stresses: npt.ArrayLike, errors: npt.ArrayLike, fewest: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    rate, stress, sigma = (np.asarray(a, dtype=np.float64) for a in (rates, stresses, errors))
    if len(rate) < fewest or not len(rate) == len(stress) == len(sigma):
        raise InputError("flow curve", f"{len(rate)} rates, {len(stress)} stresses", f"at least {fewest} of each")
    for name, values in (("rates", rate), ("stresses", stress)):
        if not np.all(np.isfinite(values) & (values > 0.0)):
            raise InputError(f"flow curve {name}", values.tolist(), "positive numbers")
    return rate, stress, np.maximum(np.nan_to_num(sigma, nan=0.0), SMALLEST_RELATIVE_ERROR * stress)
