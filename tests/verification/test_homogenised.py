"""The homogenised model against closed forms: a sphere under constant flux, the porous electrode with linear kinetics.

Seen to fail with: the current not spread over the particles' surface, the reaction source of the ions with the wrong
sign, the separator's resistance left out, the surface node with too large a volume, the outer half layer left out of
the voltage.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from solver.homogenised import HomogenisedCell, HomogenisedCurve, homogenised_curve
from solver.kinetics import ButlerVolmer, CurveExchange, InsertionReaction, LinearKinetics
from solver.materials import ConstantCurve, TableCurve
from tests.verification.half_cell_1d import FARADAY, GAS_CONSTANT, sphere_constant_flux

TEMPERATURE = 298.15
SLOPING = TableCurve((0.0, 1.0), (4.2, 3.2), "V", "test", "test")
FLAT = TableCurve((0.0, 0.9, 1.0), (3.7 + 1e-9, 3.7, 1.5), "V", "test", "test")  # runs end soon
EXCHANGE = 2.0  # [A/m2]


def cell(**changes: object) -> HomogenisedCell:
    """A thin electrode of particles 3 um in radius in which nothing but diffusion costs voltage."""
    law = ButlerVolmer(temperature=TEMPERATURE)
    exchange = CurveExchange(ConstantCurve(EXCHANGE, "A/m2", "test"))
    base = HomogenisedCell(
        thickness=20e-6,
        ionic_conductivity=1e5,
        electronic_conductivity=1e5,
        active_fraction=0.4,
        specific_area=4e5,
        particle_radius=3e-6,
        separator_resistance=0.0,
        diffusivity=lambda x: np.full_like(x, 2e-15),
        maximum_concentration=5e4,
        initial_stoichiometry=0.3,
        reaction=InsertionReaction(law, exchange, SLOPING),
        counter=None,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def sphere_voltage(found: HomogenisedCurve, of: HomogenisedCell, current: float) -> np.ndarray:
    """Voltage of one sphere that takes the current in evenly."""
    local = current / (of.specific_area * of.thickness)
    radius = of.particle_radius
    flux = current * radius / (3.0 * of.active_fraction * of.thickness * FARADAY)  # over the whole surface
    times = [t for t in found.time if t == 0.0 or t > 1.0]
    rise = [float(sphere_constant_flux(radius, 2e-15, flux, t, radius)) for t in times]
    surface = of.initial_stoichiometry + np.array(rise) / of.maximum_concentration
    kinetic = 2.0 * GAS_CONSTANT * TEMPERATURE / FARADAY * math.asinh(local / (2.0 * EXCHANGE))
    return np.asarray(4.2 - surface - kinetic)


@pytest.mark.parametrize("area", [4e5, 1e5])  # the whole surface of the particles reacts, or a quarter
def test_even_reaction_is_a_sphere_under_constant_flux(area: float) -> None:
    even, errors = cell(specific_area=area), []
    for shells in (15, 30):
        found = homogenised_curve(even, 8.0, 3.4, layers=2, shells=shells, tolerance=1e-6)
        kept = (found.time == 0.0) | (found.time > 1.0)
        late = found.time[kept] > 200.0
        exact = sphere_voltage(found, even, 8.0)
        errors.append(np.abs(found.voltage[kept] - exact)[late].max())
    assert errors[1] < 2e-4
    assert math.log2(errors[0] / errors[1]) > 1.8


@pytest.mark.parametrize("ratio", [0.1, 1.0, 7.0])
def test_resistance_of_a_porous_electrode_at_once(ratio: float) -> None:
    """R = L/(s + k) [1 + (2 + (s/k + k/s) cosh n)/(n sinh n)], n^2 = a L^2 (1/s + 1/k)/R_ct (Newman, Tobias 1962)."""
    ionic, electronic = 0.02, 0.02 * ratio
    exchange = CurveExchange(ConstantCurve(EXCHANGE, "A/m2", "test"))
    linear = InsertionReaction(LinearKinetics(TEMPERATURE), exchange, FLAT)
    porous = cell(
        ionic_conductivity=ionic,
        electronic_conductivity=electronic,
        reaction=linear,
        separator_resistance=2e-3,
        initial_stoichiometry=0.895,
    )
    errors = []
    for layers in (20, 40):
        found = homogenised_curve(porous, 10.0, 3.0, layers=layers, shells=8, tolerance=1e-2)
        resistance = (3.7 - found.voltage[0]) / 10.0 - 2e-3
        transfer = GAS_CONSTANT * TEMPERATURE / (FARADAY * EXCHANGE)
        number = porous.thickness * math.sqrt(porous.specific_area * (1 / ionic + 1 / electronic) / transfer)
        sums = 2.0 + (ratio + 1.0 / ratio) * math.cosh(number)
        exact = porous.thickness / (ionic + electronic) * (1.0 + sums / (number * math.sinh(number)))
        errors.append(abs(resistance / exact - 1.0))
    assert errors[1] < 1e-3
    assert errors[0] / errors[1] > 3.5


def test_lithium_is_conserved_and_the_cutoff_met() -> None:
    slow = cell(ionic_conductivity=5e-3, electronic_conductivity=5e-2)
    found = homogenised_curve(slow, 12.0, 3.4)
    assert found.voltage[-1] == pytest.approx(3.4, abs=1e-7)
    gained = found.profile.mean() - slow.initial_stoichiometry
    assert gained * slow.capacity == pytest.approx(found.capacity[-1], rel=1e-8)
    assert found.profile[0] > found.profile[-1] + 0.01  # ions are scarce: the separator's side fills first


def test_charge_returns_to_a_higher_voltage() -> None:
    found = homogenised_curve(cell(), -8.0, 4.1)
    assert found.voltage[-1] == pytest.approx(4.1, abs=1e-7)
    assert (np.diff(found.voltage) > 0.0).all()
    assert found.profile.max() < 0.3
