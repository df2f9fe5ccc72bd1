"""The split of a field's mesh in sparse form: only what differs from the labelled mesh (Eq. 3d)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from meshing.labelled_mesh import LabelledMesh

from .resistive_facets import NO_FAN, Resistances, ResistiveFacets, renumbered, split_mesh

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class VertexSplit:
    """Copies of vertices, the cells that have them, and the facets across which the field may jump.

    The first vertices of the split mesh are those of the labelled mesh, copies follow.
    """

    copied: IntArray  # (copies,) labelled vertex of each copy
    fanned: IntArray  # (n,) vertices of the split mesh, copies included, that belong to a fan
    fans: IntArray  # (n,) their fans in the periodic box
    cells: IntArray  # (m,) cells with copies, ascending
    corners: IntArray  # (m, 4) their vertices in the split mesh
    resistive: ResistiveFacets

    @classmethod
    def of(cls, mesh: LabelledMesh, joints: Resistances, member: BoolArray) -> VertexSplit:
        """Split the mesh of the member cells where its facets resist or insulate, and where cells meet in a point only.

        Args:
            mesh: labelled mesh.
            joints: resistances of its facets.
            member: (cells,) cells on which the field lives.
        """
        split = split_mesh(mesh, joints, member)
        changed = np.flatnonzero((split.mesh.cells != mesh.cells).any(axis=1))
        fanned = np.flatnonzero(split.fans != NO_FAN)
        copied = split.origin[len(mesh.vertices) :]
        return cls(copied, fanned, split.fans[fanned], changed, split.mesh.cells[changed], split.resistive)

    def origin(self, mesh: LabelledMesh) -> IntArray:
        """Return the labelled vertex of each vertex of the split mesh."""
        return np.concatenate([np.arange(len(mesh.vertices)), self.copied])

    def all_fans(self, mesh: LabelledMesh) -> IntArray:
        """Return the fan of each vertex of the split mesh, NO_FAN where nothing was split."""
        fans = np.full(len(mesh.vertices) + len(self.copied), NO_FAN, dtype=np.int64)
        fans[self.fanned] = self.fans
        return fans

    def applied_to(self, mesh: LabelledMesh) -> LabelledMesh:
        """Return the split mesh; its named facets have the vertices of the cell behind them."""
        if len(self.cells) == 0:
            return mesh
        cells = mesh.cells.copy()
        cells[self.cells] = self.corners
        facets = self.facets_of(mesh, mesh.facet_cells[:, 0], mesh.facets)
        return replace(mesh, vertices=mesh.vertices[self.origin(mesh)], cells=cells, facets=facets)

    def cells_of(self, mesh: LabelledMesh, which: IntArray) -> IntArray:
        """Return the vertices of some cells in the split mesh, shape (n, 4)."""
        cells = np.array(mesh.cells[which])
        if len(self.cells):
            place = np.searchsorted(self.cells, which).clip(max=len(self.cells) - 1)
            has_copies = self.cells[place] == which
            cells[has_copies] = self.corners[place[has_copies]]
        return cells

    def facets_of(self, mesh: LabelledMesh, which: IntArray, facets: IntArray) -> IntArray:
        """Return facets (n, 3) of the cells ``which`` (n,) in the vertices that these have in the split mesh."""
        hit = np.flatnonzero(np.isin(which, self.cells))
        result = np.array(facets)
        if len(hit):
            old, new = mesh.cells[which[hit]], self.cells_of(mesh, which[hit])
            result[hit] = renumbered(old, new, np.arange(len(hit)), facets[hit])
        return result


@dataclass(frozen=True)
class FieldCells:
    """The cells on which a field lives, and how their mesh is split."""

    member: BoolArray  # (cells,) mask
    split: VertexSplit

    def at_corners(self, mesh: LabelledMesh, nodal: FloatArray) -> FloatArray:
        """Return node values at the corners of the cells (cells, 4), NaN where the field does not live."""
        values = np.full(mesh.cells.shape, np.nan)
        cells = np.flatnonzero(self.member)
        values[cells] = nodal[self.split.cells_of(mesh, cells)]
        return values

    def at_vertices(self, mesh: LabelledMesh, nodal: FloatArray) -> FloatArray:
        """Return node values at the labelled vertices, the mean of all copies, NaN where the field does not live."""
        known, size = np.isfinite(nodal), len(mesh.vertices)
        origin = self.split.origin(mesh)[known]
        with np.errstate(invalid="ignore"):
            return np.asarray(np.bincount(origin, nodal[known], size) / np.bincount(origin, minlength=size))
