"""Curves: material properties as functions of one variable, with the exact slope of the same function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
from scipy.interpolate import PchipInterpolator

from manufacturing.errors import InputError

FloatArray = npt.NDArray[np.float64]
FULL_RANGE = (0.0, 1.0)
# Small enough that the step leaves no truncation error, far above the underflow of a double.
_COMPLEX_STEP = 1e-30


@runtime_checkable
class Curve(Protocol):
    """A property y(x) of the stoichiometry x = c/c_max (small x = charged).

    Outside ``range`` a curve continues along the tangent at its end, only so that an iterate of a
    nonlinear solver stays finite; an accepted state outside is an error (see ``check_range``).
    """

    @property
    def range(self) -> tuple[float, float]:
        """Return the smallest and largest x for which the curve holds [-]."""
        ...

    @property
    def unit(self) -> str:
        """Return the unit of y."""
        ...

    @property
    def source(self) -> str:
        """Return where the curve comes from."""
        ...

    @property
    def valid(self) -> str:
        """Return the conditions under which the curve holds."""
        ...

    def value(self, x: npt.ArrayLike) -> FloatArray:
        """Return y(x), same shape as x."""
        ...

    def slope(self, x: npt.ArrayLike) -> FloatArray:
        """Return dy/dx, same shape as x."""
        ...

    def describe(self) -> dict[str, Any]:
        """Return everything needed to reproduce the curve, ready for JSON."""
        ...


@dataclass(frozen=True)
class ConstantCurve:
    """The same value everywhere: y(x) = constant."""

    constant: float
    unit: str
    source: str
    valid: str = "any composition"
    range: tuple[float, float] = FULL_RANGE

    def value(self, x: npt.ArrayLike) -> FloatArray:
        """Return the constant, same shape as x."""
        return np.full_like(np.asarray(x, dtype=np.float64), self.constant)

    def slope(self, x: npt.ArrayLike) -> FloatArray:
        """Return zero, same shape as x."""
        return np.zeros_like(np.asarray(x, dtype=np.float64))

    def describe(self) -> dict[str, Any]:
        """Return the constant with its unit and source."""
        return {"kind": "constant", "value": self.constant, **_provenance(self)}


@dataclass(frozen=True)
class TableCurve:
    """Monotone cubic interpolation (PCHIP) of a table.

    The interpolant is C1, passes through every point and is monotone between neighbours, so that a
    strictly decreasing table gives a strictly decreasing curve. Reference: F. N. Fritsch and
    J. Butland, SIAM J. Sci. Stat. Comput. 5 (1984) 300.

    Args:
        x: strictly increasing abscissae [-].
        y: ordinates [unit].

    Raises:
        InputError: the table is too short, uneven, not finite or not increasing in x.
    """

    x: tuple[float, ...]
    y: tuple[float, ...]
    unit: str
    source: str
    valid: str

    def __post_init__(self) -> None:
        if len(self.x) != len(self.y) or len(self.x) < 2:
            raise InputError("table", f"{len(self.x)} x and {len(self.y)} y", "two lists of equal length, 2 or more")
        if not (np.isfinite(self.x).all() and np.isfinite(self.y).all()):
            raise InputError("table", "a number that is not finite", "finite numbers")
        if not (np.diff(self.x) > 0.0).all():
            raise InputError("table", "x that does not increase", "strictly increasing x")

    @property
    def range(self) -> tuple[float, float]:
        """Return the first and the last abscissa."""
        return self.x[0], self.x[-1]

    @cached_property
    def _interpolant(self) -> PchipInterpolator:
        return PchipInterpolator(np.asarray(self.x), np.asarray(self.y))

    @cached_property
    def _derivative(self) -> Callable[[FloatArray], FloatArray]:
        derivative: Callable[[FloatArray], FloatArray] = self._interpolant.derivative()
        return derivative

    def value(self, x: npt.ArrayLike) -> FloatArray:
        """Return the interpolant, same shape as x."""
        inside, beyond = _split(x, self.range)
        return np.asarray(self._interpolant(inside) + self._derivative(inside) * beyond, dtype=np.float64)

    def slope(self, x: npt.ArrayLike) -> FloatArray:
        """Return the derivative of the interpolant, same shape as x."""
        inside, _ = _split(x, self.range)
        return np.asarray(self._derivative(inside), dtype=np.float64)

    def describe(self) -> dict[str, Any]:
        """Return the whole table with its unit and source."""
        return {"kind": "table, PCHIP", "x": list(self.x), "y": list(self.y), **_provenance(self)}


@dataclass(frozen=True)
class FunctionCurve:
    """An analytic function, differentiated exactly by a complex step.

    dy/dx = Im f(x + ih) / h without cancellation. Reference: W. Squire and G. Trapp,
    SIAM Rev. 40 (1998) 110.

    Args:
        function: f(x), analytic and usable with complex arrays.
        expression: f(x) in words, printed with the data set.
        range: x for which the function holds [-].
    """

    function: Callable[[npt.NDArray[Any]], npt.NDArray[Any]]
    expression: str
    range: tuple[float, float]
    unit: str
    source: str
    valid: str

    def _derivative(self, x: FloatArray) -> FloatArray:
        return np.asarray(np.imag(self.function(x + 1j * _COMPLEX_STEP)) / _COMPLEX_STEP, dtype=np.float64)

    def value(self, x: npt.ArrayLike) -> FloatArray:
        """Return f(x), same shape as x."""
        inside, beyond = _split(x, self.range)
        return np.asarray(self.function(inside) + self._derivative(inside) * beyond, dtype=np.float64)

    def slope(self, x: npt.ArrayLike) -> FloatArray:
        """Return df/dx, same shape as x."""
        inside, _ = _split(x, self.range)
        return self._derivative(inside)

    def describe(self) -> dict[str, Any]:
        """Return the expression and a sampled table with unit and source."""
        x = np.linspace(*self.range, 21)
        sample = {"x": x.tolist(), "y": self.value(x).tolist()}
        return {"kind": "function", "expression": self.expression, "sample": sample, **_provenance(self)}


def check_range(curve: Curve, x: npt.ArrayLike, where: str) -> None:
    """Raise if any x lies outside the range of a curve; an empty x passes.

    Raises:
        InputError: a value outside, with the offending extreme.
    """
    array = np.asarray(x, dtype=np.float64)
    low, high = curve.range
    outside = array[~((array >= low) & (array <= high))]
    if outside.size:
        found = float(outside[np.argmax(np.abs(outside - 0.5 * (low + high)))])
        raise InputError(where, f"{found:.6g}", f"between {low:.6g} and {high:.6g}, the range of: {curve.source}")


def check_open_circuit_potential(curve: Curve, where: str, samples: int = 2001) -> None:
    """Raise unless U(x) is finite, not negative and strictly decreasing over its whole range.

    Args:
        curve: U(x) [V vs Li].
        where: name of the field in the message.
        samples: number of equally spaced x, the knots of a table excluded.

    Raises:
        InputError: U is negative or does not decrease somewhere.
    """
    x = np.linspace(*curve.range, samples)
    potential = curve.value(x)
    if not (np.isfinite(potential).all() and potential.min() >= 0.0):
        raise InputError(where, f"{potential.min():.6g} V", "an open-circuit potential that is not negative")
    rising = np.flatnonzero(np.diff(potential) >= 0.0)
    if rising.size:
        raise InputError(where, f"no decrease at x = {x[rising[0]]:.4f}", "strictly decreasing in x = c/c_max")


def _split(x: npt.ArrayLike, limits: tuple[float, float]) -> tuple[FloatArray, FloatArray]:
    """Return x clipped to the limits and the remainder beyond them."""
    array = np.asarray(x, dtype=np.float64)
    inside = np.clip(array, *limits)
    return inside, array - inside


def _provenance(curve: Curve) -> dict[str, Any]:
    return {"unit": curve.unit, "range": list(curve.range), "source": curve.source, "valid": curve.valid}
