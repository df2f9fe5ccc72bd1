"""The whole chain on a small recipe: composition, porosity, reproducibility, errors; serial and parallel."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mpi4py import MPI

from manufacturing.chain import ManufacturingResult, ManufacturingSettings, manufacture
from manufacturing.errors import InputError, StageError
from manufacturing.packing import Packing, load_packing
from manufacturing.phases import Phase
from manufacturing.recipe import Powder, Recipe
from manufacturing.slurry import SlurryStage
from manufacturing.stationarity import StationarityCriterion


def settings() -> ManufacturingSettings:
    """Return a recipe of 90 beads of moderate size ratio, which takes a second or two."""
    powders = (
        Powder(Phase.AM, 0.70, 4700.0, (6e-6,)),
        Powder(Phase.SE, 0.27, 1640.0, (4e-6, 5e-6), (3.0, 1.0)),
        Powder(Phase.CBD, 0.03, 450.0, (3e-6,), wet_diameter=5e-6, wet_density=900.0),
    )
    return ManufacturingSettings(Recipe(powders, 90), SlurryStage(aspect_ratio=1.5), voxel=0.25e-6)


@functools.cache
def manufactured() -> ManufacturingResult:
    """Manufacture the small recipe once for all tests."""
    return manufacture(settings(), MPI.COMM_WORLD)


def sampled_void(packing: Packing, points: int = 100_000) -> float:
    """Return the share of random points outside all spheres: independent of the voxel count."""
    generator = np.random.default_rng(5)
    where = packing.lower + generator.random((points, 3)) * packing.size
    covered = np.zeros(points, dtype=bool)
    for centre, radius in zip(packing.centres, packing.radii, strict=True):
        gap = where - centre
        gap[:, :2] -= np.round(gap[:, :2] / packing.size[:2]) * packing.size[:2]
        covered |= (gap**2).sum(axis=1) < radius**2
    return float(1.0 - covered.mean())


@pytest.mark.mpi
def test_all_beads_of_the_recipe_are_in_the_packing() -> None:
    """Ids, phases and radii are those of the bead table, centres lie between the plates."""
    packing, table = manufactured().packing, settings().recipe.bead_table()
    assert np.array_equal(packing.particle_ids, table.ids)
    assert np.array_equal(packing.phases, table.phases)
    assert np.array_equal(packing.radii, table.dry_radii)
    assert np.all((packing.centres >= packing.lower) & (packing.centres <= packing.upper))
    assert packing.periodic == (True, True, False)
    assert packing.lower.tolist() == [0.0, 0.0, 0.0]


@pytest.mark.mpi
def test_composition_holds_by_mass() -> None:
    """Weight fractions of the packing, from its spheres and the densities, within one bead."""
    packing, powders = manufactured().packing, settings().recipe.powders
    volume = 4.0 / 3.0 * np.pi * packing.radii**3
    masses = [p.density * volume[packing.phases == p.phase].sum() for p in powders]
    for powder, mass in zip(powders, masses, strict=True):
        # One bead changes its own mass and the total.
        tolerance = 1.5 * powder.mean_bead_mass / sum(masses)
        assert mass / sum(masses) == pytest.approx(powder.weight_fraction, abs=tolerance)


@pytest.mark.mpi
def test_porosity_falls_with_calendering_at_fixed_width() -> None:
    """Each increment closes pores; thickness is the printed share of the dried thickness."""
    result = manufactured()
    porosity = result.curves["calendering"]["porosity"]
    assert np.all(np.diff(porosity[:-1]) < 0.0)
    dried, calendered = result.report["dried"], result.report["calendered"]
    assert calendered["porosity"] < dried["porosity"] - 0.1
    assert calendered["thickness_um"] == pytest.approx(0.7 * dried["thickness_um"], rel=1e-9)
    assert calendered["box_um"][:2] == pytest.approx(result.report["slurry"]["box_um"][:2], rel=1e-9)
    pressure = result.curves["calendering"]["pressure_z_Pa"]
    assert pressure[-1] > 2.0 * pressure[0] > 0.0


@pytest.mark.mpi
def test_reported_porosity_is_that_of_the_packing() -> None:
    """100,000 random points in the saved geometry; their standard deviation is 0.0015."""
    result = manufactured()
    assert result.report["calendered"]["porosity_without_nanopores"] == pytest.approx(
        sampled_void(result.packing), abs=0.006
    )


@pytest.mark.mpi
def test_densities_are_mass_over_box() -> None:
    """Slurry: beads with solvent; dried and calendered: dry beads."""
    report, table = manufactured().report, settings().recipe.bead_table()
    for name, mass in (("slurry", table.wet_mass), ("dried", table.dry_mass), ("calendered", table.dry_mass)):
        volume = float(np.prod(report[name]["box_um"])) * 1e-18
        assert report[name]["density_g_cm3"] == pytest.approx(mass / volume / 1000.0, rel=1e-9)


@pytest.mark.mpi
def test_every_stage_ends_at_rest_and_at_its_pressure() -> None:
    """The criterion is met, and the barostats reached 1 atm and 7 kPa."""
    report = manufactured().report
    for stage in ("slurry", "dried", "calendered"):
        figures = report[stage]["stationarity"]
        assert abs(figures["drift"]) <= figures["maximum_drift"]
        assert figures["bead_travel_diameters"] <= figures["maximum_bead_travel_diameters"]
    assert report["slurry"]["pressure_Pa"] == pytest.approx(101325.0, rel=0.02)
    # 90 beads at 7 kPa fluctuate by some tenths of a kPa.
    assert report["dried"]["pressure_z_Pa"] == pytest.approx(7000.0, abs=1000.0)


@pytest.mark.mpi
def test_the_packing_does_not_depend_on_how_many_ranks_call() -> None:
    """All ranks hold the packing that one rank alone makes."""
    alone = manufacture(settings(), MPI.COMM_SELF).packing
    assert np.array_equal(manufactured().packing.centres, alone.centres)


@pytest.mark.mpi
def test_all_ranks_together_are_reproducible_and_agree_with_one() -> None:
    """The same number of working ranks repeats bit by bit; another number agrees statistically."""
    together = replace(settings(), ranks=MPI.COMM_WORLD.size)
    first, second = (manufacture(together, MPI.COMM_WORLD) for _ in range(2))
    assert np.array_equal(first.packing.centres, second.packing.centres)
    one = manufactured().report
    assert first.report["slurry"]["density_g_cm3"] == pytest.approx(one["slurry"]["density_g_cm3"], rel=0.02)
    assert first.report["calendered"]["porosity"] == pytest.approx(one["calendered"]["porosity"], abs=0.06)


@pytest.mark.mpi
def test_stages_are_saved_logged_and_shown(tmp_path: Path) -> None:
    """Every stage leaves its packing; rank 0 alone logs the criterion and shows progress up to 1."""
    folder = Path(MPI.COMM_WORLD.bcast(str(tmp_path), root=0)) / "new"
    lines: list[str] = []
    shown: list[tuple[str, float]] = []
    result = manufacture(
        settings(), MPI.COMM_WORLD, lines.append, lambda stage, done, _: shown.append((stage, done)), folder
    )
    assert np.array_equal(load_packing(folder / "packing_calendered.h5").centres, result.packing.centres)
    assert load_packing(folder / "packing_slurry.h5").periodic == (True, True, True)
    assert load_packing(folder / "packing_dried.h5").provenance["stage"] == "dried"
    if MPI.COMM_WORLD.rank == 0:
        assert sum("stationary" in line for line in lines) == 3
        assert [stage for stage, done in shown if done == 1.0][-1] == "calendering"
    else:
        assert not lines
        assert not shown


def test_provenance_names_what_was_assumed() -> None:
    """Seed, ranks and the calibrated drying pressure travel with the packing."""
    provenance = manufactured().packing.provenance
    assert provenance["seed"] == 1
    assert provenance["ranks"] == 1
    assert {"drying.pressure", "calendering.plate_stiffness"} <= {a["name"] for a in provenance["assumptions"]}


def test_crop_planes_lie_inside_the_plates() -> None:
    """A crop depth of 1 um takes 2 um of the thickness and moves the beads down by 1 um."""
    deep = replace(settings(), calendering=replace(settings().calendering, crop_depth=1e-6))
    cropped, whole = manufacture(deep, MPI.COMM_SELF), manufactured()
    assert cropped.packing.size[2] == pytest.approx(whole.packing.size[2] - 2e-6, rel=1e-9)
    kept = np.isin(whole.packing.particle_ids, cropped.packing.particle_ids)
    moved = whole.packing.centres[kept] - np.array([0.0, 0.0, 1e-6])
    assert cropped.packing.centres == pytest.approx(moved, abs=1e-15)
    left = (1.0 - sampled_void(cropped.packing)) * cropped.packing.size[2]
    share = 1.0 - left / ((1.0 - sampled_void(whole.packing)) * whole.packing.size[2])
    assert cropped.report["calendered"]["cropped_solid_share"] == pytest.approx(share, abs=0.01)
    assert whole.report["calendered"]["cropped_solid_share"] == 0.0
    assert cropped.report["calendered"]["thickness_um"] == pytest.approx(cropped.packing.size[2] / 1e-6)


@pytest.mark.mpi
def test_a_stage_that_does_not_come_to_rest_is_an_error_on_all_ranks(tmp_path: Path) -> None:
    """Drying with too few samples fails by name; the slurry before it was saved."""
    folder = Path(MPI.COMM_WORLD.bcast(str(tmp_path), root=0))
    impatient = StationarityCriterion("density", 1e-9, 1e-9, maximum_samples=12)
    short = replace(settings(), drying=replace(settings().drying, criterion=impatient))
    with pytest.raises(StageError, match="drying: not stationary"):
        manufacture(short, MPI.COMM_WORLD, directory=folder)
    assert (folder / "packing_slurry.h5").exists()
    assert not (folder / "packing_dried.h5").exists()


def test_a_time_step_that_explodes_is_an_error_with_the_last_state() -> None:
    """Ten times the stable time step loses beads or leaves numbers that are not finite."""
    wild = replace(settings(), slurry=replace(settings().slurry, time_step=5e-6))
    with pytest.raises(StageError, match="slurry"):
        manufacture(wild, MPI.COMM_SELF)


@pytest.mark.mpi
def test_wrong_settings_are_refused_before_any_simulation(tmp_path: Path) -> None:
    """Too few ranks, a folder that is a file, a film narrower than two beads, an impossible degree."""
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(InputError, match=r"manufacturing\.ranks"):
        manufacture(replace(settings(), ranks=MPI.COMM_WORLD.size + 1), MPI.COMM_WORLD)
    with pytest.raises(InputError, match="cannot be made"):
        manufacture(settings(), MPI.COMM_WORLD, directory=file / "below")
    with pytest.raises(InputError, match=r"recipe\.total_beads"):
        manufacture(replace(settings(), slurry=SlurryStage(aspect_ratio=40.0)), MPI.COMM_WORLD)
    with pytest.raises(InputError, match=r"calendering\.degree.*0\.9"):
        replace(settings().calendering, degree=0.9)
    with pytest.raises(InputError, match=r"drying\.pressure"):
        replace(settings().drying, pressure=-1.0)
