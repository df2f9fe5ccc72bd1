"""The first-order space below a space of higher order, as coarse level of a two-level preconditioner.

With x = P y + g (Eq. 12) on both levels and E the embedding of first-order functions in the space of
higher order, the coarse unknowns are those y that belong to a vertex, and the interpolation between
the independent unknowns is J = D^-1 P^T E P_1, with D the number of unknowns that share each y.
Everything is algebra on sparse matrices, so periodic copies, tied and prescribed unknowns and any
number of ranks need no case of their own.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from dolfinx import fem
from petsc4py import PETSc

from . import dolfinx_api
from .constraints import Reduction

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]

ROUNDING = 1e-9  # of the weights of vertices at nodes


def first_order_interpolation(space: fem.FunctionSpace, reduction: Reduction) -> PETSc.Mat | None:
    """Return J from independent first-order unknowns to those of a Lagrange space (collective).

    Args:
        space: scalar Lagrange space.
        reduction: its independent unknowns.

    Returns:
        (independent unknowns) x (independent unknowns at vertices); None where the space is of first order.
    """
    if space.element.basix_element.degree < 2:
        return None
    first_order = fem.functionspace(space.mesh, ("Lagrange", 1))
    # Every vertex of the cells around a node has an entry, most of them zero.
    embedding = _entries(dolfinx_api.embedding_matrix(first_order, space), lambda weights: np.abs(weights) > ROUNDING)
    vertices = _vertex_reduction(embedding, reduction.matrix)
    interpolation = reduction.matrix.transposeMatMult(embedding.matMult(vertices))
    copies = _column_sums(reduction.matrix)
    copies.reciprocal()
    interpolation.diagonalScale(L=copies)
    return interpolation


def _vertex_reduction(embedding: PETSc.Mat, reduction: PETSc.Mat) -> PETSc.Mat:
    """Return P_1, (first-order unknowns) x (independent ones of the finer space that belong to a vertex)."""
    same = _entries(embedding, lambda weights: np.abs(weights - 1.0) < ROUNDING)
    shared = same.transposeMatMult(reduction)
    used = np.flatnonzero(_column_sums(shared).array > 0.5) + shared.getOwnershipRangeColumn()[0]
    first, last = shared.getOwnershipRange()
    rows = PETSc.IS().createStride(last - first, first, 1, comm=shared.comm)
    return shared.createSubMatrix(rows, PETSc.IS().createGeneral(used.astype(PETSc.IntType), comm=shared.comm))


def _entries(matrix: PETSc.Mat, wanted: Callable[[FloatArray], BoolArray]) -> PETSc.Mat:
    """Return the matrix with only the wanted ones of its entries."""
    starts, columns, values = matrix.getValuesCSR()
    kept = wanted(values)
    counts = np.concatenate([[0], np.cumsum(kept)])[starts].astype(PETSc.IntType)
    result = PETSc.Mat().createAIJ(matrix.getSizes(), csr=(counts, columns[kept], values[kept]), comm=matrix.comm)
    result.assemble()
    return result


def _column_sums(matrix: PETSc.Mat) -> PETSc.Vec:
    ones, sums = matrix.createVecLeft(), matrix.createVecRight()
    ones.set(1.0)
    matrix.multTranspose(ones, sums)
    return sums
