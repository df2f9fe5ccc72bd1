"""Conduction where it is hard: contrast 1e8, floating clusters, parts behind resistances, any number of ranks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from mpi4py import MPI
from petsc4py import PETSc

from manufacturing.phases import Phase
from meshing.labelled_mesh import LabelledMesh
from solver.conduction import ConductionSettings, solve_conduction
from solver.conduction_solution import PREFIX, PREFIX_OF_LEVELS
from tests.unit.box_mesh import boxes

RANKS = 1e-9  # relative agreement of ranks
SIGMA = {Phase.AM: 1.0, Phase.SE: 0.05, Phase.CBD: 20.0}


def composite(size: int = 8, seed: int = 3, periodic_z: bool = False) -> LabelledMesh:
    """Random boxes of AM, SE, CBD and void, each box a particle; SE and AM with contact planes."""
    random = np.random.default_rng(seed)
    phases = random.choice([1, 2, 3, 4], size=(size, size, size), p=[0.35, 0.35, 0.1, 0.2])
    return boxes(phases, (True, True, periodic_z), particles=np.arange(size**3), contact_planes=(Phase.AM, Phase.SE))


def summary(mesh: LabelledMesh, comm: MPI.Intracomm, **settings: Any) -> dict[str, Any]:
    """The summary of a solve with AM, SE and CBD conducting."""
    given = {"conductivities": SIGMA, "directions": ("x", "y", "z")} | settings
    return solve_conduction(mesh, ConductionSettings("s", **given), comm).summary


SOLVES: dict[str, dict[str, Any]] = {
    "planes": {"order": 1},
    "second order": {},
    "insulated": {"periodic": False, "directions": ("z",)},
    "cell": {"periodic_z": True, "order": 1},
    "resistances": {"resistances": {"AM|SE": 1e-5, "SE|SE": 1e-4, "AM|AM": 1e-6}, "order": 1},
    "resistances in a cell": {"resistances": {"AM|CBD": 1e-6, "SE|SE": 1e-4}, "order": 2, "periodic_z": True},
    "third order": {"resistances": {"AM|SE": 1e-5}, "order": 3, "directions": ("x",)},
}


@pytest.mark.mpi
@pytest.mark.parametrize("name", SOLVES)
def test_ranks_agree(name: str, comm: MPI.Intracomm) -> None:
    """Every rank solves alone and compares with the common answer; energy and flux agree, too."""
    mesh = composite(6, periodic_z=SOLVES[name].get("periodic_z", False))
    common, alone = summary(mesh, comm, **SOLVES[name]), summary(mesh, MPI.COMM_SELF, **SOLVES[name])
    for direction, expected in alone["by_direction"].items():
        found = common["by_direction"][direction]
        assert expected["percolates"]
        for key in ("effective_conductivity_S_m", "effective_conductivity_by_flux_S_m"):
            assert found[key] == pytest.approx(expected["effective_conductivity_S_m"], rel=RANKS), (direction, key)
    for key in ("tensor_S_m", "tensor_by_flux_S_m"):
        table = [[value or 0.0 for value in row] for row in common[key]]
        other = [[value or 0.0 for value in row] for row in alone["tensor_S_m"]]
        assert np.array(table) == pytest.approx(np.array(other), rel=RANKS, abs=RANKS * np.max(other))


@pytest.mark.mpi
@pytest.mark.parametrize("order", [1, 2])
def test_a_contrast_of_1e8_converges(order: int, comm: MPI.Intracomm) -> None:
    """AM as the good and as the bad one: few iterations, energy and flux the same, more than the good one alone."""
    mesh = composite()
    for good, bad in ((Phase.AM, Phase.SE), (Phase.SE, Phase.AM)):
        found = summary(mesh, comm, conductivities={good: 1.0, bad: 1e-8}, order=order)["by_direction"]
        alone = summary(mesh, comm, conductivities={good: 1.0}, order=order)["by_direction"]
        for direction, solve in found.items():
            assert solve["iterations"] < 60
            value, flux = (solve[f"effective_conductivity{by}_S_m"] for by in ("", "_by_flux"))
            assert flux == pytest.approx(value, rel=1e-7)
            assert value > alone[direction]["effective_conductivity_S_m"]


@pytest.mark.mpi
@pytest.mark.parametrize("periodic_z", [False, True])
def test_floating_clusters_never_make_a_singular_system(periodic_z: bool, comm: MPI.Intracomm) -> None:
    """Bars along each axis, islands, an island of CBD in resistive contact, and two bars that meet in an edge."""
    phases = np.full((7, 7, 7), int(Phase.void))
    phases[:, 1, 1] = phases[1, :, 5] = phases[3, 5, :] = Phase.SE
    phases[5, 5, 2:4] = phases[0, 0, 0] = Phase.SE  # islands
    phases[:, 2, 2] = Phase.SE  # a second bar along x that meets the first one in an edge
    phases[2, 1, 1] = Phase.AM  # interrupts the first bar by two resistances
    mesh = boxes(phases, (True, True, periodic_z), particles=np.arange(343), contact_planes=())
    for resistance in (0.0, 1e-6, np.inf):
        settings = {"conductivities": {Phase.SE: 1.0, Phase.AM: 1.0}, "resistances": {"AM|SE": resistance}}
        found = summary(mesh, comm, **settings, periodic_z=periodic_z, order=2)["by_direction"]
        bars = 2.0 if resistance == 0.0 else 1.0 + (7.0 / 9.0 if np.isfinite(resistance) else 0.0)
        for direction, count in (("x", bars), ("y", 1.0), ("z", 1.0)):
            value = found[direction]["effective_conductivity_S_m"]
            # Bars that share an edge exchange current there when only one of them has joints.
            assert value == pytest.approx(count / 49.0, rel=1e-2 if resistance == 1e-6 else 1e-9), direction
            assert found[direction]["iterations"] < 60


@pytest.mark.mpi
def test_what_only_insulating_facets_hold_is_left_out(comm: MPI.Intracomm) -> None:
    """All contacts between particles insulate: nothing percolates, in any direction, and nothing is solved."""
    names = ("AM|AM", "AM|SE", "AM|CBD", "SE|SE", "SE|CBD", "CBD|CBD")
    mesh = composite(5)
    mesh = replace(mesh, particle_ids=np.arange(len(mesh.cells)) // 6)
    found = summary(mesh, comm, resistances=dict.fromkeys(names, np.inf), order=1)["by_direction"]
    assert all(solve["percolates"] is False for solve in found.values())


@pytest.mark.mpi
def test_orders_do_not_share_solver_options(comm: MPI.Intracomm) -> None:
    """Options stay in PETSc's data base; those of one order once gave 418 instead of 18 iterations to another."""
    mesh = composite(6)
    for order in (1, 2, 1):
        assert summary(mesh, comm, order=order, directions=("z",))["iterations"] < 40
    options = PETSc.Options()
    assert options.getString(PREFIX + "pc_type") == "hypre"
    assert options.getString(PREFIX_OF_LEVELS + "pc_type") == "mg"
