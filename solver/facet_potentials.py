"""Unknown and given potentials at the facet points of the cells that carry current, divided among the ranks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from mpi4py import MPI
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from .conduction_problem import ConductionProblem
from .divergence_free import FACET_POINTS
from .facet_numbering import CellFacets, FacetNumbering
from .reduction import scatter_from_first

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class FacetPotentials:
    """The potentials of the cells of one rank, four facets with m points each."""

    cells: IntArray  # (cells,) of the labelled mesh
    unknowns: IntArray  # (cells, 4 m) global number, -1 where prescribed
    prescribed: FloatArray  # (cells, 4 m) [V], 0 where unknown
    owned: int  # unknowns of this rank
    anchors: IntArray  # (n, 2) cell of this rank and point, one for each part that floats


def number_potentials(
    problem: ConductionProblem, cells: IntArray, owner: IntArray, order: int, comm: MPI.Intracomm
) -> FacetPotentials:
    """Number the facet points on rank 0 and give every rank those of its cells.

    Args:
        problem: tells which facets have a given potential and which walls are joined.
        cells: that carry current.
        owner: rank of every cell of the mesh.
        order: of the fluxes, which sets the points of a facet.
        comm: communicator.
    """

    def number() -> list[FacetPotentials]:
        """Number the unknowns rank by rank."""
        place = CellFacets(problem.mesh, cells)
        values = problem.drive.facet_potentials(problem.mesh, place).reshape(-1, 4)
        return _divided(place.number(problem.drive.periodic), values, cells, owner[cells], order, comm.size)

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
    anchors = _anchors(numbering, free)
    found = []
    for rank in range(ranks):
        mine = np.flatnonzero(owner == rank)
        held = anchors[owner[anchors] == rank]
        local = np.column_stack([np.searchsorted(mine, held), np.zeros(len(held), dtype=np.int64)])
        found.append(FacetPotentials(cells[mine], unknowns[mine], prescribed[mine], int(owned[rank]), local))
    return found


def _anchors(numbering: FacetNumbering, free: npt.NDArray[np.bool_]) -> IntArray:
    """Return one cell of each part that hangs together by facets and has no given potential."""
    count = len(numbering.facets)
    links = coo_matrix(
        (np.ones(4 * count, dtype=np.int8), (np.repeat(np.arange(count), 4), count + numbering.facets.ravel())),
        shape=(count + numbering.count,) * 2,
    )
    _, part = connected_components(links, directed=False)
    held = np.unique(part[count:][~free])
    parts, cell = np.unique(part[:count], return_index=True)
    return np.asarray(cell[~np.isin(parts, held)])
