"""Interface resistances: layers, a brick wall, a neutral inclusion, a slit, parts that hang on resistances only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mpi4py import MPI

from cases.runner import run_in_process
from manufacturing.phases import Phase
from solver.conduction_drive import PlaneDrive
from solver.conduction_problem import ConductionProblem
from solver.conduction_solution import solve_problem
from solver.connectivity import CellGraph
from solver.resistive_facets import Contacts, Resistances, split_mesh
from tests.unit.box_mesh import boxes

from .shipped_cases import simple_cubic_radius

EXACT = 1e-9
UM = 1e-6


def conduction(case: dict[str, Any], out: Path, comm: MPI.Intracomm) -> dict[str, Any]:
    """The conduction results of a case without fields."""
    result: dict[str, Any] = run_in_process(case | {"output": {"fields": False}}, out, comm)["conduction"]
    return result


def layers(axis: str = "z", **solves: Any) -> dict[str, Any]:
    """SE 2 um, AM 1 um, SE 1 um: two interfaces along z; along x three, one through the wall is SE|SE."""
    slabs = [{"phase": p, "thickness": t * UM, "cells": 2} for p, t in (("SE", 2.0), ("AM", 1.0), ("SE", 1.0))]
    geometry = {"source": "layers", "axis": axis, "layers": slabs, "width": 3 * UM, "cells_across": 2}
    return {"geometry": geometry, "conduction": solves}


@pytest.mark.mpi
@pytest.mark.parametrize("order", [1, 2, 3])
def test_layers_with_contact_resistance_are_exact(order: int, shared_tmp_path: Path, comm: MPI.Intracomm) -> None:
    """L/sigma_eff = sum(L_i/sigma_i) + 2 R, from 1e-5 to a million times the layers' own resistance."""
    bulk = 3.0 * UM / 1.0 + 1.0 * UM / 4.0
    given = {f"r{k}": bulk * 10.0**k for k in (-5, -2, 0, 3, 6)} | {"none": 0.0, "hardly": 1e-9 * bulk}
    sigma = {"SE": 1.0, "AM": 4.0}
    solves = {n: {"conductivity": sigma, "order": order, "resistance": {"AM|SE": r}} for n, r in given.items()}
    found = conduction(layers(**solves), shared_tmp_path, comm)
    for name, resistance in given.items():
        expected = 4.0 * UM / (bulk + 2.0 * resistance)
        tolerance = {"hardly": 3e-9, "r6": 1e-6}.get(name, EXACT)
        for key in ("effective_conductivity_S_m", "effective_conductivity_by_flux_S_m"):
            assert found[name][key] == pytest.approx(expected, rel=tolerance), name
    assert found["none"]["unknowns"] < found["r0"]["unknowns"], "only resistances split the mesh"
    assert found["none"]["unknowns"] == found["hardly"]["unknowns"], "and only those that matter"
    assert found["r0"]["composite_bounds"]["wiener"][0] == 0.0
    assert found["none"]["composite_bounds"]["wiener"][0] > 0.0


@pytest.mark.mpi
def test_resistances_across_a_lateral_current(shared_tmp_path: Path, comm: MPI.Intracomm) -> None:
    """Stacked along x: two interfaces AM|SE resist a current along x, none along y and z."""
    solve = {"conductivity": {"SE": 1.0, "AM": 4.0}, "resistance": {"AM|SE": 2e-6}, "directions": ["x", "y", "z"]}
    found = conduction(layers("x", s=solve), shared_tmp_path, comm)["s"]["by_direction"]
    across = 4.0 * UM / (3.25 * UM + 2.0 * 2e-6)
    for direction, expected in (("x", across), ("y", 1.75), ("z", 1.75)):
        assert found[direction]["effective_conductivity_S_m"] == pytest.approx(expected, rel=EXACT)
        assert found[direction]["effective_conductivity_by_flux_S_m"] == pytest.approx(expected, rel=EXACT)


@pytest.mark.mpi
def test_a_facet_on_a_periodic_wall_resists(shared_tmp_path: Path, comm: MPI.Intracomm) -> None:
    """SE then AM along x: one of the two interfaces lies on the walls x- and x+."""
    case = layers(
        "x", s={"conductivity": {"SE": 1.0, "AM": 4.0}, "resistance": {"AM|SE": 2e-6}, "directions": ["x", "z"]}
    )
    case["geometry"]["layers"] = case["geometry"]["layers"][:2]
    for name, order in (("p1", 1), ("p3", 3)):
        case["conduction"][name] = case["conduction"]["s"] | {"order": order}
    found = conduction(case, shared_tmp_path, comm)
    for name in ("p1", "s", "p3"):
        directions = found[name]["by_direction"]
        expected = 3.0 * UM / (2.25 * UM + 2.0 * 2e-6)
        assert directions["x"]["effective_conductivity_S_m"] == pytest.approx(expected, rel=EXACT)
        assert directions["x"]["effective_conductivity_by_flux_S_m"] == pytest.approx(expected, rel=EXACT)
        assert directions["z"]["effective_conductivity_S_m"] == pytest.approx(2.0, rel=EXACT)


@pytest.mark.mpi
@pytest.mark.parametrize("resistance", [1e-3, 1e30, "inf"])
def test_parts_that_hang_on_resistances_only(resistance: Any, shared_tmp_path: Path, comm: MPI.Intracomm) -> None:
    """A thousand times the bulk is solved; what insulates cuts the path and leaves nothing floating."""
    value = float(resistance)
    solve = {"conductivity": {"SE": 1.0, "AM": 1.0}, "resistance": {"AM|SE": value}, "directions": ["x", "y", "z"]}
    case = {
        "geometry": {"source": "checkerboard", "edge": 1 * UM, "counts": (2, 2), "cells": 4},
        "conduction": {"s": solve},
    }
    found = conduction(case, shared_tmp_path, comm)["s"]["by_direction"]
    assert found["z"]["percolates"] is (value < 1.0)
    assert found["x"]["percolates"] is (value < 1.0)
    assert found["y"]["effective_conductivity_S_m"] == pytest.approx(1.0, rel=EXACT), "no joint across y"
    if value < 1.0:  # squares are almost equipotentials: half squares below and above, one joint of 1 um^2 per column
        assert found["z"]["effective_conductivity_S_m"] == pytest.approx(2 * UM / (2.0 * value), rel=0.3)
        assert found["x"]["effective_conductivity_by_flux_S_m"] == pytest.approx(
            found["x"]["effective_conductivity_S_m"], rel=1e-6
        )


@pytest.mark.mpi
def test_brick_wall_in_the_limits(shared_tmp_path: Path, comm: MPI.Intracomm) -> None:
    """Courses along z; with equipotential bricks the joints are a network of resistors.

    Along z bed joints and bricks are in series and head joints carry nothing: sigma_z = L/(L/sigma + (n - 1) R) for
    any R. Along x, with R >> b/sigma, bricks are equipotentials: head joints (b_y b_z, step b_x) in parallel with bed
    joints (four quarters of b_x b_y each way, step b_x/2), sigma_x = [b_x + (n - 1)/n b_x^2/(4 b_z)]/R.
    """
    b, n = (2 * UM, 2 * UM, 1 * UM), 4
    wall = {"source": "bricks", "brick": b, "counts": (2, 2, n), "cells": 1}
    solves = {
        f"r{k}": {"conductivity": {"SE": 0.5}, "resistance": {"SE|SE": r}, "order": 1, "directions": ["x", "z"]}
        for k, r in enumerate((1e-7, 1e-5, 1e-1))
    }
    case = {"geometry": wall, "mesh": {"contact_planes": ["SE"]}, "conduction": solves}
    found = conduction(case, shared_tmp_path, comm)
    for name, solve in solves.items():
        expected = 4 * UM / (4 * UM / 0.5 + 3.0 * solve["resistance"]["SE|SE"])
        assert found[name]["effective_conductivity_S_m"] == pytest.approx(expected, rel=1e-8)
        assert found[name]["effective_conductivity_by_flux_S_m"] == pytest.approx(expected, rel=1e-8)
    along = found["r2"]["by_direction"]["x"]["effective_conductivity_S_m"]
    assert along == pytest.approx((b[0] + (n - 1) / n * b[0] ** 2 / (4 * b[2])) / 1e-1, rel=1e-4)
    assert found["r2"]["by_direction"]["x"]["effective_conductivity_by_flux_S_m"] == pytest.approx(along, rel=1e-4)


@pytest.mark.mpi
def test_a_neutral_inclusion_is_invisible(shared_tmp_path: Path, comm: MPI.Intracomm) -> None:
    """Spheres of conductivity alpha k with R = (1 - 1/alpha) a/k leave the field uniform: sigma_eff = k (to 0.1 %)."""
    radius, alpha = simple_cubic_radius(0.3), 10.0
    sphere = {"phase": "AM", "centre": (5e-6, 5e-6, 5e-6), "radius": radius}
    geometry = {"source": "spheres", "box": (1e-5,) * 3, "matrix": "SE", "spheres": [sphere]}
    solve = {"conductivity": {"SE": 1.0, "AM": alpha}, "resistance": {"AM|SE": (1.0 - 1.0 / alpha) * radius}}
    solves = {"r": solve, "without": {"conductivity": solve["conductivity"]}}
    case = {"geometry": geometry, "mesh": {"cell_size": 0.7e-6}, "conduction": solves}
    found = conduction(case, shared_tmp_path, comm)
    assert found["r"]["effective_conductivity_S_m"] == pytest.approx(1.0, rel=1e-3)
    assert found["without"]["effective_conductivity_S_m"] > 1.8
    assert found["r"]["effective_conductivity_by_flux_S_m"] == pytest.approx(
        found["r"]["effective_conductivity_S_m"], rel=EXACT
    )


def slit(cells: int, resistance: float, order: int, comm: MPI.Intracomm) -> float:
    """sigma_eff/sigma of the bar with a slit."""
    return float(solve_problem(slit_problem(cells, resistance), order, 1e-11, comm).by_energy[0, 0])


def slit_problem(cells: int, resistance: float) -> ConductionProblem:
    """A bar of width w in x and length 4 w, with a plane across its middle where x < w/2."""
    phases = np.full((cells, 1, 4 * cells), int(Phase.SE))
    mesh = boxes(phases, (False, False, False))
    graph = CellGraph(mesh)
    contacts = Contacts.of(graph)
    middle = mesh.vertices[contacts.first].mean(axis=1) - (0.5 * mesh.lower + 0.5 * mesh.upper)
    on_plane = np.ptp(mesh.vertices[contacts.first][:, :, 2], axis=1) < 0.01 * UM
    chosen = on_plane & (np.abs(middle[:, 2]) < 0.01 * UM) & (middle[:, 0] < 0.0)
    resistances = Resistances(contacts, np.where(chosen, resistance, 0.0), ("SE|SE",), np.where(chosen, 0, -1))
    sigma = np.ones(len(mesh.cells))
    drive = PlaneDrive((False, False))
    split = split_mesh(mesh, resistances, sigma > 0.0)
    given = {"SE|SE": resistance}
    none, all_of_it = np.empty(0, dtype=np.int64), np.ones(1)
    return ConductionProblem(
        "slit", split.mesh, sigma, sigma > 0.0, drive, none, all_of_it, given, split.resistive, split.fans
    )


@pytest.mark.mpi
@pytest.mark.parametrize("order", [1, 2, 3])
def test_a_continuous_potential_does_not_jump(order: int, comm: MPI.Intracomm) -> None:
    """Both sides of a facet are compared point by point: x + 2 y is the same on both, on any rank."""
    problem = slit_problem(4, 1e-6)
    solution = solve_problem(problem, order, 1e-11, comm)
    assert solution.interface is not None
    function = solution.potentials[0]
    function.interpolate(lambda x: x[0] + 2.0 * x[1])
    power = solution.interface.power(function.x.petsc_vec)
    scale = float(solution.interface.weight.sum()) * 16e-12
    assert np.abs(power).sum() <= 1e-20 * scale + 1e-40


@pytest.mark.mpi
def test_a_plane_that_ends_inside_a_phase_is_a_slit(comm: MPI.Intracomm) -> None:
    """An insulating plane over half the width w lengthens the path by (2/pi) ln(2) w, exactly, by a conformal map.

    The square root at the edge leaves the first order in h; two meshes extrapolate. With a resistance the value
    lies between that of the slit and of the bar without it.
    """
    exact = 4.0 / (4.0 + 2.0 / np.pi * np.log(2.0))
    found = [slit(n, np.inf, 2, comm) for n in (6, 12)]
    errors = np.array(found) / exact - 1.0
    assert np.all(errors > 0.0), "energies lie above the exact value"
    assert errors[0] / errors[1] == pytest.approx(2.0, rel=0.1), errors
    assert 2.0 * found[1] - found[0] == pytest.approx(exact, rel=5e-4)
    between = [slit(6, r * UM, 2, comm) for r in (0.1, 1.0, 10.0)]
    assert 1.0 > between[0] > between[1] > between[2] > found[0]
