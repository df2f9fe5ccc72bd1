"""Which cells hang together: clusters by shared facets, periodic walls included."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from meshing.facets import FacetPairs, pair_facets
from meshing.labelled_mesh import LabelledMesh, WallPairs, match_walls

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]


class CellGraph:
    """Neighbours of the cells of a labelled mesh through shared facets.

    Args:
        mesh: the labelled mesh.
        periodic: join cells through the periodic walls x, y and, if a third entry says so, z; the mesh's own
            setting for x and y by default. What flows between the planes never passes from one end of z to the other.
    """

    def __init__(self, mesh: LabelledMesh, periodic: tuple[bool, ...] | None = None) -> None:
        self.mesh = mesh
        self.periodic = mesh.periodic[:2] if periodic is None else periodic

    @cached_property
    def links(self) -> IntArray:
        """Pairs of neighbouring cells, shape (n, 2); found when first asked for, so only where they are needed."""
        return np.concatenate([self.inner_links, *(walls.cells for walls in self.walls.values())])

    @cached_property
    def inner_links(self) -> IntArray:
        """Pairs of cells that share a facet inside the box, shape (n, 2)."""
        return self.inner_facets.cells

    @cached_property
    def inner_facets(self) -> FacetPairs:
        """The facets inside the box, found once for all that ask for them."""
        pairs = pair_facets(self.mesh.cells)
        inner = pairs.cells[:, 1] >= 0
        return FacetPairs(pairs.facets[inner], pairs.cells[inner])

    @cached_property
    def walls(self) -> dict[int, WallPairs]:
        """The matched facets of the periodic walls by axis."""
        wanted = (axis for axis, joined in enumerate(self.periodic) if joined and self.mesh.periodic[axis])
        return {axis: match_walls(self.mesh, axis) for axis in wanted}

    def with_walls(self, periodic: tuple[bool, ...]) -> CellGraph:
        """Return the graph for other joined walls; what is known about the inside is shared."""
        if (*self.periodic, False)[:3] == (*periodic, False)[:3]:
            return self
        other = CellGraph(self.mesh, periodic)
        if "inner_facets" in vars(self):
            other.inner_facets = self.inner_facets
        return other

    def clusters(self, member: BoolArray) -> IntArray:
        """Return the cluster number of each cell, -1 for cells that are not members."""
        links = self.links[member[self.links].all(axis=1)]
        size = len(member)
        graph = coo_matrix((np.ones(len(links), dtype=np.int8), (links[:, 0], links[:, 1])), shape=(size, size))
        _, label = connected_components(graph, directed=False)
        return np.where(member, label, -1)

    def cells_at(self, *names: str) -> IntArray:
        """Return the cells behind the facets of named outer faces."""
        return self.mesh.facet_cells[self.mesh.named(*names), 0]

    def connected_to(self, member: BoolArray, seeds: IntArray) -> BoolArray:
        """Return which member cells belong to a cluster that holds one of the seed cells."""
        label = self.clusters(member)
        touched = np.unique(label[seeds])
        return member & np.isin(label, touched[touched >= 0])
