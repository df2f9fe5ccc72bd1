"""Forces between two beads in LAMMPS against the printed law, written here from its equations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from mpi4py import MPI

from manufacturing.configuration import Configuration
from manufacturing.errors import StageError
from manufacturing.force_field import DRIED_FORCE_FIELD, SLURRY_FORCE_FIELD, ForceField
from manufacturing.lammps_engine import LammpsEngine
from manufacturing.phases import Phase

# Table S1: epsilon/d, sigma/d, cut-off/d per phase; k_n, gamma_n. Micro units.
SLURRY = {Phase.AM: (1.0, 0.99, 1.5), Phase.SE: (10.5, 0.99, 1.5), Phase.CBD: (0.88, 0.97, 2.2)}
DRIED = {Phase.AM: (100.0, 0.93, 1.2), Phase.SE: (200.0, 0.93, 1.2), Phase.CBD: (400.0, 0.89, 2.2)}
CASES = [(SLURRY_FORCE_FIELD, SLURRY, 0.1, 55.0), (DRIED_FORCE_FIELD, DRIED, 100.0, 10.0)]
DIAMETER = {Phase.AM: 10.0, Phase.SE: 4.0, Phase.CBD: 3.0}  # [um]
BEAD_MASS = {Phase.AM: 2460.0, Phase.SE: 55.0, Phase.CBD: 6.4}  # [pg]
NEWTON = 1e-9  # pg um/us2


def lennard_jones(first: tuple[float, float, float], second: tuple[float, float, float], r: float) -> float:
    """Return the repulsion [pg um/us2] for epsilon, sigma and cut-off of each bead."""
    epsilon = math.sqrt(first[0] * second[0])
    sigma, cutoff = (first[1] + second[1]) / 2.0, (first[2] + second[2]) / 2.0
    return 0.0 if r >= cutoff else 24.0 * epsilon / r * (2.0 * (sigma / r) ** 12 - (sigma / r) ** 6)


def hertz(radii: tuple[float, float], r: float, stiffness: float, viscous: float) -> float:
    """Return the contact force; ``viscous`` is m_eff gamma_n times the approach speed."""
    overlap = radii[0] + radii[1] - r
    if overlap <= 0.0:
        return 0.0
    return math.sqrt(overlap * radii[0] * radii[1] / sum(radii)) * (stiffness * overlap + viscous)


def measured_force(
    field: ForceField, pair: tuple[Phase, Phase], distance: float, approach: float = 0.0, scale: float = 1.0
) -> float:
    """Return the force [N] that pushes the second bead away along x; distances in um, speed in um/us."""
    centres = np.array([[0.5, 20.0, 20.0], [0.5 + distance, 20.0, 20.0]]) * 1e-6
    box = Configuration(centres, np.zeros(3), np.full(3, 40e-6))
    diameters = [DIAMETER[phase] * 1e-6 for phase in pair]
    masses = [BEAD_MASS[phase] * 1e-15 for phase in pair]
    with LammpsEngine(MPI.COMM_WORLD, "two beads", 1e-9, scale) as engine:
        engine.create(box, np.array([0, 1]), "p p p")
        engine.set_beads(diameters, masses, np.array([1, 1]))
        engine.set_force_field(field, list(pair), diameters)
        engine.command(f"set atom 2 vx {-approach}")
        engine.run(0)
        forces = engine.forces()
    assert forces[0] == pytest.approx(-forces[1], rel=1e-9, abs=1e-20)
    return float(forces[1, 0])


def attraction(table: dict[Phase, tuple[float, float, float]], phase: Phase) -> tuple[float, float, float]:
    """Return epsilon, sigma and cut-off of a phase: the printed factors times its diameter."""
    epsilon, sigma, cutoff = (factor * DIAMETER[phase] for factor in table[phase])
    return epsilon, sigma, cutoff


@pytest.mark.mpi
@pytest.mark.parametrize(("field", "table", "stiffness", "damping"), CASES, ids=["slurry", "dried"])
@pytest.mark.parametrize("pair", [(Phase.AM, Phase.AM), (Phase.AM, Phase.CBD), (Phase.CBD, Phase.SE)])
@pytest.mark.parametrize("relative", [0.9, 0.99, 1.05, 1.3, 2.5])
def test_two_beads_feel_the_printed_force(
    field: ForceField,
    table: dict[Phase, tuple[float, float, float]],
    stiffness: float,
    damping: float,
    pair: tuple[Phase, Phase],
    relative: float,
) -> None:
    """In contact, in reach of the attraction and beyond it; distance relative to the sum of the radii."""
    radii = (DIAMETER[pair[0]] / 2.0, DIAMETER[pair[1]] / 2.0)
    r = relative * sum(radii)
    expected = lennard_jones(attraction(table, pair[0]), attraction(table, pair[1]), r)
    expected += hertz(radii, r, stiffness, 0.0)
    assert measured_force(field, pair, r) == pytest.approx(expected * NEWTON, rel=1e-6, abs=1e-20)


@pytest.mark.parametrize("scale", [1.0, 100.0])
def test_viscous_contact_force_does_not_depend_on_the_inertial_scale(scale: float) -> None:
    """Scaling the masses leaves the damping force of the true masses."""
    pair, approach, r = (Phase.AM, Phase.SE), 0.2, 6.5
    effective = BEAD_MASS[pair[0]] * BEAD_MASS[pair[1]] / (BEAD_MASS[pair[0]] + BEAD_MASS[pair[1]])
    expected = lennard_jones(attraction(SLURRY, pair[0]), attraction(SLURRY, pair[1]), r)
    expected += hertz((5.0, 2.0), r, 0.1, effective * 55.0 * approach)
    found = measured_force(SLURRY_FORCE_FIELD, pair, r, approach, scale)
    assert found == pytest.approx(expected * NEWTON, rel=1e-6)


def test_lost_beads_stop_the_stage_with_the_last_state() -> None:
    """A bead that flies out of an open box is an error that quotes the thermo line before."""
    box = Configuration(np.full((1, 3), 5e-6), np.zeros(3), np.full(3, 10e-6))
    with LammpsEngine(MPI.COMM_SELF, "flight", 1e-7) as engine:
        engine.create(box, np.array([0]), "p p f")
        engine.set_beads([1e-6], [1e-15], np.array([1]))
        engine.set_force_field(DRIED_FORCE_FIELD, [Phase.AM], [1e-6])
        engine.command("fix move all nve/sphere", "set atom 1 vz 1.0")
        engine.run(10)
        with pytest.raises(StageError, match=r"(?s)flight.*Lost atoms.*\n +10 +1 "):
            engine.run(1000)


def test_forces_without_a_value_stop_the_stage() -> None:
    """Two beads at the same place have no finite force."""
    box = Configuration(np.full((2, 3), 5e-6), np.zeros(3), np.full(3, 10e-6))
    with LammpsEngine(MPI.COMM_SELF, "coincident", 1e-7) as engine:
        engine.create(box, np.array([0, 0]), "p p p")
        engine.set_beads([1e-6], [1e-15], np.array([2]))
        engine.set_force_field(DRIED_FORCE_FIELD, [Phase.AM], [1e-6])
        with pytest.raises(StageError, match="coincident: the simulation blew up"):
            engine.run(0)


def test_beads_outside_the_box_are_refused() -> None:
    """An open face does not take beads beyond it."""
    box = Configuration(np.array([[5e-6, 5e-6, 20e-6]]), np.zeros(3), np.full(3, 10e-6))
    with (
        LammpsEngine(MPI.COMM_SELF, "outside", 1e-7) as engine,
        pytest.raises(StageError, match="1 of 1 beads lie outside"),
    ):
        engine.create(box, np.array([0]), "p p f")
