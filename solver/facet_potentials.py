"""Unknown and given potentials at the facet points of the cells that carry current, divided among the ranks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from mpi4py import MPI
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from meshing.facets import triangle_areas

from .conduction_problem import ConductionProblem
from .divergence_free import FACET_POINTS
from .facet_numbering import CellFacets, FacetNumbering
from .reduction import scatter_from_first

BoolArray = npt.NDArray[np.bool_]
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
    jumps: IntArray  # (points, 2) global numbers on both sides of the resistive facets
    conductance: FloatArray  # (points,) between them [S]


@dataclass(frozen=True)
class _Jumps:
    """Points of all resistive facets."""

    slots: IntArray  # (facets, 2) on both sides
    points: IntArray  # (facets, m, 2) place of each point among those of its slot
    conductance: FloatArray  # (facets,) of each point [S]


def number_potentials(
    problem: ConductionProblem, cells: IntArray, owner: IntArray, order: int, comm: MPI.Intracomm
) -> FacetPotentials:
    """Number the facet points on rank 0 and give every rank those of its cells.

    Args:
        problem: tells which facets have a given potential or a resistance and which walls are joined.
        cells: that carry current.
        owner: rank of every cell of the mesh.
        order: of the fluxes, which sets the points of a facet.
        comm: communicator.
    """

    def number() -> list[FacetPotentials]:
        """Number the unknowns rank by rank."""
        place = CellFacets(problem.mesh, cells)
        values = problem.drive.facet_potentials(problem.mesh, place).reshape(-1, 4)
        numbering = place.number(problem.drive.periodic, problem.fans)
        jumps = _jumps(problem, place, len(FACET_POINTS[order]))
        numbers = _global_numbers(numbering, values, owner[cells], order, comm.size)
        anchors = _anchors(numbering, numbers.free, jumps)
        return [_of_rank(rank, cells, owner[cells], numbers, values, anchors, jumps) for rank in range(comm.size)]

    return scatter_from_first(comm, number)


@dataclass(frozen=True)
class _GlobalNumbers:
    """Numbers of all points; those of a rank follow each other."""

    unknowns: IntArray  # (cells, 4, m) -1 where prescribed
    owned: IntArray  # (ranks,)
    free: BoolArray  # (facets,)


def _global_numbers(
    numbering: FacetNumbering, values: FloatArray, owner: IntArray, order: int, ranks: int
) -> _GlobalNumbers:
    """Number the points of the facets; ``values`` (cells, 4) are given or NaN, ``owner`` (cells,) ranks."""
    points = len(FACET_POINTS[order])
    facet_owner = numbering.owners(owner)
    free = np.ones(numbering.count, dtype=bool)
    free[numbering.facets[~np.isnan(values)]] = False
    sequence = np.argsort(np.where(free, facet_owner, ranks), kind="stable")
    position = np.full(numbering.count, -1, dtype=np.int64)
    position[sequence[: free.sum()]] = np.arange(free.sum())
    place = numbering.corner_ranks if points > 1 else np.zeros((len(owner), 4, 1), dtype=np.int64)
    first = position[numbering.facets][:, :, None]
    unknowns = np.where(first < 0, -1, points * first + place)
    return _GlobalNumbers(unknowns, np.bincount(facet_owner[free], minlength=ranks) * points, free)


def _of_rank(
    rank: int,
    cells: IntArray,
    owner: IntArray,
    numbers: _GlobalNumbers,
    values: FloatArray,
    anchors: IntArray,
    jumps: _Jumps,
) -> FacetPotentials:
    """Return the part of one rank."""
    mine = np.flatnonzero(owner == rank)
    points = numbers.unknowns.shape[2]
    prescribed = np.repeat(np.nan_to_num(values[mine]), points, axis=1)
    held = anchors[owner[anchors] == rank]
    local = np.column_stack([np.searchsorted(mine, held), np.zeros(len(held), dtype=np.int64)])
    here = owner[jumps.slots[:, 0] // 4] == rank
    by_slot = numbers.unknowns.reshape(-1, points)
    pairs = by_slot[jumps.slots[here][:, None, :], jumps.points[here]].reshape(-1, 2)
    conductance = np.repeat(jumps.conductance[here], points)
    unknowns = numbers.unknowns[mine].reshape(len(mine), -1)
    return FacetPotentials(cells[mine], unknowns, prescribed, int(numbers.owned[rank]), local, pairs, conductance)


def _jumps(problem: ConductionProblem, place: CellFacets, points: int) -> _Jumps:
    """Find the points of the resistive facets on both sides; |F|/(m R) between the two at each point."""
    resistive = problem.resistive
    sides = (resistive.first, resistive.second)
    slots = [place.slots(sides[k], resistive.cells[:, k])[1] for k in (0, 1)]
    areas = triangle_areas(problem.mesh.vertices, resistive.first)
    corners = [place.corners(slots[k], sides[k])[:, :points] for k in (0, 1)]
    where = corners if points > 1 else [np.zeros_like(one) for one in corners]
    conductance = areas / (points * resistive.resistance)
    return _Jumps(np.column_stack(slots), np.stack(where, axis=2), conductance)


def _anchors(numbering: FacetNumbering, free: BoolArray, jumps: _Jumps) -> IntArray:
    """Return one cell of each part that hangs together by facets and has no given potential."""
    count = len(numbering.facets)
    facets = numbering.facets.ravel()
    first = np.concatenate([np.repeat(np.arange(count), 4), count + facets[jumps.slots[:, 0]]])
    second = np.concatenate([count + facets, count + facets[jumps.slots[:, 1]]])
    links = coo_matrix((np.ones(len(first), dtype=np.int8), (first, second)), shape=(count + numbering.count,) * 2)
    _, part = connected_components(links, directed=False)
    held = np.unique(part[count:][~free])
    parts, cell = np.unique(part[:count], return_index=True)
    return np.asarray(cell[~np.isin(parts, held)])
