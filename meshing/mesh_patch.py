"""The mutable state of one improvement pass: cells that change while their neighbours wait."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .cell_labels import CellLabels
from .compiled import compiled
from .torus_mesh import FloatArray, IntArray, TorusMesh, build_star, label_bits

DEAD = -1  # label of a removed cell
SPARE_CELLS = 200_000  # room for the cells that one pass adds


class MeshPatch(NamedTuple):
    """Arrays of a pass. A cell may change once per pass; the stars of its vertices are then closed.

    ``star_start`` and ``star_cells`` describe the cells before the pass. They are still right for a
    vertex as long as none of its listed cells is touched, so an operation that needs the star of a
    vertex must first see that all of these are untouched.
    """

    points: FloatArray
    planes: IntArray
    phases: IntArray  # (nv,) bits of the labels around each vertex
    surfaces: IntArray  # (nv,) conditions of the vertex, see CellLabels.bounding_surfaces
    sizes: FloatArray
    period: FloatArray
    cells: IntArray  # with spare rows
    labels: IntArray  # DEAD where there is no cell
    touched: npt.NDArray[np.bool_]
    used: IntArray  # (1,) rows in use
    star_start: IntArray
    star_cells: IntArray


def open_patch(mesh: TorusMesh, cell_labels: CellLabels) -> MeshPatch:
    """Copy a mesh into the state of a pass."""
    count = len(mesh.cells)
    cells = np.zeros((count + SPARE_CELLS, 4), dtype=np.int64)
    cells[:count] = mesh.cells
    labels = np.full(len(cells), DEAD, dtype=np.int64)
    labels[:count] = mesh.labels
    around = label_bits(mesh.cells, mesh.labels, len(mesh.points))
    star = build_star(mesh.cells, len(mesh.points))
    return MeshPatch(
        mesh.points.copy(),
        mesh.planes,
        around,
        cell_labels.bounding_surfaces(around, mesh.surfaces),
        mesh.sizes,
        mesh.period,
        cells,
        labels,
        np.zeros(len(cells), dtype=bool),
        np.array([count]),
        star.start,
        star.cells,
    )


def close_patch(mesh: TorusMesh, patch: MeshPatch) -> TorusMesh:
    """Return the mesh after a pass, without removed cells and unused vertices."""
    alive = patch.labels != DEAD
    cells, labels = patch.cells[alive], patch.labels[alive]
    used = np.zeros(len(patch.points), dtype=bool)
    used[cells] = True
    number = np.cumsum(used) - 1
    return replace(
        mesh,
        points=patch.points[used],
        planes=mesh.planes[used],
        surfaces=mesh.surfaces[used],
        sizes=mesh.sizes[used],
        cells=number[cells],
        labels=labels,
    )


@compiled
def star_untouched(patch: MeshPatch, v: int) -> bool:
    """Return whether the star of a vertex is still the one from before the pass."""
    for s in range(patch.star_start[v], patch.star_start[v + 1]):
        if patch.touched[patch.star_cells[s]]:
            return False
    return True


@compiled
def position(cell: IntArray, v: int) -> int:
    """Return the corner of a cell at which a vertex is, -1 if it is not there."""
    for k in range(4):
        if cell[k] == v:
            return k
    return -1


@compiled
def single_phase(bits: int) -> bool:
    """Return whether at most one bit is set."""
    return bits & (bits - 1) == 0
