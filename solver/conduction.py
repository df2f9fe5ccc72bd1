"""Steady conduction through the electrode: effective conductivity, tortuosity, percolation (Eqs. 1-5).

div(sigma grad phi) = 0 in the conducting phases. Along z phi = 0 on ``electrode_bottom`` and 1 V on the top
plane; along x and y, and along z of a mesh that is periodic there, phi has a mean gradient and a periodic
fluctuation. sigma_eff by energy equals that by flux to solver tolerance.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from mpi4py import MPI

from manufacturing.errors import InputError
from manufacturing.phases import COLLECTOR, Phase
from meshing.labelled_mesh import LabelledMesh

from .conduction_bounds import check_wiener, wiener_bounds
from .conduction_drive import Drive, GradientDrive, PlaneDrive
from .conduction_problem import ConductionProblem, Conductivity, build_problem, conductivity_by_phase
from .conduction_solution import solve_problem
from .conduction_summary import ConductionTask, DirectionResult, summarise
from .connectivity import CellGraph
from .current_statistics import Profile, distribute
from .lower_bound import lower_bounds

FloatArray = npt.NDArray[np.float64]

AXES = "xyz"


@dataclass(frozen=True)
class ConductionSettings:
    """One conduction solve, along one axis or several."""

    name: str
    conductivities: dict[Phase, Conductivity]  # [unit] of the conducting phases: numbers or symmetric tensors (3, 3)
    order: int = 2  # polynomial order of the elements
    periodic: bool = True  # lateral walls: periodic where the mesh is, else insulated
    relative_tolerance: float = 1e-11  # of the linear solver
    top_faces: tuple[str, ...] = (COLLECTOR,)  # at 1 V when current is driven along z
    directions: tuple[str, ...] = ("z",)
    periodic_z: bool = False  # z walls joined, a mean gradient instead of fixed planes
    cell_conductivities: FloatArray | None = None  # (cells,) or (cells, 3, 3) instead of those by phase
    quantity: str = "electronic"  # what is conducted
    unit: str = "S/m"
    resistances: dict[str, float] = field(default_factory=dict)  # of interfaces by name [Ohm m2], for heat [m2 K/W]
    currents: bool = True  # evaluate where the current goes: shares, statistics, profile, field
    flux_order: int | None = None  # of the divergence-free fluxes that bound the result from below; None: no bounds

    def drives(self, mesh: LabelledMesh) -> list[Drive]:
        """Return the boundary conditions that the directions need on a mesh.

        Raises:
            InputError: a direction needs walls that the mesh or the lateral condition does not join.
        """
        x, y = (joined and self.periodic for joined in mesh.periodic[:2])
        joined = (x, y, self.periodic_z and mesh.periodic[2])
        axes = sorted(AXES.index(d) for d in self.directions)
        planes = 2 in axes and not self.periodic_z
        gradients = tuple(axis for axis in axes if not (planes and axis == 2))
        for axis in gradients:
            if not joined[axis]:
                raise InputError(
                    f"conduction.{self.name}.directions",
                    AXES[axis],
                    f"a mesh and walls that are periodic in {AXES[axis]}",
                )
        drives: list[Drive] = [PlaneDrive((x, y), self.top_faces)] if planes else []
        return drives + ([GradientDrive(gradients, joined)] if gradients else [])


@dataclass(frozen=True)
class ConductionField:
    """The potential at 1 V over the edge of the box along one direction."""

    mesh: LabelledMesh  # split where facets resist
    potential: FloatArray  # (vertices,) [V], NaN where no current flows
    current_density: FloatArray | None  # (cells, 3) mean of each cell [A/m2], NaN where none flows; None: not computed


@dataclass(frozen=True)
class ConductionResult:
    """Numbers and fields of one conduction solve."""

    summary: dict[str, Any]
    fields: dict[str, ConductionField] = field(default_factory=dict)  # by direction; on rank 0 only
    profile: Profile = field(default_factory=dict)  # columns over z of the current along z

    @property
    def vertex_potential(self) -> FloatArray | None:
        """Potential along z, or else along the first direction, NaN where nothing conducts; on rank 0 only."""
        main = self.fields.get("z", next(iter(self.fields.values()), None))
        return None if main is None else main.potential


def solve_conduction(
    mesh: LabelledMesh, settings: ConductionSettings, comm: MPI.Intracomm, graph: CellGraph | None = None
) -> ConductionResult:
    """Compute the effective conductivity of the electrode along the directions.

    A network that does not percolate is an answer: ``percolates`` is false and the conductivity 0.

    Args:
        mesh: labelled mesh, the same on every rank.
        settings: conductivities, element order, directions and lateral condition.
        comm: communicator of the solve.
        graph: neighbours of the cells, to share between solves with the same lateral condition.

    Raises:
        InputError: a direction needs walls that are not joined.
        StageError: the linear solver failed, or the result breaks the Wiener bounds.
    """
    graph = graph or CellGraph(mesh, mesh.periodic[:2] if settings.periodic else (False, False))
    conductivity = settings.cell_conductivities
    if conductivity is None:
        conductivity = conductivity_by_phase(mesh, settings.conductivities)
    task = ConductionTask(settings.name, settings.quantity, settings.unit, settings.order)
    results: list[DirectionResult] = []
    for drive in settings.drives(mesh):
        problem = build_problem(settings.name, mesh, conductivity, drive, graph, comm, settings.resistances)
        results += _solve(problem, settings, comm)
    fields = {AXES[r.axis]: _field(r) for r in results if r.solution is not None}
    summary = summarise(task, results)
    profile = next((r.distribution.profile for r in results if r.axis == 2 and r.distribution is not None), {})
    return ConductionResult(summary, {axis: f for axis, f in fields.items() if f is not None}, profile)


def _solve(problem: ConductionProblem, settings: ConductionSettings, comm: MPI.Intracomm) -> list[DirectionResult]:
    """Solve a problem along its axes and hold the results to the Wiener bounds."""
    solution, bounds = None, None
    if problem.carrying.any():
        solution = solve_problem(problem, settings.order, settings.relative_tolerance, comm)
        bounds = None if settings.flux_order is None else lower_bounds(problem, settings.flux_order, comm)
    results = []
    for which, axis in enumerate(problem.axes):
        result = DirectionResult(problem, solution, which, wiener_bounds(problem, axis), bounds)
        check_wiener(result.by_energy, result.wiener, settings.unit)
        if solution is not None and result.percolates and settings.currents:
            result = replace(result, distribution=distribute(solution, which, comm))
        results.append(result)
    return results


def _field(result: DirectionResult) -> ConductionField | None:
    """Return the fields of a direction on rank 0 (collective)."""
    assert result.solution is not None
    potential = result.solution.at_vertices(result.which)
    if potential is None:
        return None
    current = None if result.distribution is None else result.distribution.cell_current
    return ConductionField(result.problem.mesh, potential, current)
