"""Stress of sheared slurries: two beads by hand, sign and rate of the flow, exact similarity, ranks."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mpi4py import MPI

from manufacturing.beads import BeadClass, BeadTable
from manufacturing.calibration import Calibration, Target
from manufacturing.configuration import Configuration
from manufacturing.errors import InputError, StageError
from manufacturing.flow_curve import FlowCurveTest, read_flow_curve
from manufacturing.force_field import Attraction, Contact, ForceField
from manufacturing.lammps_engine import LammpsEngine
from manufacturing.parameter_sets import CALIBRATED
from manufacturing.phases import Phase
from manufacturing.reporter import Reporter
from manufacturing.shear import ShearTest, require_steady, stress_commands
from manufacturing.stage import Workplace

DIAMETER, MASS = 7.5e-6, 2e-13  # [m], [kg]
EDGE = 40e-6  # [m]
FIELD = ForceField({Phase.CBD: Attraction(0.5, 0.97, 2.2)}, Contact(0.3, 20.0, 0.0))
WORKPLACE = Workplace(MPI.COMM_WORLD, Reporter())
QUICK = ShearTest(
    steps_per_strain=2000, readings_per_sample=10, samples_per_strain=20, minimum_strain=0.4, maximum_strain=0.4
)


def slurry(cells: int = 4, spacing: float = 6.3e-6) -> tuple[BeadTable, Configuration]:
    """Return equal beads on a cubic grid, displaced at random by up to a tenth of the spacing."""
    grid = np.stack(np.meshgrid(*[np.arange(cells)] * 3, indexing="ij"), axis=-1).reshape(-1, 3) + 0.5
    grid += np.random.default_rng(1).uniform(-0.1, 0.1, grid.shape)
    beads = BeadTable((BeadClass(Phase.CBD, cells**3, 3e-6, DIAMETER, 0.3 * MASS, MASS),))
    return beads, Configuration(grid * spacing, np.zeros(3), np.full(3, cells * spacing))


def two_bead_stress(separation: list[float], speed: float) -> dict[str, float]:
    """Return the shear stresses [Pa] of two beads that approach along their line with a speed [m/s]."""
    direction = np.array(separation) / np.linalg.norm(separation)
    centres = np.array([[20e-6] * 3, np.full(3, 20e-6) + separation])
    with LammpsEngine(MPI.COMM_WORLD, "two beads", 1e-9) as engine:
        engine.create(Configuration(centres, np.zeros(3), np.full(3, EDGE)), np.zeros(2, int), "p p p", triclinic=True)
        engine.set_beads([DIAMETER], [MASS], np.array([2]))
        engine.set_force_field(FIELD, [Phase.CBD], [DIAMETER])
        engine.command("set atom 2 vx {} vy {} vz {}".format(*(-speed * direction)))
        engine.command("fix move all nve/sphere", "fix shear all deform 1 xy erate 1e-12 remap v")
        engine.command(*stress_commands(1, 1))
        engine.run(0)
        return {name: engine.value(f"mean_{name}") * 1e3 for name in ("stress", "contact", "attraction", "normal")}


@pytest.mark.mpi
def test_stress_of_two_beads_is_the_one_by_hand() -> None:
    """tau = -x F_y / V with the printed pair laws, in its contact and its attractive part."""
    separation = [5.0e-6, 3.0e-6, 2.0e-6]  # 6.16 um apart: an overlap of 1.34 um
    speed = 2e-3
    found = two_bead_stress(separation, speed)
    x, y, z = separation
    distance = math.sqrt(x * x + y * y + z * z)
    overlap, reduced = DIAMETER - distance, DIAMETER / 4.0
    # [kPa] = 1e3 N/m2; damping 1/(um us) = 1e12 1/(m s).
    contact = math.sqrt(overlap * reduced) * (0.3e3 * overlap + 0.5 * MASS * 20.0e12 * speed)
    epsilon, ratio = 0.5 * 7.5e-15, 0.97 * DIAMETER / distance
    attraction = 24.0 * epsilon / distance * (2.0 * ratio**12 - ratio**6)
    geometry = x * y / (distance * EDGE**3)
    assert found["contact"] == pytest.approx(-contact * geometry, rel=1e-6)
    assert found["attraction"] == pytest.approx(-attraction * geometry, rel=1e-6)
    assert found["stress"] == pytest.approx(found["contact"] + found["attraction"], rel=1e-9)
    assert found["normal"] == pytest.approx((contact + attraction) * y * y / (distance * EDGE**3), rel=1e-6)


def test_box_is_sheared_at_the_rate_and_the_flow_dissipates() -> None:
    """After a strain of 0.4 the upper face is 0.4 of the height along +x; viscous stress is positive."""
    beads, start = slurry()
    viscous = CALIBRATED.slurry.scaled(0.01, 10.0)
    result = replace(QUICK, force_field=viscous).run(beads, start, WORKPLACE, 200.0)
    assert result.tilt == pytest.approx(0.4 * start.size[1], rel=1e-6)
    assert result.point.strain == pytest.approx(0.4)
    assert result.point.contact > 0.0 < result.point.stress
    assert result.point.stress == pytest.approx(result.point.contact + result.point.attraction, rel=1e-9)
    assert result.point.steps * result.point.time_step * 200.0 == pytest.approx(0.4, rel=1e-9)
    assert not result.point.converged
    with pytest.raises(StageError, match="not steady at 200"):
        require_steady(result)


@pytest.mark.parametrize(("energy", "damping", "rate", "scale"), [(0.25, 0.25, 1.0, 0.25), (2.0, 1.0, 2.0, 0.5)])
def test_stress_scales_with_the_energies(energy: float, damping: float, rate: float, scale: float) -> None:
    """tau(rate; e, g) = e f(g rate / e): the same path of the beads at another time scale, so to round-off."""
    beads, start = slurry()
    one = replace(QUICK, inertial_scale=40.0).run(beads, start, WORKPLACE, 100.0)
    field = CALIBRATED.slurry.scaled(energy, damping)
    other = replace(QUICK, force_field=field, inertial_scale=40.0 * scale).run(beads, start, WORKPLACE, 100.0 * rate)
    assert other.point.stress == pytest.approx(energy * one.point.stress, rel=1e-5)
    assert other.point.contact == pytest.approx(energy * one.point.contact, rel=1e-5)
    assert other.configuration.centres == pytest.approx(one.configuration.centres, abs=1e-10)


def test_density_at_scaled_pressure_is_the_same() -> None:
    """Energies and normal stress times 1/4 at the same path: density to round-off, and it moved."""
    beads, start = slurry()
    test = replace(QUICK, inertial_scale=40.0, normal_stress=30.0)
    one = test.run(beads, start, WORKPLACE, 100.0)
    scaled = replace(
        test, force_field=CALIBRATED.slurry.scaled(0.25, 0.25), inertial_scale=10.0, normal_stress=7.5
    ).run(beads, start, WORKPLACE, 100.0)
    assert scaled.point.density == pytest.approx(one.point.density, rel=1e-6)
    assert scaled.point.normal_stress == pytest.approx(0.25 * one.point.normal_stress, rel=1e-4)
    assert one.curves["density"][-1] != pytest.approx(one.curves["density"][0], rel=1e-4)


def test_normal_stress_is_kept() -> None:
    """The volume follows until the mean normal stress is the wanted one."""
    beads, start = slurry(spacing=5.0e-6)
    test = ShearTest(steps_per_strain=1500, samples_per_strain=60, normal_stress=60.0, minimum_strain=4.0)
    result = replace(test, maximum_strain=4.0).run(beads, start, WORKPLACE, 100.0)
    assert np.mean(result.curves["normal"][120:]) == pytest.approx(60.0, rel=0.05)


@pytest.mark.mpi
def test_all_ranks_together_shear_like_one() -> None:
    """The same slurry on one rank and on all: viscosities agree within their errors."""
    beads, start = slurry(spacing=5.2e-6)
    test = ShearTest(steps_per_strain=1000, samples_per_strain=40, minimum_strain=2.0, maximum_strain=2.5)
    alone = test.run(beads, start, Workplace(MPI.COMM_SELF, Reporter()), 300.0).point
    together = test.run(beads, start, WORKPLACE, 300.0).point
    allowed = 4.0 * math.hypot(alone.stress_error, together.stress_error) + 0.01 * alone.stress
    assert together.stress == pytest.approx(alone.stress, abs=allowed)
    assert alone.stress_error < 0.1 * alone.stress


@pytest.mark.mpi
def test_finished_rates_are_not_run_again(shared_tmp_path: Path) -> None:
    """A second run reads what the first one left; another slurry or other settings start afresh."""
    beads, start = slurry(3)
    path = shared_tmp_path / "flow_curve.csv"
    lines: list[str] = []
    shear = replace(QUICK, steps_per_strain=400, readings_per_sample=10)
    first = FlowCurveTest(shear, (1000.0, 300.0)).run(beads, start, WORKPLACE, path)
    second = FlowCurveTest(shear, (1000.0, 300.0, 600.0, 100.0)).run(beads, start, WORKPLACE, path)
    assert [p.shear.rate for p in second.points] == [100.0, 300.0, 600.0, 1000.0]
    assert second.points[1].core_seconds == pytest.approx(first.points[0].core_seconds)
    assert second.herschel_bulkley is not None
    assert first.power_law is None
    stored = read_flow_curve(path)
    for ours, theirs in zip(second.points, stored.points, strict=True):
        assert theirs.row() == pytest.approx(ours.row(), rel=1e-9)
    other = FlowCurveTest(replace(shear, density=1900.0), (300.0,))
    other.run(beads, start, Workplace(MPI.COMM_WORLD, Reporter(MPI.COMM_WORLD.rank, lines.append)), path)
    assert len(read_flow_curve(path).points) == 1
    with pytest.raises(StageError, match="not steady"):
        replace(other, strict=True).run(beads, start, WORKPLACE, path)


def test_calibration_goes_on_from_its_evaluations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second run takes every evaluation from the file, also after a line that a kill cut short."""
    beads, start = slurry(3, spacing=5.2e-6)
    path = tmp_path / "calibration.jsonl"
    shear = replace(QUICK, minimum_strain=0.2, maximum_strain=0.2)
    calibration = Calibration(
        Target({500.0: 0.1}, 1400.0), {"damping": 0.1}, CALIBRATED.slurry, shear=shear, maximum_steps=2
    )
    first = calibration.run(beads, start, WORKPLACE, path)
    with path.open("a") as stream:
        stream.write('\n{"key": "cut sho')
    monkeypatch.setattr(Calibration, "evaluate", None)
    second = calibration.run(beads, start, WORKPLACE, path)
    assert second == first
    assert len(first.path) >= 2
    assert first.best.density == pytest.approx(1400.0, rel=1e-9)


@pytest.mark.parametrize("setting", [{"density": -1.0}, {"maximum_strain": 1.0}, {"steps_per_strain": 100}])
def test_wrong_settings_are_named(setting: dict[str, float]) -> None:
    """The field that is wrong is in the message."""
    with pytest.raises(InputError, match=f"shear.{next(iter(setting))}"):
        ShearTest(**setting)  # type: ignore[arg-type]


@pytest.mark.parametrize("rates", [(), (0.0,), (1.0, 1.0)])
def test_wrong_rates_are_named(rates: tuple[float, ...]) -> None:
    """None, zero, and the same one twice."""
    with pytest.raises(InputError, match="flow_curve.rates"):
        FlowCurveTest(rates=rates)
