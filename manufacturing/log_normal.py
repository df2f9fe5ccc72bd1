"""Log-normal size distributions: exact moments, and classes that conserve number, mean and volume."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from .errors import InputError
from .size_distribution import Basis, SizeDistribution, check_basis

FloatArray = npt.NDArray[np.float64]

WIDEST = 4.0  # geometric deviation; wider than any powder that a few classes can represent
LARGEST_SPREAD = 64.0  # bound of the search for the correction of the classes' spread


@dataclass(frozen=True)
class LogNormal:
    r"""Log-normal distribution of diameters, cut at both ends.

    By number, ln d is normal with mean ln d_n and standard deviation s = ln(geometric_deviation); by volume it is
    normal with mean ln d_v = ln d_n + 3 s^2 and the same s (Hatch and Choate). The range kept is
    median * geometric_deviation^(-t) to median * geometric_deviation^t, symmetric about the given median, so cutting
    does not move it.

    Args:
        median: D50 by ``basis`` [m].
        geometric_deviation: above 1, at most 4; powders have 1.1-2.
        basis: what the median halves: the number or the volume.
        truncation: t, geometric deviations kept on each side of the median.
        field: name of the input in error messages, e.g. `recipe.AM.sizes`.
    """

    median: float
    geometric_deviation: float
    basis: Basis = "volume"
    truncation: float = 2.0
    field: str = "sizes"

    def __post_init__(self) -> None:
        check_basis(self.basis, self.field)
        for name, value, least, most in (
            ("median", self.median, 0.0, math.inf),
            ("geometric_deviation", self.geometric_deviation, 1.0, WIDEST),
            ("truncation", self.truncation, 0.0, math.inf),
        ):
            if not (math.isfinite(value) and least < value <= most):
                limit = "" if math.isinf(most) else f", at most {most:g}"
                raise InputError(f"{self.field}.{name}", value, f"a number above {least:g}{limit}")

    @property
    def deviation(self) -> float:
        """Standard deviation s of ln d."""
        return math.log(self.geometric_deviation)

    @property
    def number_median(self) -> float:
        """Median by number before cutting, d_n = d_v exp(-3 s^2) [m]."""
        return self.median * (math.exp(-3.0 * self.deviation**2) if self.basis == "volume" else 1.0)

    @property
    def limits(self) -> tuple[float, float]:
        """Smallest and largest diameter kept [m]."""
        factor = self.geometric_deviation**self.truncation
        return self.median / factor, self.median * factor

    def partial_moment(self, order: float, lower: npt.ArrayLike, upper: npt.ArrayLike) -> FloatArray:
        r"""Return \int_lower^upper d^p dN of the uncut distribution by number [m^p].

        d_n^p exp(p^2 s^2 / 2) [\Phi(u/s - p s) - \Phi(l/s - p s)] with u, l = ln(upper, lower / d_n).
        """
        scale = self.number_median**order * math.exp(0.5 * (order * self.deviation) ** 2)
        high, low = (self._reduced(edge) - order * self.deviation for edge in (upper, lower))
        upper_tail = low > 0.0  # there, ndtr is near 1 and the difference would lose its digits
        return np.asarray(scale * np.where(upper_tail, ndtr(-low) - ndtr(-high), ndtr(high) - ndtr(low)))

    def moment(self, order: float) -> float:
        r"""Return the moment by number of the cut distribution, M_p = \int d^p dN / \int dN [m^p]."""
        return float(self.partial_moment(order, *self.limits) / self.partial_moment(0, *self.limits))

    def classes(self, count: int) -> SizeDistribution:
        r"""Return ``count`` classes that conserve number, total volume and number mean of the cut distribution.

        The range is divided into intervals of equal volume. The share of each interval's number is exact, and its
        diameter is that of the mean volume, which conserves the volume but raises the mean. The diameters are then
        spread to a d^b, with a and b such that both \sum f d^3 = M_3 and \sum f d = M_1 hold. One class conserves
        the volume only. For geometric deviations above 2 the largest diameter may lie up to a fifth beyond the range.

        Raises:
            InputError: the count is not positive.
        """
        if count < 1:
            raise InputError(f"{self.field}.classes", count, "at least 1")
        edges = self._edges_of_equal_volume(count)
        number = self.partial_moment(0, edges[:-1], edges[1:])
        cubes = self.partial_moment(3, edges[:-1], edges[1:]) / number
        fractions = number / number.sum()
        diameters = np.cbrt(cubes)
        if count > 1:
            diameters = self._spread(diameters, fractions)
        source = (
            f"log-normal, median {self.median * 1e6:g} um by {self.basis}, geometric deviation "
            f"{self.geometric_deviation:g}, cut at {self.truncation:g} deviations, {count} classes"
        )
        return SizeDistribution(tuple(map(float, diameters)), tuple(map(float, fractions)), source)

    def _reduced(self, diameter: npt.ArrayLike) -> FloatArray:
        return np.asarray(np.log(np.asarray(diameter, dtype=np.float64) / self.number_median) / self.deviation)

    def _edges_of_equal_volume(self, count: int) -> FloatArray:
        """Return the interval borders, shape (count + 1,) [m]."""
        first, last = (float(ndtr(self._reduced(edge) - 3.0 * self.deviation)) for edge in self.limits)
        shares = np.linspace(first, last, count + 1)
        inner = self.number_median * np.exp(self.deviation * (ndtri(shares[1:-1]) + 3.0 * self.deviation))
        return np.concatenate(([self.limits[0]], inner, [self.limits[1]]))

    def _spread(self, diameters: FloatArray, fractions: FloatArray) -> FloatArray:
        """Return a d^b of the same number fractions with the volume and the mean of the cut distribution."""
        relative = np.log(diameters / self.median)
        volume_diameter = self.moment(3) ** (1.0 / 3.0)

        def stretched(power: float) -> FloatArray:
            exponent = power * (relative - relative.max())  # at most 0: no overflow
            shape = np.exp(exponent)
            return np.asarray(shape * volume_diameter / np.cbrt((fractions * shape**3).sum()))

        def excess(power: float) -> float:
            return float((fractions * stretched(power)).sum() / self.moment(1) - 1.0)

        power = brentq(excess, 1.0, LARGEST_SPREAD, xtol=1e-15, rtol=1e-14)
        return stretched(float(power))
