"""A guaranteed lower bound on the power of conduction from fluxes without divergence (Eqs. 17-19).

Fluxes that are divergence-free in every cell, have a continuous normal component and none through insulated
facets dissipate at least as much as the true one at the same current (Thomson). The best of them follows
from the potentials u on the facets: the power is u . S u, minimal over the free u, one symmetric positive
definite system. An inexact solution lies above the minimum by r . A^-1 r, with r the residual; this is estimated
from the preconditioner and subtracted.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from mpi4py import MPI
from petsc4py import PETSc
from scipy.sparse import coo_matrix

from .conduction_problem import ConductionProblem
from .divergence_free import facet_points, flux_element
from .domain_mesh import cell_owners
from .facet_potentials import FacetPotentials, number_potentials
from .linear_solver import conjugate_gradient, solve
from .reduction import global_sum

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

NEIGHBOURS = 7  # facets of the two cells at a facet
JUMPS = 1  # a resistive facet has one cell, and a partner at each point
PREFIX = "granode_lower_bound_"
RELATIVE_TOLERANCE = 1e-10  # of the linear solver; the error of the power is its square
RESIDUAL_SAFETY = 4.0  # Ritz values overestimate the smallest eigenvalue of the preconditioned matrix


@dataclass(frozen=True)
class LowerBound:
    """The bound of sigma_eff along one axis and what it took."""

    conductivity: float  # [unit of the conductivity]
    order: int  # polynomial order of the fluxes
    unknowns: int
    iterations: int
    algebraic_error: float  # subtracted for the inexact solution [unit of the conductivity]
    seconds: float  # assembly is counted with the first axis


def lower_bounds(
    problem: ConductionProblem, order: int, comm: MPI.Intracomm, relative_tolerance: float = RELATIVE_TOLERANCE
) -> list[LowerBound]:
    """Bound sigma_eff of the exact solution on the mesh from below, for each driven axis (Eq. 19).

    Args:
        problem: what to solve.
        order: of the fluxes, 0 or 1.
        comm: communicator of the solve.
        relative_tolerance: of the linear solver.

    Raises:
        StageError: the linear solver failed.
    """
    start = time.perf_counter()
    system = _FacetSystem(problem, order, comm, relative_tolerance)
    found = []
    for which, axis in enumerate(problem.axes):
        power, error, iterations = system.power(which)
        scale = problem.edges[axis] ** 2 / problem.edges.prod()
        seconds, start = time.perf_counter() - start, time.perf_counter()
        bound = max(power - error, 0.0) * scale
        found.append(LowerBound(bound, order, system.unknowns, iterations, error * scale, seconds))
    return found


class _FacetSystem:
    """The linear system of the facet potentials, solved for one axis after the other."""

    def __init__(self, problem: ConductionProblem, order: int, comm: MPI.Intracomm, relative_tolerance: float) -> None:
        mesh = problem.mesh
        cells = np.flatnonzero(problem.carrying)
        numbered = number_potentials(problem, cells, cell_owners(mesh, cells, comm), order, comm)
        corners = mesh.vertices[mesh.cells[numbered.cells]]
        jacobian = (corners[:, 1:] - corners[:, :1]).transpose(0, 2, 1)
        points = facet_points(corners, order).reshape(len(corners), -1, 3)
        self.comm, self.numbered, self.what = comm, numbered, f"lower bound of {problem.name}"
        self.local = flux_element(order).facet_matrices(jacobian, problem.conductivity[numbered.cells])
        self.given = [numbered.prescribed + part for part in problem.drive.mean_potentials(mesh, points)]
        self.matrix = _assemble(self.local, numbered, comm)
        self.solver = conjugate_gradient(self.matrix, PREFIX, relative_tolerance)
        self.solver.setComputeSingularValues(True)

    @property
    def unknowns(self) -> int:
        """Free potentials."""
        return int(self.matrix.getSize()[0])

    def power(self, which: int) -> tuple[float, float, int]:
        """Return the power of an axis, the estimate of its algebraic error (both [W] at 1 V), and the iterations."""
        given = self.given[which]
        right = self._right_hand_side(given)
        found = solve(self.solver, right, self.what)
        values = given + _at_numbers(found, self.numbered.unknowns)
        local = np.einsum("ci,cij,cj->", values, self.local, values, optimize=True)
        sides = _at_numbers(found, self.numbered.jumps)
        local += self.numbered.conductance @ (sides[:, 0] - sides[:, 1]) ** 2
        power = global_sum(self.comm, float(local))
        return power, self._algebraic_error(right, found), self.solver.getIterationNumber()

    def _right_hand_side(self, given: FloatArray) -> PETSc.Vec:
        right = self.matrix.createVecRight()
        numbers = self.numbered.unknowns
        loads = -np.einsum("cij,cj->ci", self.local, given)
        free = numbers >= 0
        right.setValues(numbers[free].astype(PETSc.IntType), loads[free], addv=PETSc.InsertMode.ADD_VALUES)
        right.assemble()
        return right

    def _algebraic_error(self, right: PETSc.Vec, found: PETSc.Vec) -> float:
        """Return an estimate of r . A^-1 r <= r . B r/lambda, lambda the smallest eigenvalue with preconditioner B."""
        residual = right - self.matrix * found
        corrected = residual.duplicate()
        self.solver.getPC().apply(residual, corrected)
        size = abs(float(residual.dot(corrected)))
        smallest = self.solver.computeExtremeSingularValues()[1] if size > 0.0 else 1.0
        return RESIDUAL_SAFETY * size / smallest


def _assemble(local: FloatArray, potentials: FacetPotentials, comm: MPI.Intracomm) -> PETSc.Mat:
    """Return the matrix of the unknown potentials, one of each floating part held by its own diagonal entry."""
    cell, slot = potentials.anchors.T
    jump = potentials.conductance[:, None, None] * np.array([[1.0, -1.0], [-1.0, 1.0]])
    blocks = [
        (potentials.unknowns, local),
        (potentials.jumps, jump),
        (potentials.unknowns[cell, slot][:, None], local[cell, slot, slot][:, None, None]),
    ]
    rows, place = np.unique(np.concatenate([numbers.ravel() for numbers, _ in blocks]), return_inverse=True)
    place, rows = place.astype(np.int32), rows.astype(PETSc.IntType)
    first, second, start = [], [], 0
    for numbers, _ in blocks:
        width, here = numbers.shape[1], place[start : start + numbers.size].reshape(numbers.shape)
        first.append(np.repeat(here, width))
        second.append(np.tile(here, width).ravel())
        start += numbers.size
    data = np.concatenate([values.ravel() for _, values in blocks])
    shape = (len(rows), len(rows))
    summed = coo_matrix((data, (np.concatenate(first), np.concatenate(second))), shape=shape).tocsr()
    matrix = PETSc.Mat().createAIJ(((potentials.owned, None), (potentials.owned, None)), comm=comm)
    most = NEIGHBOURS * (potentials.unknowns.shape[1] // 4) + JUMPS
    matrix.setPreallocationNNZ((most, most if comm.size > 1 else 0))
    # PETSc ignores rows and columns of the number -1, which are those of prescribed potentials.
    columns = rows[summed.indices]
    matrix.setValuesIJV(summed.indptr, columns, summed.data, addv=PETSc.InsertMode.ADD_VALUES, rowmap=rows)
    matrix.assemble()
    return matrix


def _at_numbers(found: PETSc.Vec, numbers: IntArray) -> FloatArray:
    """Return the entries of a distributed vector at global numbers of any rank, 0 at -1."""
    needed, inverse = np.unique(numbers, return_inverse=True)
    kept = needed[needed >= 0].astype(PETSc.IntType)
    target = PETSc.Vec().createSeq(len(kept), comm=PETSc.COMM_SELF)
    scatter = PETSc.Scatter().create(found, PETSc.IS().createGeneral(kept, comm=PETSc.COMM_SELF), target, None)
    scatter.scatter(found, target, addv=PETSc.InsertMode.INSERT_VALUES, mode=PETSc.ScatterMode.FORWARD)
    values = np.concatenate([np.zeros(len(needed) - len(kept)), target.array])
    return np.asarray(values[inverse].reshape(numbers.shape))
