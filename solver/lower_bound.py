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
from typing import Any

import numpy as np
import numpy.typing as npt
from mpi4py import MPI
from petsc4py import PETSc
from scipy.sparse import coo_matrix

from manufacturing.errors import StageError
from meshing.labelled_mesh import LabelledMesh

from .divergence_free import FACET_CORNERS, FACET_POINTS, flux_element
from .facet_numbering import CellFacets, FacetNumbering
from .linear_solver import conjugate_gradient, solve
from .reduction import global_sum, scatter_from_first

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

NEIGHBOURS = 7  # facets of the two cells at a facet
PREFIX = "granode_lower_bound_"
ROUNDING = 1e-10  # relative, of the energies
RESIDUAL_SAFETY = 4.0  # Ritz values overestimate the smallest eigenvalue of the preconditioned matrix


@dataclass(frozen=True)
class LowerBound:
    """The bound and what it took."""

    power: float  # [W] at 1 V
    order: int  # polynomial order of the fluxes
    unknowns: int
    iterations: int
    algebraic_error: float  # [W] subtracted for the inexact solution
    seconds: float


@dataclass(frozen=True)
class FacetPotentials:
    """Unknown potentials at the facet points of the cells of one rank."""

    cells: IntArray  # (cells,) of the labelled mesh
    unknowns: IntArray  # (cells, 4 m) global number, -1 where prescribed
    prescribed: FloatArray  # (cells, 4 m) [V], 0 where unknown
    owned: int  # unknowns of this rank


def lower_bound(
    mesh: LabelledMesh,
    cells: IntArray,
    owner: IntArray,
    conductivity: FloatArray,
    top_faces: tuple[str, ...],
    periodic: tuple[bool, ...],
    comm: MPI.Intracomm,
    order: int = 0,
    relative_tolerance: float = 1e-10,
) -> LowerBound:
    """Compute the power between 0 V on the lower plane and 1 V on the top faces from below (Eq. 19).

    Args:
        mesh: labelled mesh, the same on every rank.
        cells: conducting cells, all connected to both planes.
        owner: rank of every cell of the mesh.
        conductivity: per cell of the mesh, scalars (cells,) or tensors (cells, 3, 3) [S/m].
        top_faces: outer faces at 1 V.
        periodic: whether x and y are periodic; insulated otherwise.
        comm: communicator.
        order: of the fluxes, 0 or 1.
        relative_tolerance: of the linear solver.

    Raises:
        StageError: the linear solver failed.
    """
    start = time.perf_counter()
    potentials = _number_potentials(mesh, cells, owner, top_faces, periodic, order, comm)
    corners = mesh.vertices[mesh.cells[potentials.cells]]
    jacobian = (corners[:, 1:] - corners[:, :1]).transpose(0, 2, 1)
    local = flux_element(order).facet_matrices(jacobian, conductivity[potentials.cells])
    matrix, right = _assemble(local, potentials, comm)
    solver = conjugate_gradient(matrix, PREFIX, relative_tolerance)
    solver.setComputeSingularValues(True)
    found = solve(solver, right, "lower bound of conduction")
    values = potentials.prescribed + _gather(found, potentials.unknowns)
    power = global_sum(comm, float(np.einsum("ci,cij,cj->", values, local, values, optimize=True)))
    error = _algebraic_error(solver, matrix, right, found)
    seconds = time.perf_counter() - start
    return LowerBound(power - error, order, matrix.getSize()[0], solver.getIterationNumber(), error, seconds)


def bounds_summary(bound: LowerBound, scale: float, solved: dict[str, Any]) -> dict[str, Any]:
    """Return the bounds of the exact result on the given mesh as figures.

    Args:
        bound: from below.
        scale: L/(A dV^2) of Eq. 2 [1/m].
        solved: figures of the solve, whose energy is the upper bound.

    Raises:
        StageError: the lower bound exceeds the upper one by more than rounding.
    """
    lower, upper = bound.power * scale, float(solved["effective_conductivity_S_m"])
    if lower > upper * (1.0 + ROUNDING):
        raise StageError(f"the lower bound {lower:.12e} S/m exceeds the upper bound {upper:.12e} S/m")
    factor = solved["tortuosity_factor"]
    return {
        "effective_conductivity_S_m": {"lower": lower, "upper": upper},
        "tortuosity_factor": None if factor is None else {"lower": factor, "upper": factor * upper / lower},
        "relative_width": upper / lower - 1.0,
        "flux_order": bound.order,
        "unknowns": bound.unknowns,
        "iterations": bound.iterations,
        "algebraic_error_S_m": bound.algebraic_error * scale,
        "seconds": round(bound.seconds, 3),
    }


def _number_potentials(
    mesh: LabelledMesh,
    cells: IntArray,
    owner: IntArray,
    top_faces: tuple[str, ...],
    periodic: tuple[bool, ...],
    order: int,
    comm: MPI.Intracomm,
) -> FacetPotentials:
    """Number the facets on rank 0 and give every rank those of its cells."""

    def number() -> list[FacetPotentials]:
        """Number the unknowns rank by rank."""
        place = CellFacets(mesh, cells)
        values = np.full(4 * len(cells), np.nan)
        height = mesh.vertices[:, 2][mesh.cells[cells]][:, FACET_CORNERS]
        below = (height < mesh.electrode_bottom + 1e-7 * mesh.electrode_thickness).all(axis=2)
        values[below.ravel()] = 0.0
        values[place.named(*top_faces)] = 1.0
        return _divided(place.number(periodic), values.reshape(-1, 4), cells, owner[cells], order, comm.size)

    return scatter_from_first(comm, number)


def _divided(
    numbering: FacetNumbering, values: FloatArray, cells: IntArray, owner: IntArray, order: int, ranks: int
) -> list[FacetPotentials]:
    """Return the potentials of each rank; ``values`` (cells, 4) are given or NaN."""
    points = len(FACET_POINTS[order])
    facet_owner = numbering.owners(owner)
    free = np.ones(numbering.count, dtype=bool)
    free[numbering.facets[~np.isnan(values)]] = False
    sequence = np.argsort(np.where(free, facet_owner, ranks), kind="stable")
    position = np.full(numbering.count, -1, dtype=np.int64)
    position[sequence[: free.sum()]] = np.arange(free.sum())
    owned = np.bincount(facet_owner[free], minlength=ranks) * points
    place = numbering.corner_ranks if points > 1 else np.zeros((len(cells), 4, 1), dtype=np.int64)
    first = position[numbering.facets][:, :, None]
    unknowns = np.where(first < 0, -1, points * first + place).reshape(len(cells), -1)
    prescribed = np.repeat(np.nan_to_num(values), points, axis=1)
    parts = [np.flatnonzero(owner == rank) for rank in range(ranks)]
    return [FacetPotentials(cells[p], unknowns[p], prescribed[p], int(owned[r])) for r, p in enumerate(parts)]


def _assemble(local: FloatArray, potentials: FacetPotentials, comm: MPI.Intracomm) -> tuple[PETSc.Mat, PETSc.Vec]:
    """Return the matrix of the unknown potentials and the right-hand side of the prescribed ones."""
    points = potentials.unknowns.shape[1] // 4
    rows, place = np.unique(potentials.unknowns, return_inverse=True)  # -1 first, if some are prescribed
    place = place.reshape(potentials.unknowns.shape)
    summed = coo_matrix(
        (local.ravel(), (np.repeat(place, place.shape[1]), np.tile(place, place.shape[1]).ravel())),
        shape=(len(rows), len(rows)),
    ).tocsr()
    loads = -np.bincount(place.ravel(), np.einsum("cij,cj->ci", local, potentials.prescribed).ravel(), len(rows))
    free = np.flatnonzero(rows >= 0)
    summed, rows = summed[free][:, free], rows[free].astype(PETSc.IntType)
    matrix = PETSc.Mat().createAIJ(((potentials.owned, None), (potentials.owned, None)), comm=comm)
    matrix.setPreallocationNNZ((NEIGHBOURS * points, NEIGHBOURS * points if comm.size > 1 else 0))
    columns = rows[summed.indices]
    matrix.setValuesIJV(summed.indptr, columns, summed.data, addv=PETSc.InsertMode.ADD_VALUES, rowmap=rows)
    matrix.assemble()
    right = matrix.createVecRight()
    right.setValues(rows, loads[free], addv=PETSc.InsertMode.ADD_VALUES)
    right.assemble()
    return matrix, right


def _gather(found: PETSc.Vec, numbers: IntArray) -> FloatArray:
    """Return the entries of a distributed vector at global numbers of any rank, 0 at -1."""
    needed, inverse = np.unique(numbers, return_inverse=True)
    needed = needed.astype(PETSc.IntType)
    kept = needed[needed >= 0]
    target = PETSc.Vec().createSeq(len(kept), comm=PETSc.COMM_SELF)
    scatter = PETSc.Scatter().create(found, PETSc.IS().createGeneral(kept, comm=PETSc.COMM_SELF), target, None)
    scatter.scatter(found, target, addv=PETSc.InsertMode.INSERT_VALUES, mode=PETSc.ScatterMode.FORWARD)
    values = np.concatenate([np.zeros(len(needed) - len(kept)), target.array])
    return np.asarray(values[inverse].reshape(numbers.shape))


def _algebraic_error(solver: PETSc.KSP, matrix: PETSc.Mat, right: PETSc.Vec, found: PETSc.Vec) -> float:
    """Return an estimate of r . A^-1 r <= r . B r/lambda, lambda the smallest eigenvalue with the preconditioner B."""
    residual = right - matrix * found
    corrected = residual.duplicate()
    solver.getPC().apply(residual, corrected)
    smallest = solver.computeExtremeSingularValues()[1]
    return RESIDUAL_SAFETY * abs(float(residual.dot(corrected))) / smallest
