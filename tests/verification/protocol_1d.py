"""Independent reference: the planar half cell of :mod:`half_cell_1d` under current, hold and power in turn.

The lithium profile of the slab is integrated by spectral elements and the Radau IIA method; the current of a
hold or of a power follows at every instant from the closed forms of all drops but diffusion.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from .half_cell_1d import HalfCell1D, Law, _spectral_rates, voltage_at_surface

FloatArray = npt.NDArray[np.float64]
CurrentLaw = Callable[[float], float]  # surface stoichiometry -> current density, positive on discharge [A/m2]


@dataclass(frozen=True)
class Segment:
    """One step of the reference."""

    times: FloatArray  # since the step began [s]; the last is its end
    profile: Callable[[float], FloatArray]  # time -> x at the nodes, surface first
    current: CurrentLaw
    cell: HalfCell1D

    def current_density(self, times: npt.ArrayLike) -> FloatArray:
        """Current density [A/m2] at times since the step began."""
        return np.array([self.current(float(self.profile(t)[0])) for t in np.atleast_1d(times)])

    def voltage(self, times: npt.ArrayLike) -> FloatArray:
        """Cell voltage [V] at times since the step began."""
        surfaces = (float(self.profile(t)[0]) for t in np.atleast_1d(times))
        return np.array([cell_voltage(self.cell, x, self.current(x)) for x in surfaces])


def cell_voltage(cell: HalfCell1D, x: float, current: float) -> float:
    """V = U(x_s) + eta - U_c - eta_c - I R of a surface stoichiometry and a current density [V]."""
    return float(voltage_at_surface(cell, np.array([x]), current)[0])


def constant_current(current: float) -> CurrentLaw:
    """The current density of a galvanostatic step [A/m2]."""
    return lambda x: current


def held(cell: HalfCell1D, voltage: float, largest: float = 1e3) -> CurrentLaw:
    """The current density at which a surface stoichiometry gives a voltage."""
    return lambda x: float(brentq(lambda i: cell_voltage(cell, x, i) - voltage, -largest, largest, xtol=1e-11))


def powered(cell: HalfCell1D, power: float) -> CurrentLaw:
    """The smaller current density at which I V = P [W/m2]."""
    return lambda x: float(brentq(lambda i: i * cell_voltage(cell, x, i) - power, 0.5 * power / 5.0, power, xtol=1e-11))


class Reference:
    """Runs segments one after the other.

    Args:
        cell: the half cell; its own current is not used.
        order: polynomial degree of the elements.
        elements: number of elements, each half as thick as the next towards the surface.
    """

    def __init__(self, cell: HalfCell1D, order: int = 6, elements: int = 6) -> None:
        self.cell = cell
        self._diffusion: Law = _spectral_rates(replace(cell, current_density=0.0), order, elements)
        driven: Law = _spectral_rates(replace(cell, current_density=1.0), order, elements)
        self.x = np.full(order * elements + 1, cell.initial_stoichiometry)
        self._inflow = driven(self.x) - self._diffusion(self.x)

    def run(self, current: CurrentLaw, duration: float, end: Callable[[float], float] | None = None) -> Segment:
        """Run to a time [s], or to where ``end`` of the surface stoichiometry is zero."""

        def right_side(root: float, x: FloatArray) -> FloatArray:
            return 2.0 * root * (self._diffusion(x) + current(float(x[0])) * self._inflow)

        def event(root: float, x: FloatArray) -> float:
            return end(float(x[0])) if end is not None else 1.0

        event.terminal = True  # type: ignore[attr-defined]
        found = solve_ivp(
            right_side,
            (0.0, math.sqrt(duration)),
            self.x,
            "Radau",
            dense_output=True,
            events=event,
            rtol=1e-8,
            atol=1e-9,
        )
        assert found.success, found.message
        self.x = found.y[:, -1]
        solution = found.sol
        return Segment(found.t**2, lambda t: np.asarray(solution(math.sqrt(t))), current, self.cell)
