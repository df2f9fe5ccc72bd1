"""Each stage on about a hundred beads: variants of the protocol, and what must not depend on it."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from mpi4py import MPI

from manufacturing.beads import BeadTable
from manufacturing.calendering import CalenderingStage
from manufacturing.configuration import Configuration
from manufacturing.drying import DryingStage
from manufacturing.errors import StageError
from manufacturing.evaporation import Evaporation
from manufacturing.lammps_engine import LammpsEngine
from manufacturing.nanopores import NanoporeCompression
from manufacturing.phases import Phase
from manufacturing.recipe import Powder, Recipe
from manufacturing.reporter import Reporter
from manufacturing.slurry import SlurryStage
from manufacturing.stage import StageResult, Workplace
from manufacturing.stationarity import StationarityCriterion

WORKPLACE = Workplace(MPI.COMM_SELF, Reporter(), voxel=0.4e-6)
SLURRY = SlurryStage(aspect_ratio=1.5)
DRYING = DryingStage()
PRESS = CalenderingStage(degree=0.3, increments=3)


@functools.cache
def beads() -> BeadTable:
    """Return 150 beads of moderate size ratio."""
    powders = (
        Powder(Phase.AM, 0.70, 4700.0, (6e-6,)),
        Powder(Phase.SE, 0.27, 1640.0, (4e-6, 5e-6), (3.0, 1.0)),
        Powder(Phase.CBD, 0.03, 450.0, (3e-6,), wet_diameter=6.5e-6, wet_density=900.0),
    )
    return Recipe(powders, 150).bead_table()


@functools.cache
def slurry() -> StageResult:
    """Return a slurry at rest."""
    return SLURRY.run(beads(), WORKPLACE, 1)


@functools.cache
def dried() -> Configuration:
    """Return a dried film."""
    return DRYING.run(beads(), slurry().configuration, WORKPLACE).configuration


@functools.cache
def pressed() -> StageResult:
    """Return a calendered film."""
    return PRESS.run(beads(), dried(), WORKPLACE)


def test_slurry_reports_its_balances() -> None:
    """Each density and fraction from the beads and the box; the barostat holds 1 atm."""
    report, table = slurry().report, beads()
    volume = slurry().configuration.volume
    assert report["density_g_cm3"] == pytest.approx(table.wet_mass / volume / 1000.0)
    assert report["nominal_packing_fraction"] == pytest.approx(table.wet_volume / volume)
    assert report["true_volume_density_g_cm3"] == pytest.approx(table.wet_mass / table.wet_volume / 1000.0)
    assert report["packing_fraction"] < min(1.0, report["nominal_packing_fraction"])
    assert report["pressure_Pa"] == pytest.approx(101325.0, rel=0.01)
    assert report["solids_content"] == pytest.approx(table.dry_mass / table.wet_mass)


def test_slurry_is_converged() -> None:
    """Four times the shortest time changes the density by less than 0.2 %, as does the extrapolation."""
    patient = replace(SLURRY, criterion=replace(SLURRY.criterion, window=20))
    longer = patient.run(beads(), WORKPLACE, 1)
    assert longer.report["stationarity"]["samples"] >= 80
    assert longer.report["density_g_cm3"] == pytest.approx(slurry().report["density_g_cm3"], rel=2e-3)
    limit, uncertainty = (slurry().report[f"density_converged{n}_g_cm3"] for n in ("", "_uncertainty"))
    assert abs(limit - longer.report["density_g_cm3"]) < max(3.0 * uncertainty, 2e-3 * limit)


@pytest.mark.parametrize(
    "changes",
    [
        {"time_step": 0.1e-6},
        {"inertial_scale": 1.0, "time_step": 0.06e-6},
        {"settling_damping": 5.0},
        {"drag_time": 60e-6},
    ],
)
def test_slurry_density_does_not_depend_on_the_way_to_rest(changes: dict[str, Any]) -> None:
    """Half the time step, a tenth of the masses, other damping: within 1 % for a hundred beads."""
    other = replace(SLURRY, **changes).run(beads(), WORKPLACE, 1)
    assert other.report["density_g_cm3"] == pytest.approx(slurry().report["density_g_cm3"], rel=0.01)


def test_compressed_slurry_is_let_go_only_when_it_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """At half their limit beads that were driven into deep overlap fly apart; 1 um beads are the first."""

    class HandoverError(Exception):
        pass

    fine = (Powder(Phase.AM, 0.64, 4700.0, (4e-6,)), Powder(Phase.SE, 0.36, 1640.0, (1e-6, 3e-6), (9.0, 1.0)))
    table = Recipe(fine, 800).bead_table()
    limit = float(SLURRY.contact_diameters(table).min()) / SLURRY.crossing_time

    def hand_over(stage: SlurryStage, engine: LammpsEngine, *_: object) -> None:
        assert engine.speed() < 0.2 * limit
        raise HandoverError

    monkeypatch.setattr(SlurryStage, "_settle", hand_over)
    with pytest.raises(HandoverError):
        SLURRY.run(table, WORKPLACE, 1)


def test_slurry_keeps_its_packing_when_all_energies_are_scaled() -> None:
    """Energies and pressure x 1/1000: the same density after the same number of samples, pressure x 1/1000."""
    scaled = SLURRY.scaled(1e-3).run(beads(), WORKPLACE, 1)
    assert scaled.report["density_g_cm3"] == pytest.approx(slurry().report["density_g_cm3"], rel=5e-3)
    assert scaled.report["pressure_Pa"] == pytest.approx(101.325, rel=0.01)
    early, first = (np.array(r.curves["density_g_cm3"][:3]) for r in (scaled, slurry()))
    # Before round-off has grown the paths are the same.
    assert early == pytest.approx(first, rel=1e-4)


@pytest.mark.parametrize("evaporation", [Evaporation(), Evaporation(2, 2e4)], ids=["at once", "portions"])
def test_drying_keeps_its_path_when_all_masses_are_scaled(evaporation: Evaporation) -> None:
    """A quarter of the masses: the same densities after the same number of steps, in half the time."""
    rest = StationarityCriterion("density", 1.0, 1.0, 2)
    first = replace(DRYING, evaporation=evaporation, criterion=rest, relaxation_time=20e-6)
    scaled = replace(first, inertial_scale=0.25 * first.inertial_scale, time_step=0.5 * first.time_step)
    one, other = (stage.run(beads(), slurry().configuration, WORKPLACE).curves for stage in (first, scaled))
    assert other["time_s"] == pytest.approx([0.5 * time for time in one["time_s"]])
    # Before round-off has grown the paths are the same.
    for name, tolerance in (("density_g_cm3", 1e-4), ("pressure_z_Pa", 1e-3)):
        assert other[name][:2] == pytest.approx(one[name][:2], rel=tolerance), name


@pytest.mark.parametrize("axes", ["z", "xyz", "xy z"])
def test_drying_moves_the_axes_it_is_told(axes: str) -> None:
    """`z` keeps the width, `xyz` the shape, `xy z` neither; the pressure is that of the barostat."""
    wet = slurry().configuration
    stage = replace(DRYING, axes=axes, pressure=20e3)
    result = stage.run(beads(), wet, WORKPLACE)
    ratio = result.configuration.size / wet.size
    assert ratio[2] < 0.97
    if axes == "z":
        assert ratio[:2] == pytest.approx([1.0, 1.0], rel=1e-9)
    elif axes == "xyz":
        assert ratio == pytest.approx([ratio[0]] * 3, rel=1e-9)
    else:
        assert ratio[0] == pytest.approx(ratio[1], rel=1e-9)
        assert abs(ratio[0] / ratio[2] - 1.0) > 0.01
        assert ratio[0] < 0.99
    assert result.curves["width_um"][-1] == pytest.approx(result.configuration.size[0] / 1e-6)


def test_higher_pressure_leaves_a_denser_film() -> None:
    """100 kPa against 7 kPa: well beyond the scatter of a hundred beads."""
    loose = DRYING.run(beads(), slurry().configuration, WORKPLACE).report
    dense = replace(DRYING, pressure=101325.0).run(beads(), slurry().configuration, WORKPLACE).report
    assert dense["porosity"] < loose["porosity"] - 0.08
    # Beads of a loose film hardly overlap, those of a dense one do.
    assert loose["nominal_porosity"] == pytest.approx(loose["porosity_without_nanopores"], abs=0.02)
    assert dense["nominal_porosity"] < dense["porosity_without_nanopores"]
    assert loose["porosity_without_nanopores"] < loose["porosity"]


@pytest.mark.parametrize("bridges", ["gradual", "last"])
def test_solvent_may_leave_in_portions(bridges: str) -> None:
    """Four portions end with dry beads under the same pressure; the film has followed them meanwhile."""
    stage = replace(DRYING, evaporation=Evaporation(4, 1e4, bridges))
    shown: list[str] = []
    reporter = Reporter(progress=lambda stage, done, message: shown.append(message))
    result = stage.run(beads(), slurry().configuration, replace(WORKPLACE, reporter=reporter))
    at_once = DRYING.run(beads(), slurry().configuration, WORKPLACE)
    assert shown[:4] == [f"solvent left {share:.2f}" for share in (0.75, 0.5, 0.25, 0.0)]
    assert result.report["porosity"] == pytest.approx(at_once.report["porosity"], abs=0.1)
    assert result.report["pressure_z_Pa"] == pytest.approx(7000.0, abs=1500.0)


def test_each_degree_leaves_a_snapshot_between_the_plates() -> None:
    """The box is (1 - degree) of the dried film and no centre lies outside; the last one is the result."""
    result, thickness = pressed(), dried().size[2]
    assert list(result.snapshots) == ["calendered_00", "calendered_10", "calendered_20", "calendered_30"]
    for degree, film in zip((0.0, 0.1, 0.2, 0.3), result.snapshots.values(), strict=True):
        assert film.size[2] == pytest.approx((1.0 - degree) * thickness, rel=1e-9)
        assert np.all((film.centres[:, 2] >= film.lower[2]) & (film.centres[:, 2] <= film.upper[2]))
    assert np.array_equal(result.snapshots["calendered_30"].centres, result.configuration.centres)
    assert result.curves["degree"] == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.3])
    assert np.all(np.diff(result.curves["nominal_porosity"][:-1]) < 0.0)


def plate_forces(film: Configuration, sign: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Return the Hertz force of the upper (sign 1) or lower plate (sign -1) on every bead [N]."""
    radii, height = beads().dry_radii, film.centres[:, 2]
    plate = film.upper[2] if sign > 0.0 else film.lower[2]
    overlap = np.maximum(radii - np.abs(plate - height), 0.0)
    return np.asarray(PRESS.plate_stiffness * overlap**1.5 * radii**0.5)


def test_plates_and_film_are_in_balance() -> None:
    """Both plates carry the same load, and sum z F over them is the virial that LAMMPS finds between the beads."""
    film, report = pressed().configuration, pressed().report
    top, bottom = plate_forces(film, 1.0), plate_forces(film, -1.0)
    area = film.size[0] * film.size[1]
    assert report["plate_pressure_Pa"] == pytest.approx(top.sum() / area, rel=1e-6)
    assert bottom.sum() == pytest.approx(top.sum(), rel=0.05)
    virial = (film.centres[:, 2] * (top - bottom)).sum() / film.volume
    assert report["pressure_z_Pa"] == pytest.approx(virial, rel=0.05)
    assert virial < 0.9 * report["plate_pressure_Pa"]


def test_crop_planes_leave_the_nominal_porosity() -> None:
    """It is that of whole beads between the plates; those of the voxel count are between the crop planes."""
    result = replace(PRESS, crop_depth=1e-6).run(beads(), dried(), WORKPLACE)
    film, spheres = pressed().configuration, float((4.0 / 3.0 * np.pi * beads().dry_radii ** 3).sum())
    assert result.report["nominal_porosity"] == pytest.approx(1.0 - spheres / film.volume, rel=1e-9)
    assert result.report["porosity"] != pytest.approx(pressed().report["porosity"], rel=1e-3)
    assert result.configuration.size[2] == pytest.approx(film.size[2] - 2e-6)


def test_a_released_film_recovers() -> None:
    """The plate goes up until it carries next to nothing; the figures under load stay beside those after it."""
    result = replace(PRESS, release="elastic").run(beads(), dried(), WORKPLACE)
    report, loaded = result.report, pressed().report
    assert report["under_load"]["porosity"] == pytest.approx(loaded["porosity"], abs=1e-9)
    assert 0.0 < report["recovered_share"] <= 1.3  # films that dried under a load may gain a little without it
    assert report["degree"] == pytest.approx(0.3 * (1.0 - report["recovered_share"]))
    assert report["thickness_um"] > report["under_load"]["thickness_um"]
    assert report["porosity"] > report["under_load"]["porosity"]
    assert report["plate_pressure_Pa"] < 0.05 * report["under_load"]["plate_pressure_Pa"]
    assert result.configuration.size[2] == pytest.approx((1.0 - report["degree"]) * dried().size[2])


def test_nanopores_close_and_shrink_the_binder() -> None:
    """Rate 1: at a degree of 0.3 the nanoporosity is 0.35, which the beads in LAMMPS follow."""
    closing = replace(PRESS, nanopores=NanoporeCompression(0.5, 1.0))
    result = closing.run(beads(), dried(), WORKPLACE)
    assert result.curves["nanoporosity"] == pytest.approx([0.5, 0.45, 0.4, 0.35, 0.35])
    assert result.report["nanoporosity"] == pytest.approx(0.35)
    # Smaller beads carry less at the same thickness.
    assert result.report["plate_pressure_Pa"] < pressed().report["plate_pressure_Pa"]
    radii, dry = closing.radii(beads()), beads().dry_radii
    binder = beads().phases == int(Phase.CBD)
    assert (radii[binder] / dry[binder]) ** 3 == pytest.approx(0.5 / 0.65)
    assert np.array_equal(radii[~binder], dry[~binder])


def test_holding_at_each_degree_relaxes_the_film() -> None:
    """With the plates standing for 100 us the pressure at each degree is lower than in motion."""
    held = replace(PRESS, hold_time=100e-6).run(beads(), dried(), WORKPLACE)
    assert held.curves["plate_pressure_Pa"][3] < pressed().curves["plate_pressure_Pa"][3]


def test_plates_that_are_too_soft_are_an_error() -> None:
    """With the printed contact beads pass through the plates."""
    soft = replace(PRESS, plate_stiffness=1e4, degree=0.5)
    with pytest.raises(StageError, match=r"passed through a plate|lost|moves|beyond"):
        soft.run(beads(), dried(), WORKPLACE)
