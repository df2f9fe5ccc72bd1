"""The reference particle is itself right: exact series under constant flux, lithium kept, second order in the shells.

Seen to fail with: the surface taken as the mean of the last shell, faces weighed with r in place of r^2.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from tests.verification.half_cell_1d import FARADAY, sphere_constant_flux
from tests.verification.particle_1d import Particle1D, particle_history

FloatArray = npt.NDArray[np.float64]
CURRENT = 2.0  # [A/m2]
TIMES = np.array([1.0, 10.0, 100.0, 500.0, 1500.0])  # [s]
PARTICLE = Particle1D(4e-6, 1e-14, 5e4, 0.3, lambda x: 4.2 - 0.5 * x, lambda x: np.full_like(x, 2.0))


def surface_errors(shells: int) -> FloatArray:
    """Differences of x at the surface from the series."""
    flux = CURRENT / FARADAY
    exact = [float(sphere_constant_flux(4e-6, 1e-14, flux, time, 4e-6)) / 5e4 for time in TIMES]
    return particle_history(PARTICLE, CURRENT, TIMES[-1], shells).surface(TIMES) - 0.3 - np.array(exact)


def test_the_surface_follows_the_series() -> None:
    coarse, fine = np.abs(surface_errors(150)), np.abs(surface_errors(600))
    assert fine.max() < 3e-7
    assert np.all(coarse / fine > 12.0)


@pytest.mark.parametrize("varying", [False, True])
def test_lithium_is_kept(varying: bool) -> None:
    law = (lambda x: 1e-14 * (1.0 + 4.0 * (1.0 - x))) if varying else 1e-14
    found = particle_history(replace(PARTICLE, diffusivity=law), CURRENT, TIMES[-1]).mean(TIMES)
    assert found == pytest.approx(0.3 + 3.0 * CURRENT / FARADAY * TIMES / (4e-6 * 5e4), abs=1e-12)


def test_faster_diffusion_at_the_surface_flattens_the_profile() -> None:
    """D(x) grows where x is small: on discharge x at the surface stays below that of the slow particle."""
    law = replace(PARTICLE, diffusivity=lambda x: 1e-14 * (1.0 + 4.0 * (1.0 - x)))
    varying, constant = (particle_history(p, CURRENT, TIMES[-1]).surface(TIMES) for p in (law, PARTICLE))
    assert np.all(varying < constant)


def test_the_voltage_is_the_sum_of_its_parts() -> None:
    """At the start U(x_0), -2 RT/F asinh(I/2 i_0) and -I R."""
    film = replace(PARTICLE, film_resistance=1e-2)
    expected = 4.2 - 0.15 - 2.0 * 0.025692579 * np.arcsinh(CURRENT / 4.0) - 1e-2 * CURRENT
    assert float(particle_history(film, CURRENT, 1.0).voltage(0.0)) == pytest.approx(expected, abs=2e-5)
