"""Cells that meet in a point only exchange no current: nodes there are split.

Seen to fail with: no vertex split for pinches, copies on periodic walls not counted as one vertex (a pinch through the
wall stays joined), pinches split without telling the periodic reduction (copies joined again by position).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from mpi4py import MPI

from manufacturing.phases import Phase
from solver.conduction_drive import PlaneDrive
from solver.conduction_problem import ConductionProblem, build_problem
from solver.conduction_solution import solve_problem
from solver.connectivity import CellGraph
from solver.lower_bound import lower_bounds
from tests.unit.box_mesh import boxes

COLUMN = [(0, 0, z) for z in range(4)]
ARM = [(1, 0, 0), (2, 0, 0), (2, 1, 0), (2, 1, 1), (2, 1, 2)]  # joined to the column below
TIP = (1, 1, 2)  # ends in the corner (1, 1, 2) of the column's box (0, 0, 1)


def problem(members: list[tuple[int, int, int]], shift: tuple[int, int], comm: MPI.Intracomm) -> ConductionProblem:
    """Boxes of SE in void between periodic walls, moved through the walls."""
    phases = np.full((4, 4, 4), int(Phase.void))
    for place in members:
        phases[place] = int(Phase.SE)
    mesh = boxes(np.roll(phases, shift, axis=(0, 1)))
    drive = PlaneDrive((True, True))
    return build_problem("test", mesh, mesh.per_cell({Phase.SE: 1.0}), drive, CellGraph(mesh), comm)


def conductivity(given: ConductionProblem, order: int, comm: MPI.Intracomm) -> float:
    """Effective conductivity by energy."""
    found: npt.NDArray[np.float64] = solve_problem(given, order, 1e-12, comm).by_energy
    return float(found[0, 0])


@pytest.mark.mpi
@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("shift", [(0, 0), (3, 0), (0, 3), (3, 3), (2, 1)])
def test_a_corner_passes_no_current(order: int, shift: tuple[int, int], comm: MPI.Intracomm) -> None:
    """An arm whose tip meets the column in a point carries nothing, wherever the box is cut."""
    without = conductivity(problem([*COLUMN, *ARM], (0, 0), comm), order, comm)
    pinched = problem([*COLUMN, *ARM, TIP], shift, comm)
    # What creeps into the dead arm from its joint with the column sees the volume of the tip.
    assert conductivity(pinched, order, comm) == pytest.approx(without, rel=1e-5)
    assert (pinched.fans >= 0).any()
    joined = conductivity(problem([*COLUMN, *ARM, TIP, (1, 0, 2)], (0, 0), comm), order, comm)
    assert joined > without * (1.0 + 1e-3), "a whole box between column and tip carries"


@pytest.mark.mpi
def test_nothing_is_split_where_nothing_is_pinched(comm: MPI.Intracomm) -> None:
    """Corners on planes, walls and edges of the network have one fan."""
    whole = problem([*COLUMN, *ARM], (2, 1), comm)
    assert not (whole.fans >= 0).any()
    assert whole.mesh.vertices.shape == boxes(np.zeros((4, 4, 4), dtype=int)).vertices.shape


@pytest.mark.mpi
@pytest.mark.parametrize("flux_order", [0, 1])
def test_bounds_know_it_without_splitting(flux_order: int, comm: MPI.Intracomm) -> None:
    """Fluxes pass through facets only, so the bound is the same with the tip and below the energy."""
    sharp, plain = (problem([*COLUMN, *ARM, *tip], (3, 3), comm) for tip in ([TIP], []))
    (with_tip,), (without,) = (lower_bounds(one, flux_order, comm) for one in (sharp, plain))
    assert with_tip.conductivity == pytest.approx(without.conductivity, rel=1e-9)
    assert with_tip.conductivity < conductivity(sharp, 2, comm)
