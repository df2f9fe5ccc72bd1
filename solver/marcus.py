"""Electron transfer with a reorganisation energy: Marcus-Hush-Chidsey kinetics (Eq. D5)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.interpolate import CubicSpline
from scipy.special import expit

from .constants import FARADAY, GAS_CONSTANT

FloatArray = npt.NDArray[np.float64]

KNOTS = 801
WIDTHS = 10.0  # the Gaussian is left out beyond this many of its standard deviations


@dataclass(frozen=True)
class MarcusHushChidsey:
    """i = i_0 [k(h) - k(-h)]/k(0) with h = F eta/RT and L = lambda/RT.

    k(h) = integral of exp(-(x - L + h)^2/(4 L))/(1 + exp(x)) over all electronic states x, so that k(-h) =
    k(h) exp(-h). The slope at h = 0 is i_0 F/RT; small h against L give Butler-Volmer with alpha = 1/2, large
    ones a limiting current. ln k(h)/k(0) is computed once at knots and interpolated by a cubic spline.
    Sources: C. E. D. Chidsey, Science 251 (1991) 919; Y. Zeng, R. B. Smith, P. Bai, M. Z. Bazant,
    J. Electroanal. Chem. 735 (2014) 77.
    """

    reorganisation_energy: float  # lambda [J/mol]
    temperature: float = 298.15  # [K]

    def __call__(self, eta: FloatArray, exchange: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return i [A/m2], di/deta [S/m2] and di/di_0 [-]."""
        thermal = FARADAY / (GAS_CONSTANT * self.temperature)
        height = np.abs(thermal * eta)
        inside = np.minimum(height, self._logarithm.x[-1])
        forward, backward = np.exp(self._logarithm(inside)), np.exp(-height)
        growth = np.where(inside == height, self._logarithm(inside, 1), 0.0)
        shape = np.sign(eta) * forward * -np.expm1(-height)
        slope = forward * (growth * -np.expm1(-height) + backward)
        return exchange * shape, exchange * thermal * slope, shape

    @cached_property
    def _logarithm(self) -> CubicSpline:
        """Return ln k(h)/k(0) from h = 0 to where the current no longer rises."""
        width = self.reorganisation_energy / (GAS_CONSTANT * self.temperature)
        tail = WIDTHS * np.sqrt(2.0 * width)
        heights = np.linspace(0.0, width + tail + 40.0, KNOTS)
        # The trapezoidal rule converges exponentially: the poles of 1/(1 + exp(x)) are pi away from the axis.
        count = int((2.0 * width + 2.0 * tail) / min(0.4, 0.8 * np.sqrt(width))) + 1
        distance = np.linspace(-2.0 * width - tail, tail, count)
        weight = np.exp(-(distance**2) / (4.0 * width))
        rates = np.array([weight @ expit(-(width - height + distance)) for height in heights])
        return CubicSpline(heights, np.log(rates / rates[0]))
