"""Finite-element solution of a conduction problem: potentials, and sigma_eff by energy and by flux (Eqs. 1-3)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from dolfinx import fem
from mpi4py import MPI
from petsc4py import PETSc

from .conduction_problem import ConductionProblem
from .constraints import PeriodicBox, Reduction, build_reduction
from .domain_mesh import DomainMesh, cell_owners, extract_domain, stiffness_matrix
from .interface_conductance import InterfaceConductance
from .linear_solver import conjugate_gradient, solve
from .order_multigrid import first_order_interpolation
from .reduction import gather_all
from .sheets import sheet_coordinates

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]

PREFIX = "granode_conduction_"
PREFIX_OF_LEVELS = "granode_conduction_levels_"  # options stay in PETSc's data base, so each kind has its own
MOST_ITERATIONS = 2000  # with resistances: small ones are stiff
NOTHING_DRIVEN = 1e-12  # a right-hand side this small beside that of the gradient alone is rounding


@dataclass(frozen=True)
class ConductionSolution:
    """Potentials of a problem, one for each driven axis, and the conductivities that follow."""

    problem: ConductionProblem
    domain: DomainMesh
    potentials: tuple[fem.Function, ...]  # [V] at 1 V over the edge of the box along the axis
    by_energy: FloatArray  # (axes, axes) [unit of the conductivity]
    by_flux: FloatArray  # (axes, axes)
    interface: InterfaceConductance | None  # None without resistances
    interface_power: tuple[FloatArray, ...]  # by axis: of each facet that this rank assembles [W], for heat [W K]
    unknowns: int
    iterations: tuple[int, ...]  # of the linear solver, by axis

    def at_vertices(self, which: int) -> FloatArray | None:
        """Collect a potential at the vertices of the labelled mesh on rank 0 (values on edges are dropped)."""
        domain, function = self.domain, self.potentials[which]
        corners = function.function_space.dofmap.list[:, :4].ravel()  # vertex dofs come first in a Lagrange cell
        ids, first = np.unique(domain.vertex_ids[domain.mesh.geometry.dofmap.ravel()], return_index=True)
        keys = gather_all(domain.comm, ids)
        nodal = gather_all(domain.comm, function.x.array[corners[first]])
        if domain.comm.rank != 0:
            return None
        field = np.full(len(self.problem.mesh.vertices), np.nan)
        field[keys] = nodal
        return field


def solve_problem(
    problem: ConductionProblem, order: int, relative_tolerance: float, comm: MPI.Intracomm
) -> ConductionSolution:
    """Solve a conduction problem with Lagrange elements.

    With u_d = lifting + P y for each driven axis d, sigma_ij = L_i L_j/V times u_i . K u_j plus the power of the
    jumps by energy, and times lifting_i . K u_j by flux (consistent nodal flux through the plane, or the mean of
    the current).

    Args:
        problem: what to solve.
        order: of the elements, 1-3.
        relative_tolerance: of the linear solver.
        comm: communicator of the solve.

    Raises:
        StageError: the linear solver failed.
    """
    mesh, drive = problem.mesh, problem.drive
    cells = np.flatnonzero(problem.carrying)
    domain = extract_domain(mesh, cells, cell_owners(mesh, cells, comm), comm)
    space = domain.space(order)
    system = _System(problem, domain, space, relative_tolerance)
    liftings = [system.vector(part) for part in drive.lifting(mesh, domain, space, system.reduction.columns < 0)]
    potentials, iterations = zip(*(system.potential(lifting) for lifting in liftings), strict=True)
    jumping = [u if drive.lifting_jumps else u - lifting for u, lifting in zip(potentials, liftings, strict=True)]
    scale = np.outer(*(2 * [problem.edges[list(drive.axes)]])) / problem.edges.prod()
    energy = [
        [system.power(u, j) for j in zip(potentials, jumping, strict=True)]
        for u in zip(potentials, jumping, strict=True)
    ]
    through = [[g.dot(system.flux(u)) for u in potentials] for g in liftings]
    return ConductionSolution(
        problem=problem,
        domain=domain,
        potentials=tuple(_as_function(space, potential) for potential in potentials),
        by_energy=np.array(energy) * scale,
        by_flux=np.array(through) * scale,
        interface=system.interface,
        interface_power=tuple(system.interface.power(u) for u in jumping) if system.interface else (),
        unknowns=system.reduced.getSize()[0],
        iterations=iterations,
    )


class _System:
    """The reduced linear system of a problem, solved for one given part of the potential after the other."""

    def __init__(
        self, problem: ConductionProblem, domain: DomainMesh, space: fem.FunctionSpace, relative_tolerance: float
    ) -> None:
        mesh, drive = problem.mesh, problem.drive
        fixed = drive.prescribed(mesh, domain, space) | _at_vertices(problem, domain, space)
        box = PeriodicBox(mesh.lower, mesh.upper, drive.periodic)
        self.what, self.lifting_jumps = f"conduction {problem.name}", drive.lifting_jumps
        self.stiffness: PETSc.Mat = stiffness_matrix(domain, space, problem.conductivity)
        self.interface, self.jumps = _interface(problem, domain, space, self.stiffness)
        coupled = self.stiffness if self.jumps is None else self.stiffness + self.jumps
        sheets = sheet_coordinates(problem.fans, float(problem.edges[0]), domain, space)
        self.reduction: Reduction = build_reduction(space, box, fixed, sheets=sheets)
        self.reduced: PETSc.Mat = coupled.ptap(self.reduction.matrix)
        coarse = first_order_interpolation(space, self.reduction)
        prefix = PREFIX if coarse is None else PREFIX_OF_LEVELS
        self.solver = conjugate_gradient(self.reduced, prefix, relative_tolerance, coarse)
        if self.jumps is not None:
            self.solver.setTolerances(max_it=MOST_ITERATIONS)

    def vector(self, values: FloatArray) -> PETSc.Vec:
        """Return a vector of all dofs with the given values at the owned ones."""
        result = self.stiffness.createVecRight()
        result.array[:] = values
        return result

    def flux(self, potential: PETSc.Vec) -> PETSc.Vec:
        """Return the nodal fluxes of a potential, through interfaces only where a given part could jump."""
        flux = self.stiffness * potential
        return flux + self.jumps * potential if self.jumps is not None and self.lifting_jumps else flux

    def power(self, first: tuple[PETSc.Vec, PETSc.Vec], second: tuple[PETSc.Vec, PETSc.Vec]) -> float:
        """Return the mixed power of two potentials, each given with the part of it that jumps."""
        power = float(first[0].dot(self.stiffness * second[0]))
        return power + float(first[1].dot(self.jumps * second[1])) if self.jumps is not None else power

    def potential(self, given: PETSc.Vec) -> tuple[PETSc.Vec, int]:
        """Return the whole potential for its given part, and the iterations."""
        load = self.flux(given)
        right = self.reduced.createVecRight()
        self.reduction.matrix.multTranspose(-load, right)
        if right.norm() <= NOTHING_DRIVEN * load.norm():
            return given, 0
        free = solve(self.solver, right, self.what)
        return self.reduction.matrix * free + given, self.solver.getIterationNumber()


def _interface(
    problem: ConductionProblem, domain: DomainMesh, space: fem.FunctionSpace, stiffness: PETSc.Mat
) -> tuple[InterfaceConductance | None, PETSc.Mat | None]:
    """Return the resistive facets of this rank and their matrix."""
    if len(problem.resistive.cells) == 0:
        return None, None
    interface = InterfaceConductance.of(problem.resistive, problem.mesh.vertices, domain, space)
    return interface, interface.matrix(stiffness)


def _at_vertices(problem: ConductionProblem, domain: DomainMesh, space: fem.FunctionSpace) -> BoolArray:
    """Return which owned dofs sit at the pinned vertices."""
    owned = space.dofmap.index_map.size_local
    chosen = np.zeros(owned + space.dofmap.index_map.num_ghosts, dtype=bool)
    corners = np.isin(domain.vertex_ids[domain.mesh.geometry.dofmap], problem.pinned)
    chosen[space.dofmap.list[:, :4][corners]] = True
    return chosen[:owned]


def _as_function(space: fem.FunctionSpace, values: PETSc.Vec) -> fem.Function:
    function = fem.Function(space)
    function.x.array[: space.dofmap.index_map.size_local] = values.array
    function.x.scatter_forward()
    return function
