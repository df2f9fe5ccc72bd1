"""Numbers of the potentials on the facets of some cells: one facet, one set of unknowns, periodic copies included."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from meshing.facets import pair_facets
from meshing.labelled_mesh import OPPOSITE_FACES, LabelledMesh

from .divergence_free import FACET_CORNERS

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

WALL_TOLERANCE = 1e-4  # of the smallest extent of a facet


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

    def number(self, periodic: tuple[bool, ...], fans: IntArray) -> FacetNumbering:
        """Number the facets; opposite walls of the axes that are periodic have the same ones.

        Args:
            periodic: axes whose walls are joined.
            fans: (vertices,) of a mesh that is split at resistances; walls are joined where those of copies agree.
        """
        vertices = self.mesh.cells[self.cells]
        facets = _shared_numbers(vertices)
        keys = vertices[:, FACET_CORNERS].reshape(-1, 3)
        for axis, wanted in enumerate(periodic):
            if wanted:
                self._join_walls(axis, fans, facets, keys)
        numbers, facets = np.unique(facets, return_inverse=True)
        ranks = np.argsort(np.argsort(keys, axis=1), axis=1)
        return FacetNumbering(facets.reshape(-1, 4), ranks.reshape(-1, 4, 3), len(numbers))

    def _join_walls(self, axis: int, fans: IntArray, facets: IntArray, keys: IntArray) -> None:
        """Give facets of the upper wall the number and the vertices of their copies on the lower wall.

        Copies are found by position, because only some cells of a mesh that may be split count here.
        """
        low, high = (self.named(*names) for names in OPPOSITE_FACES[axis])
        if len(low) == 0 or len(high) == 0:
            return
        across = [k for k in range(3) if k != axis]
        below, above = (self.mesh.vertices[keys[side]][:, :, across] for side in (low, high))
        distance, nearest = cKDTree(below.mean(axis=1)).query(above.mean(axis=1))
        found = distance < WALL_TOLERANCE * np.ptp(below, axis=1).min()
        low, high, below, above = low[nearest[found]], high[found], below[nearest[found]], above[found]
        corner = np.linalg.norm(above[:, :, None] - below[:, None], axis=3).argmin(axis=2)
        copies = np.take_along_axis(keys[low], corner, axis=1)
        joined = (fans[copies] == fans[keys[high]]).all(axis=1)
        facets[high[joined]] = facets[low[joined]]
        keys[high[joined]] = copies[joined]

    def corners(self, slots: IntArray, facets: IntArray) -> IntArray:
        """Return the place of each corner of facets (n, 3) among those of their slots, shape (n, 3)."""
        own = self.mesh.cells[self.cells[slots // 4]][np.arange(len(slots))[:, None], FACET_CORNERS[slots % 4]]
        return np.asarray((own[:, None] == facets[:, :, None]).argmax(axis=2))


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
