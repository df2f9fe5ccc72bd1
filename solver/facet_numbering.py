"""Numbers of the potentials on the facets of some cells: one facet, one set of unknowns, periodic copies included."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from meshing.facets import pair_facets
from meshing.labelled_mesh import LabelledMesh, match_walls

from .divergence_free import FACET_CORNERS

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class FacetNumbering:
    """Facets of some cells; those of one facet seen from both sides, or through a periodic wall, have one number."""

    facets: IntArray  # (cells, 4) number of the facet opposite to each corner
    corner_ranks: IntArray  # (cells, 4, 3) place of each corner among those of its facet, the same from both sides
    count: int

    def owners(self, of_cells: IntArray) -> IntArray:
        """Return the smallest rank that owns a cell at each facet, shape (count,)."""
        owner = np.full(self.count, np.iinfo(np.int64).max)
        np.minimum.at(owner, self.facets.ravel(), np.repeat(of_cells, 4))
        return owner


class CellFacets:
    """Where the facets of a labelled mesh are among those of some of its cells.

    Args:
        mesh: the labelled mesh.
        cells: indices of the cells.
    """

    def __init__(self, mesh: LabelledMesh, cells: IntArray) -> None:
        self.mesh, self.cells = mesh, cells
        self._place = np.full(len(mesh.cells), -1, dtype=np.int64)
        self._place[cells] = np.arange(len(cells))

    def slots(self, facets: IntArray, behind: IntArray) -> tuple[BoolArray, IntArray]:
        """Return which facets belong to one of the cells, and 4 x (its place) + (corner opposite) of these.

        Args:
            facets: vertices, shape (n, 3).
            behind: cell of the labelled mesh at each facet, shape (n,); -1 is none.
        """
        mine = (behind >= 0) & (self._place[behind] >= 0)
        vertices = self.mesh.cells[behind[mine]]
        opposite = vertices.sum(axis=1) - facets[mine].sum(axis=1)
        return mine, 4 * self._place[behind[mine]] + np.argmax(vertices == opposite[:, None], axis=1)

    def below(self, height: float) -> BoolArray:
        """Return which slots have all three corners below a height [m], shape (4 n,)."""
        corners = self.mesh.vertices[:, 2][self.mesh.cells[self.cells]][:, FACET_CORNERS]
        return np.asarray((corners < height).all(axis=2).ravel())

    def named(self, *names: str) -> IntArray:
        """Return the slots of named outer facets."""
        index = self.mesh.named(*names)
        return self.slots(self.mesh.facets[index], self.mesh.facet_cells[index, 0])[1]

    def number(self, periodic: tuple[bool, ...]) -> FacetNumbering:
        """Number the facets; opposite walls of the axes that are periodic have the same ones."""
        vertices = self.mesh.cells[self.cells]
        facets = _shared_numbers(vertices)
        keys = vertices[:, FACET_CORNERS].reshape(-1, 3)
        for axis, wanted in enumerate(periodic):
            if wanted:
                self._join_walls(axis, facets, keys)
        numbers, facets = np.unique(facets, return_inverse=True)
        ranks = np.argsort(np.argsort(keys, axis=1), axis=1)
        return FacetNumbering(facets.reshape(-1, 4), ranks.reshape(-1, 4, 3), len(numbers))

    def _join_walls(self, axis: int, facets: IntArray, keys: IntArray) -> None:
        """Give facets of the upper wall the number and the vertices of their copies on the lower wall."""
        walls = match_walls(self.mesh, axis)
        has_low, _ = self.slots(walls.low, walls.cells[:, 0])
        has_high, _ = self.slots(walls.high, walls.cells[:, 1])
        both = has_low & has_high
        low = self.slots(walls.low[both], walls.cells[both, 0])[1]
        high = self.slots(walls.high[both], walls.cells[both, 1])[1]
        facets[high] = facets[low]
        copy = np.arange(len(self.mesh.vertices))
        copy[walls.high.ravel()] = walls.low.ravel()
        keys[high] = copy[keys[high]]


def _shared_numbers(vertices: IntArray) -> IntArray:
    """Return a number per facet of cells (n, 4), shape (4 n,), the same for both cells of a facet."""
    pairs = pair_facets(vertices)
    numbers = np.empty(4 * len(vertices), dtype=np.int64)
    for side in (0, 1):
        index = np.flatnonzero(pairs.cells[:, side] >= 0)
        behind = pairs.cells[index, side]
        opposite = vertices[behind].sum(axis=1) - pairs.facets[index].sum(axis=1)
        numbers[4 * behind + np.argmax(vertices[behind] == opposite[:, None], axis=1)] = index
    return numbers
