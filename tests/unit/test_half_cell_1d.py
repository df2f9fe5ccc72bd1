"""The independent 1D reference is itself right: two exact series, two resolutions, conservation, limits."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from tests.verification.half_cell_1d import (
    FARADAY,
    GAS_CONSTANT,
    HalfCell1D,
    capacity_to_cutoff,
    eigenfunction_series,
    exact_surface,
    image_series,
    numerical_surface,
    overpotential,
    slab_surface_rise,
    sphere_constant_flux,
    sphere_eigenvalues,
    voltage,
)

FloatArray = npt.NDArray[np.float64]
TENTH_OF_THE_CLAIM = 1e-6  # [V]; the reference claims 0.01 mV


def potential(x: FloatArray) -> FloatArray:
    return np.asarray(4.4 - 0.8 * x - 0.02 * np.tanh(12.0 * (x - 0.5)) - 0.3 * np.exp(60.0 * (x - 1.0)))


def exchange(x: FloatArray) -> FloatArray:
    return np.asarray(6.0 * np.clip(1.0 - x, 0.0, None) ** 0.6 * np.clip(x, 0.0, None) ** 0.4)


def varying_diffusivity(x: FloatArray) -> FloatArray:
    return np.asarray(1e-14 * (1.0 + 4.0 * (1.0 - x)))


CELL = HalfCell1D(
    current_density=10.0,
    separator_thickness=15e-6,
    ionic_conductivity=0.125,
    slab_thickness=5e-6,
    electronic_conductivity=0.005,
    diffusivity=1e-14,
    maximum_concentration=5e4,
    initial_stoichiometry=0.3,
    open_circuit_potential=potential,
    exchange_current_density=exchange,
    transfer_coefficient_anodic=0.6,
    film_resistance=1e-4,
    counter_exchange_current_density=70.0,
    counter_transfer_coefficient_anodic=0.4,
    counter_resistance=2e-4,
)


def test_both_series_of_the_slab_agree_where_both_converge() -> None:
    tau = np.asarray(np.logspace(-2.3, 0.0, 60), dtype=np.float64)
    assert np.abs(eigenfunction_series(tau) - image_series(tau)).max() < 1e-14


def test_slab_rise_short_and_long_time_limits() -> None:
    assert slab_surface_rise(np.array([1e-8])) == pytest.approx(2.0 * math.sqrt(1e-8 / math.pi), rel=1e-12)
    assert slab_surface_rise(np.array([5.0])) == pytest.approx(5.0 + 1.0 / 3.0, rel=1e-14)


def test_numerical_surface_agrees_with_exact_series() -> None:
    exact = exact_surface(CELL)
    charge = np.linspace(0.001, 0.999, 200) * exact.final_charge
    error = voltage(CELL, charge, numerical_surface(CELL)) - voltage(CELL, charge, exact)
    assert np.abs(error).max() < TENTH_OF_THE_CLAIM


def test_two_resolutions_agree_for_varying_diffusivity() -> None:
    cell = replace(CELL, diffusivity=varying_diffusivity)
    coarse, fine = numerical_surface(cell, 6, 6, 1e-9), numerical_surface(cell, 10, 9, 1e-11)
    assert coarse.final_charge == pytest.approx(fine.final_charge, rel=1e-6)
    charge = np.linspace(0.001, 0.995, 100) * fine.final_charge
    assert np.abs(voltage(cell, charge, coarse) - voltage(cell, charge, fine)).max() < TENTH_OF_THE_CLAIM


def test_varying_diffusivity_reaches_the_quasi_steady_gradient() -> None:
    """At low current x_s - mean x = j L/(3 D(mean x) c_max), to first order in the current."""
    current = 1e-3
    cell = replace(CELL, diffusivity=varying_diffusivity, current_density=current)
    capacity = FARADAY * cell.maximum_concentration * cell.slab_thickness
    mean = np.array([0.5, 0.7, 0.9])
    surface = numerical_surface(cell, tolerance=1e-12).stoichiometry((mean - 0.3) * capacity)
    expected = current * cell.slab_thickness / (3.0 * FARADAY * varying_diffusivity(mean) * cell.maximum_concentration)
    assert surface - mean == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("alpha", [0.5, 0.6, 0.25])
@pytest.mark.parametrize("current", [-40.0, -1e-6, 0.0, 3.0, 1e5])
def test_overpotential_satisfies_butler_volmer(alpha: float, current: float) -> None:
    eta = overpotential(current, np.array([2.5]), alpha, 298.15)[0]
    reduced = FARADAY * eta / (GAS_CONSTANT * 298.15)
    found = 2.5 * (math.exp(alpha * reduced) - math.exp(-(1.0 - alpha) * reduced))
    assert found == pytest.approx(current, rel=1e-11, abs=1e-14)


def test_swapped_transfer_coefficients_show() -> None:
    """Anodic current of 1000 i_0: Tafel gives RT/(alpha_a F) ln 1000, 0.296 V with 0.6 but 0.444 V with 0.4."""
    thermal = GAS_CONSTANT * 298.15 / FARADAY
    eta = overpotential(1000.0, np.array([1.0]), 0.6, 298.15)[0]
    assert eta == pytest.approx(thermal / 0.6 * math.log(1000.0), rel=1e-4)


def test_charge_transfer_resistance() -> None:
    eta = overpotential(1e-6, np.array([1.0]), 0.6, 298.15)[0]
    assert eta / 1e-6 == pytest.approx(0.0256926, abs=1e-7)


def test_fast_diffusion_leaves_only_closed_forms() -> None:
    """With D -> infinity the surface is at the mean and every term is known by hand."""
    cell = replace(CELL, diffusivity=1e-6)
    capacity = FARADAY * cell.maximum_concentration * cell.slab_thickness
    x = np.array([0.35, 0.6, 0.9])
    thermal = GAS_CONSTANT * 298.15 / FARADAY
    resistance = 1e-4 + 2e-4 + 15e-6 / 0.125 + 5e-6 / 0.005
    expected = potential(x) - 10.0 * resistance
    symmetric = replace(cell, transfer_coefficient_anodic=0.5, counter_transfer_coefficient_anodic=0.5)
    expected -= 2.0 * thermal * (np.arcsinh(5.0 / exchange(x)) + math.asinh(5.0 / 70.0))
    assert voltage(symmetric, (x - 0.3) * capacity) == pytest.approx(expected, abs=1e-7)


def test_charging_reverses_every_loss() -> None:
    symmetric = replace(
        CELL, transfer_coefficient_anodic=0.5, counter_transfer_coefficient_anodic=0.5, diffusivity=1e-4
    )
    charge_cell = replace(symmetric, current_density=-10.0)
    start = potential(np.array([0.3]))
    loss = start - voltage(symmetric, np.array([0.0]))
    assert voltage(charge_cell, np.array([0.0])) - start == pytest.approx(loss, rel=1e-12)
    assert charge_cell.initial_stoichiometry > exact_surface(charge_cell).stoichiometry(np.array([-1000.0]))[0]


def test_capacity_to_cutoff_is_where_the_voltage_crosses() -> None:
    capacity = capacity_to_cutoff(CELL, 3.5)
    assert float(voltage(CELL, capacity)) == pytest.approx(3.5, abs=1e-9)
    assert (voltage(CELL, np.linspace(0.0, 0.999 * capacity, 50)) > 3.5).all()
    numerical = capacity_to_cutoff(CELL, 3.5, numerical_surface(CELL))
    assert numerical == pytest.approx(capacity, rel=1e-8)


def test_capacity_to_cutoff_is_the_first_crossing() -> None:
    """A dip of i_0 near x = 0.45 takes the voltage below 3.65 V for a while, long before the end."""

    def dip(x: FloatArray) -> FloatArray:
        return np.asarray(5.0 - 4.99 * np.exp(-(((x - 0.45) / 0.02) ** 2)))

    cell = replace(CELL, exchange_current_density=dip)
    history = exact_surface(cell)
    capacity = capacity_to_cutoff(cell, 3.65)
    assert 0.40 < float(history.stoichiometry(np.asarray(capacity))) < 0.45
    assert voltage(cell, np.linspace(capacity, history.final_charge, 400)).max() > 3.7


def test_capacity_to_cutoff_rejects_what_has_no_answer() -> None:
    with pytest.raises(ValueError, match="starts below"):
        capacity_to_cutoff(CELL, 4.3)
    with pytest.raises(ValueError, match="discharge"):
        capacity_to_cutoff(replace(CELL, current_density=-1.0), 3.0)
    flat = replace(CELL, exchange_current_density=lambda x: np.full_like(x, 5.0))
    with pytest.raises(ValueError, match="never reached"):
        capacity_to_cutoff(flat, 2.0)


def test_sphere_conserves_lithium_at_all_times() -> None:
    """4 pi integral (c - c_0) r^2 dr = 4 pi R^2 j t, by Gauss-Legendre quadrature."""
    nodes, weights = np.polynomial.legendre.leggauss(400)
    r = 2e-6 * (nodes + 1.0)
    for time in (0.01, 1.0, 100.0, 5000.0):
        rise = sphere_constant_flux(4e-6, 1e-14, 3e-5, time, r)
        assert (weights * 2e-6 * rise * r**2).sum() == pytest.approx((4e-6) ** 2 * 3e-5 * time, rel=1e-6)


def test_sphere_long_and_short_time_limits() -> None:
    radius, diffusivity, flux = 4e-6, 1e-14, 3e-5
    late = sphere_constant_flux(radius, diffusivity, flux, 4000.0, np.array([0.0, radius]))
    mean = 3.0 * flux * 4000.0 / radius
    assert late - mean == pytest.approx(flux * radius / diffusivity * np.array([-0.3, 0.2]), rel=1e-9)
    early = sphere_constant_flux(radius, diffusivity, flux, 1e-3, radius)
    assert early == pytest.approx(2.0 * flux * math.sqrt(1e-3 / (math.pi * diffusivity)), rel=2e-3)


def test_sphere_eigenvalues() -> None:
    roots = sphere_eigenvalues(50)
    assert roots[:3] == pytest.approx([4.493409457909064, 7.725251836937707, 10.904121659428899], rel=1e-14)
    assert np.sin(roots) - roots * np.cos(roots) == pytest.approx(np.zeros(50), abs=1e-11)
