"""Independent reference: one spherical particle at constant current, resolved along its radius.

Finite volumes between concentric spheres, thinner towards the surface, and backward differentiation in time
(scipy). The reaction is the same everywhere on the surface; conduction costs nothing. Nothing here is shared
with the solver that it checks.

Signs as in :mod:`half_cell_1d`: the current is positive on discharge, when lithium enters the particle.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.integrate import solve_ivp
from scipy.sparse import diags

from .half_cell_1d import FARADAY, Law, overpotential

FloatArray = npt.NDArray[np.float64]
SHELLS = 600
THINNING = 30.0  # thickness of the innermost shell over that of the outermost
TOLERANCE = 1e-9


@dataclass(frozen=True)
class Particle1D:
    """A sphere that reacts on its whole surface; SI units."""

    radius: float  # R [m]
    diffusivity: float | Law  # D [m2/s], a number or D(x)
    maximum_concentration: float  # c_max [mol/m3]
    initial_stoichiometry: float  # x at the start, uniform [-]
    open_circuit_potential: Law  # U(x) [V]
    exchange_current_density: Law  # i_0(x) [A/m2]
    transfer_coefficient_anodic: float = 0.5  # alpha_a; alpha_c = 1 - alpha_a
    film_resistance: float = 0.0  # [Ohm m2]
    temperature: float = 298.15  # [K]


@dataclass(frozen=True)
class ParticleHistory:
    """What the particle did under a current density on its surface."""

    particle: Particle1D
    current_density: float  # positive on discharge [A/m2]
    surface: Callable[[FloatArray], FloatArray]  # time [s] -> x at the surface
    mean: Callable[[FloatArray], FloatArray]  # time [s] -> volume average of x

    def voltage(self, times: npt.ArrayLike) -> FloatArray:
        """Return V = U(x_s) + eta - i R against lithium [V], i the current density on discharge, shape of times."""
        particle, x = self.particle, self.surface(np.asarray(times, dtype=np.float64))
        eta = overpotential(
            -self.current_density,
            particle.exchange_current_density(x),
            particle.transfer_coefficient_anodic,
            particle.temperature,
        )
        film = self.current_density * particle.film_resistance
        return np.asarray(particle.open_circuit_potential(x) + eta - film, dtype=np.float64)


def particle_history(
    particle: Particle1D, current_density: float, duration: float, shells: int = SHELLS
) -> ParticleHistory:
    """Integrate dx/dt = r^-2 d/dr(r^2 D dx/dr) under the flux I/(F c_max) into the surface.

    Args:
        particle: the sphere.
        current_density: on its surface, positive on discharge [A/m2].
        duration: end of the integration [s].
        shells: number of finite volumes.

    Raises:
        RuntimeError: the integration failed.
    """
    faces = particle.radius * _faces(shells)
    centres = 0.5 * (faces[1:] + faces[:-1])
    volumes = (faces[1:] ** 3 - faces[:-1] ** 3) / 3.0
    areas, gaps = faces[1:-1] ** 2, np.diff(centres)
    inflow = current_density / (FARADAY * particle.maximum_concentration)
    law = particle.diffusivity

    def diffusivity(x: FloatArray) -> FloatArray:
        return law(x) if callable(law) else np.full_like(x, law)

    def rates(_: float, x: FloatArray) -> FloatArray:
        flow = areas * diffusivity(0.5 * (x[1:] + x[:-1])) * np.diff(x) / gaps
        change = np.concatenate([flow, [inflow * particle.radius**2]])
        change[1:] -= flow
        return np.asarray(change / volumes, dtype=np.float64)

    def surface(times: FloatArray) -> FloatArray:
        x = solution.sol(times)
        return np.asarray(x[-1] + inflow * (particle.radius - centres[-1]) / diffusivity(x[-1]), dtype=np.float64)

    def mean(times: FloatArray) -> FloatArray:
        return np.asarray(volumes @ solution.sol(times) / volumes.sum(), dtype=np.float64)

    solution = solve_ivp(
        rates,
        (0.0, duration),
        np.full(shells, particle.initial_stoichiometry),
        "BDF",
        dense_output=True,
        rtol=TOLERANCE,
        atol=TOLERANCE,
        jac_sparsity=diags([1.0, 1.0, 1.0], [-1, 0, 1], shape=(shells, shells)),
    )
    if not solution.success:
        raise RuntimeError(f"reference integration failed: {solution.message}")
    return ParticleHistory(particle, current_density, surface, mean)


def _faces(shells: int) -> FloatArray:
    """Return radii from 0 to 1 whose differences fall geometrically, shape (shells + 1,)."""
    thickness = THINNING ** (-np.linspace(0.0, 1.0, shells))
    faces = np.concatenate([[0.0], np.cumsum(thickness)])
    return np.asarray(faces / faces[-1], dtype=np.float64)
