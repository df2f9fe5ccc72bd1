"""Steady conduction through the electrode: effective conductivity, tortuosity, percolation (Eqs. 1-5).

div(sigma grad phi) = 0 in the conducting phases, phi = 0 on ``electrode_bottom`` and 1 V on
``collector``, lateral walls periodic or insulated. sigma_eff = E L/(A dV^2) with the dissipated
power E = integral(sigma |grad phi|^2) dV, which equals the consistent nodal flux through either
plane to solver tolerance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from dolfinx import fem
from mpi4py import MPI
from petsc4py import PETSc

from manufacturing.collective import run_on
from manufacturing.errors import StageError
from manufacturing.phases import COLLECTOR, Phase
from meshing.labelled_mesh import TOP_FACES, LabelledMesh

from .connectivity import CellGraph
from .constraints import PeriodicBox, build_reduction
from .domain_mesh import DomainMesh, cell_owners, extract_domain, stiffness_matrix, top_dofs
from .electrode import bottom_face, electrode_cells
from .linear_solver import conjugate_gradient, solve
from .lower_bound import LowerBound, bounds_summary, lower_bound
from .reduction import gather_all, global_sum

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

PREFIX = "granode_conduction_"
BOUND_TOLERANCE = 1e-9  # relative: rounding and solver tolerance, not discretisation (energy bounds from above)


@dataclass(frozen=True)
class ConductionSettings:
    """One conduction solve along z.

    Electrons leave through ``collector``; what the collector does not touch counts as top plane only where
    ``top_faces`` names it (ions: nothing passes there, the solve measures the structure).
    """

    name: str
    conductivities: dict[Phase, float]  # [S/m] of the conducting phases
    order: int = 2  # polynomial order of the elements
    periodic: bool = True  # lateral walls: periodic where the mesh is, else insulated
    relative_tolerance: float = 1e-11  # of the linear solver
    top_faces: tuple[str, ...] = (COLLECTOR,)  # at 1 V
    flux_order: int | None = None  # of the divergence-free fluxes that bound the result from below; None: no bounds


@dataclass(frozen=True)
class ConductionResult:
    """Numbers and the potential of one conduction solve."""

    summary: dict[str, Any]
    vertex_potential: FloatArray | None  # (labelled vertices,) [V], NaN where nothing conducts; rank 0 only


def solve_conduction(
    mesh: LabelledMesh, settings: ConductionSettings, comm: MPI.Intracomm, graph: CellGraph | None = None
) -> ConductionResult:
    """Compute the effective conductivity of the electrode along z.

    A network that does not percolate is an answer: ``percolates`` is false and the conductivity 0.

    Args:
        mesh: labelled mesh, the same on every rank.
        settings: conductivities, element order and lateral condition.
        comm: communicator of the solve.
        graph: neighbours of the cells, to share between solves with the same lateral condition.

    Raises:
        StageError: the linear solver failed, or the result breaks the Wiener bounds.
    """
    graph = graph or CellGraph(mesh, mesh.periodic[:2] if settings.periodic else (False, False))
    network = run_on(comm, 1, lambda: find_network(mesh, settings, graph))
    if not network.percolating.any():
        return ConductionResult(_summary(network, None), None)
    solution = _solve_network(mesh, settings, network, comm)
    _check_wiener(network, solution)
    summary = _summary(network, solution)
    if settings.flux_order is not None:
        bound = _bound_from_below(mesh, settings, network, comm)
        summary["bounds"] = bounds_summary(bound, mesh.electrode_thickness / mesh.cross_section, summary)
    return ConductionResult(summary, solution.vertex_potential)


def _bound_from_below(
    mesh: LabelledMesh, settings: ConductionSettings, network: ConductingNetwork, comm: MPI.Intracomm
) -> LowerBound:
    assert settings.flux_order is not None
    cells = np.flatnonzero(network.percolating)
    periodic = mesh.periodic[:2] if settings.periodic else (False, False)
    owner = cell_owners(mesh, cells, comm)
    given = (mesh, cells, owner, network.conductivity, settings.top_faces, periodic, comm)
    return lower_bound(*given, settings.flux_order)


@dataclass(frozen=True)
class ConductingNetwork:
    """The conducting cells of the electrode and the part that joins both planes."""

    percolating: BoolArray  # (cells,)
    conductivity: FloatArray  # (cells,) [S/m]
    fractions: dict[Phase, float]  # volume of each conducting phase / volume of the electrode
    conductivities: dict[Phase, float]  # [S/m]
    connected_fraction: float  # percolating volume / conducting volume
    wiener: tuple[float, float]  # [S/m] lower and upper bound


def find_network(mesh: LabelledMesh, settings: ConductionSettings, graph: CellGraph) -> ConductingNetwork:
    """Find the clusters of conducting cells that join both planes."""
    inside = electrode_cells(mesh)
    conductivity = np.where(inside, mesh.per_cell(settings.conductivities), 0.0)
    conducting = conductivity > 0.0
    below = graph.connected_to(conducting, bottom_face(mesh))
    percolating = below & graph.connected_to(conducting, graph.cells_at(*settings.top_faces))
    volumes = mesh.volumes()
    total = volumes[inside].sum()
    fractions = {p: float(volumes[inside & (mesh.phases == p)].sum() / total) for p in settings.conductivities}
    upper = sum(fractions[p] * s for p, s in settings.conductivities.items())
    # A contact smaller than the plane adds a constriction, which the bounds of the composite do not know.
    full = abs(sum(fractions.values()) - 1.0) < 1e-12 and _whole_top(mesh, settings)
    lower = 1.0 / sum(f / settings.conductivities[p] for p, f in fractions.items()) if full else 0.0
    share = float(volumes[percolating].sum() / max(volumes[conducting].sum(), np.finfo(float).tiny))
    return ConductingNetwork(percolating, conductivity, fractions, dict(settings.conductivities), share, (lower, upper))


def _whole_top(mesh: LabelledMesh, settings: ConductionSettings) -> bool:
    return len(mesh.named(*(name for name in TOP_FACES if name not in settings.top_faces))) == 0


@dataclass(frozen=True)
class _NetworkSolution:
    by_energy: float  # [S/m]
    by_flux: float  # [S/m]
    unknowns: int
    iterations: int
    vertex_potential: FloatArray | None


def _solve_network(
    mesh: LabelledMesh, settings: ConductionSettings, network: ConductingNetwork, comm: MPI.Intracomm
) -> _NetworkSolution:
    cells = np.flatnonzero(network.percolating)
    domain = extract_domain(mesh, cells, cell_owners(mesh, cells, comm), comm)
    space = domain.space(settings.order)
    matrix = stiffness_matrix(domain, space, network.conductivity)
    bottom, top = _bottom_dofs(mesh, space), top_dofs(mesh, domain, space, settings.top_faces)
    periodic = mesh.periodic[:2] if settings.periodic else (False, False)
    reduction = build_reduction(space, PeriodicBox(mesh.lower, mesh.upper, periodic), bottom | top)
    top = (reduction.columns < 0) & ~bottom  # periodic copies of what touches the top face are at 1 V too
    lifted = matrix.createVecRight()
    lifted.array[:] = top.astype(float)
    reduced = matrix.ptap(reduction.matrix)
    right = reduced.createVecRight()
    reduction.matrix.multTranspose(-(matrix * lifted), right)
    solver = conjugate_gradient(reduced, PREFIX, settings.relative_tolerance)
    potential = reduction.matrix * solve(solver, right, f"conduction {settings.name}") + lifted
    flux = matrix * potential
    current = global_sum(comm, flux.array[top].sum())
    scale = mesh.electrode_thickness / mesh.cross_section
    return _NetworkSolution(
        by_energy=float(potential.dot(flux)) * scale,
        by_flux=current * scale,
        unknowns=reduced.getSize()[0],
        iterations=solver.getIterationNumber(),
        vertex_potential=_to_vertices(mesh, domain, space, potential),
    )


def _bottom_dofs(mesh: LabelledMesh, space: fem.FunctionSpace) -> BoolArray:
    """Return which owned dofs lie on the lower plane of the electrode."""
    z = space.tabulate_dof_coordinates()[: space.dofmap.index_map.size_local, 2]
    return np.asarray(z < mesh.electrode_bottom + 1e-7 * mesh.electrode_thickness)


def _to_vertices(
    mesh: LabelledMesh, domain: DomainMesh, space: fem.FunctionSpace, values: PETSc.Vec
) -> FloatArray | None:
    """Collect nodal values at the vertices of the labelled mesh on rank 0 (edge values are dropped)."""
    comm = domain.comm
    function = fem.Function(space)
    function.x.array[: space.dofmap.index_map.size_local] = values.array
    function.x.scatter_forward()
    corners = space.dofmap.list[:, :4].ravel()  # vertex dofs come first in every Lagrange cell
    ids, first = np.unique(domain.vertex_ids[domain.mesh.geometry.dofmap.ravel()], return_index=True)
    keys, nodal = gather_all(comm, ids), gather_all(comm, function.x.array[corners[first]])
    if comm.rank != 0:
        return None
    field = np.full(len(mesh.vertices), np.nan)
    field[keys] = nodal
    return field


def _check_wiener(network: ConductingNetwork, solution: _NetworkSolution) -> None:
    """Raise StageError when the result leaves the Wiener bounds of the same mesh."""
    lower, upper = network.wiener
    value = solution.by_energy
    if not lower * (1.0 - BOUND_TOLERANCE) <= value <= upper * (1.0 + BOUND_TOLERANCE):
        raise StageError(
            f"effective conductivity {value:.6e} S/m breaks the Wiener bounds {lower:.6e} to {upper:.6e} S/m"
        )


def _summary(network: ConductingNetwork, solution: _NetworkSolution | None) -> dict[str, Any]:
    value = solution.by_energy if solution else 0.0
    summary: dict[str, Any] = {
        "effective_conductivity_S_m": value,
        "effective_conductivity_by_flux_S_m": solution.by_flux if solution else 0.0,
        "relative_to_wiener_upper_bound": value / network.wiener[1] if network.wiener[1] > 0.0 else None,
        "tortuosity_factor": None,
        "geometric_tortuosity": None,
        "percolates": solution is not None,
        "connected_fraction": network.connected_fraction,
        "volume_fraction": {phase.name: fraction for phase, fraction in network.fractions.items()},
        "unknowns": solution.unknowns if solution else 0,
        "iterations": solution.iterations if solution else 0,
    }
    if solution and len(network.conductivities) == 1:
        factor = network.wiener[1] / value
        summary |= {"tortuosity_factor": factor, "geometric_tortuosity": float(np.sqrt(factor))}
    return summary
