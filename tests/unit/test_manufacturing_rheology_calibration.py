"""Calibration against an analytic slurry, its store, and the table of calibrated values."""

from __future__ import annotations

import numpy as np
import pytest

from manufacturing.calendering import CalenderingStage
from manufacturing.calibration import Calibration, Evaluation, Target, start_by_similarity
from manufacturing.drying import DryingStage
from manufacturing.errors import InputError
from manufacturing.force_field import SLURRY_FORCE_FIELD
from manufacturing.parameter_sets import CALIBRATED, CALIBRATED_ENERGY_SCALE, PRINTED, differences, differences_table
from manufacturing.phases import Phase
from manufacturing.slurry import SlurryStage

RATES = np.logspace(-2.0, 4.0, 25)


def analytic_stress(rate: float, energy: float, damping: float) -> float:
    """Return a Herschel-Bulkley slurry that obeys the similarity tau = e f(g rate / e) [Pa]."""
    return energy * (5000.0 + 20.0 * (damping * rate / energy) ** 0.7)


TRUTH = (4e-4, 0.09)
TARGET = Target({rate: analytic_stress(rate, *TRUTH) / rate for rate in (10.0, 100.0, 1000.0)}, 1890.0)


def analytic(calibration: Calibration, parameters: dict[str, float], noise: float) -> Evaluation:
    """Evaluate the analytic slurry with reproducible noise."""
    energy, damping = parameters["energy"], parameters["damping"]
    generator = np.random.default_rng(int(1e9 * energy) + int(1e9 * damping))
    viscosities = {
        f"{rate:g}": analytic_stress(rate, energy, damping) / rate * (1.0 + noise * generator.normal())
        for rate in TARGET.viscosities
    }
    objective = calibration.objective(viscosities, TARGET.density)
    return Evaluation(parameters, viscosities, {}, TARGET.density, objective, True)


def test_optimiser_finds_the_parameters_of_an_analytic_slurry() -> None:
    """From a start that is off by a factor of three in both, with 2 % noise, to 15 % within 20 evaluations."""
    start = {"energy": 3.0 * TRUTH[0], "damping": TRUTH[1] / 3.0}
    calibration = Calibration(TARGET, start, maximum_steps=6)
    result = calibration.search(lambda parameters: analytic(calibration, parameters, 0.02))
    best = result.best.parameters
    assert (best["energy"], best["damping"]) == pytest.approx(TRUTH, rel=0.15)
    assert result.best.objective == min(e.objective for e in result.path) < 0.02 < result.path[0].objective
    assert len(result.path) <= 20


def test_similarity_shifts_one_curve_onto_the_target() -> None:
    """A curve measured with the base force field gives the factors without a further measurement."""
    measured = [analytic_stress(float(rate), 1e-3, 1.0) for rate in RATES]
    energy, damping = start_by_similarity(RATES, measured, TARGET)
    assert (1e-3 * energy, damping) == pytest.approx(TRUTH, rel=0.02)


def test_objective_is_one_at_the_tolerances() -> None:
    """Every viscosity off by a factor 1.5 and the density by 30 kg/m3."""
    calibration = Calibration(TARGET)
    high = {f"{rate:g}": 1.5 * eta for rate, eta in TARGET.viscosities.items()}
    low = {f"{rate:g}": eta / 1.5 for rate, eta in TARGET.viscosities.items()}
    assert calibration.objective(high, 1920.0) == pytest.approx(1.0)
    assert calibration.objective(low, 1860.0) == pytest.approx(1.0)
    exact = {f"{rate:g}": eta for rate, eta in TARGET.viscosities.items()}
    assert calibration.objective(exact, 1890.0) == pytest.approx(0.0, abs=1e-20)


def test_wrong_input_is_named() -> None:
    """Unknown parameters, factors and targets that are not positive."""
    with pytest.raises(InputError, match="calibration.start"):
        Calibration(start={"stickiness": 1.0})
    with pytest.raises(InputError, match=r"calibration.start.energy"):
        Calibration(start={"energy": -1.0})
    with pytest.raises(InputError, match="calibration.target"):
        Target({10.0: -0.6}, 1890.0)


def test_every_calibrated_value_is_listed_with_the_printed_one() -> None:
    """Nothing differs from print without being in the table, and print differs from itself in nothing."""
    assert differences(PRINTED) == ()
    listed = {a.name: a for a in differences(CALIBRATED)}
    scale = CALIBRATED.slurry.contact.stiffness / PRINTED.slurry.contact.stiffness
    for phase in (Phase.AM, Phase.SE, Phase.CBD):
        entry = listed[f"slurry.epsilon_{phase.name}"]
        printed = PRINTED.slurry.attraction[phase].epsilon
        assert entry.value == pytest.approx(scale * printed)
        assert f"printed {printed:.5g}" in entry.note
    assert {"slurry.damping", "slurry.skeleton_pressure", "drying.pressure"} <= set(listed)
    assert "slurry.friction" not in listed
    assert CALIBRATED.skeleton_pressure == pytest.approx(scale * 101325.0)
    assert len(differences_table(CALIBRATED).splitlines()) == 1 + len(listed)


def test_sets_are_those_of_the_stages() -> None:
    """The stages run what the sets say; the scaled slurry stage is the calibrated one."""
    slurry, drying, calendering = SlurryStage(), DryingStage(), CalenderingStage()
    assert (slurry.force_field, slurry.pressure) == (PRINTED.slurry, PRINTED.skeleton_pressure)
    assert (slurry.enlargement, slurry.time_step) == (PRINTED.slurry_enlargement, PRINTED.slurry_time_step)
    assert (drying.pressure, drying.axes) == (CALIBRATED.drying_pressure, CALIBRATED.drying_axes)
    assert (drying.force_field, drying.time_step) == (CALIBRATED.dried, CALIBRATED.drying_time_step)
    plate = (calendering.plate_speed, calendering.plate_stiffness, calendering.plate_friction)
    assert plate == (CALIBRATED.plate_speed, CALIBRATED.plate_stiffness, CALIBRATED.plate_friction)
    assert slurry.inertial_scale == drying.inertial_scale == CALIBRATED.inertial_scale
    assert calendering.inertial_scale == CALIBRATED.calendering_inertial_scale
    scaled = slurry.scaled(CALIBRATED_ENERGY_SCALE)
    assert scaled.pressure == pytest.approx(CALIBRATED.skeleton_pressure)
    assert scaled.time_step == pytest.approx(CALIBRATED.slurry_time_step)
    assert scaled.force_field.attraction == CALIBRATED.slurry.attraction


def test_scaled_force_field_scales_energies_and_nothing_else() -> None:
    """Lengths stay; k_n is an energy scale too; damping and friction have factors of their own."""
    scaled = SLURRY_FORCE_FIELD.scaled(0.5, 2.0, 3.0)
    for phase, law in SLURRY_FORCE_FIELD.attraction.items():
        assert scaled.attraction[phase].epsilon == 0.5 * law.epsilon
        assert (scaled.attraction[phase].sigma, scaled.attraction[phase].cutoff) == (law.sigma, law.cutoff)
    assert scaled.contact.stiffness == 0.5 * SLURRY_FORCE_FIELD.contact.stiffness
    assert scaled.contact.damping == 2.0 * SLURRY_FORCE_FIELD.contact.damping
    assert scaled.contact.friction == pytest.approx(3.0 * SLURRY_FORCE_FIELD.contact.friction)
