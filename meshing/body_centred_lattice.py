"""The periodic body-centred cubic lattice of tetrahedra that the particles are cut into."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from manufacturing.phases import Phase

from .torus_mesh import (
    PLANE_BOTTOM,
    PLANE_COUNTER,
    PLANE_TOP,
    PLANE_X_HIGH,
    PLANE_X_LOW,
    PLANE_Y_HIGH,
    PLANE_Y_LOW,
    FloatArray,
    IntArray,
    TorusMesh,
    cell_volumes,
)

BoolArray = npt.NDArray[np.bool_]

SMALLEST_COUNT = 4  # lattice cubes per periodic edge; below, minimal images are ambiguous
LAYER_GROWTH = 1.3  # of separator layers, away from the electrode
LARGEST_STRETCH = 2.5  # height of separator layers, of the cell size


@dataclass(frozen=True)
class LatticeShape:
    """Number and position of the cubes."""

    counts: tuple[int, int, int]  # cubes in x, y and z (separator and electrode)
    separator_layers: int  # cubes in z below the electrode
    levels: tuple[FloatArray, FloatArray, FloatArray]  # [um] positions of the cube planes
    periodic: tuple[bool, bool, bool]

    @property
    def cube(self) -> FloatArray:
        """Edges of a cube of the electrode, shape (3,) [um]."""
        return np.array([level[-1] - level[-2] for level in self.levels])

    @property
    def cell_size(self) -> float:
        """Edge of a cube of the electrode [um], the geometric mean of the axes."""
        return float(np.prod(self.cube) ** (1.0 / 3.0))


def lattice_shape(
    size: FloatArray, separator_thickness: float, cell_size: float, periodic: tuple[bool, bool, bool]
) -> LatticeShape:
    """Fit cubes of nearly equal edge to the electrode and layers of growing height to the separator below z = 0.

    Args:
        size: electrode edges, shape (3,) [um].
        separator_thickness: [um], 0 for none.
        cell_size: wanted edge of the cubes [um].
        periodic: axes on which the walls are identified; z only without a separator.
    """
    counts = [max(2, round(float(s) / cell_size)) for s in size]
    for axis in range(3):
        if periodic[axis]:
            counts[axis] = max(SMALLEST_COUNT, counts[axis])
    heights = _separator_heights(separator_thickness, float(size[2]) / counts[2])
    layers = len(heights)
    below = -np.cumsum(heights)[::-1]
    if layers:
        below[0] = -separator_thickness
    z = np.concatenate([below, np.linspace(0.0, size[2], counts[2] + 1)])
    x, y = (np.linspace(0.0, size[k], counts[k] + 1) for k in (0, 1))
    return LatticeShape((counts[0], counts[1], counts[2] + layers), layers, (x, y, z), periodic)


def _separator_heights(thickness: float, cell_size: float) -> FloatArray:
    """Return layer heights that grow away from the electrode and add up to the separator, the upper first [um]."""
    if thickness <= 0.0:
        return np.empty(0)
    heights = [cell_size]
    while sum(heights) < thickness - 0.5 * heights[-1]:
        heights.append(min(heights[-1] * LAYER_GROWTH, LARGEST_STRETCH * cell_size))
    return np.array(heights) * (thickness / sum(heights))


def build_lattice(shape: LatticeShape) -> TorusMesh:
    """Fill electrode (z >= 0) and separator (z < 0) with body-centred cubic tetrahedra.

    Each facet between two cubes carries four tetrahedra that join its edges to both cube centres.
    Facets on the walls, on the top and bottom and on the plane z = 0 get a vertex of their own, so
    that these planes are unions of facets. Electrode cells are labelled void.
    """
    builder = _LatticeBuilder(shape)
    parts = [builder.facet_cells(axis) for axis in range(3)]
    cells = np.concatenate([c for c, _ in parts])
    layer = np.concatenate([k for _, k in parts])
    points, planes = builder.vertices()
    period = np.array([level[-1] * wraps for level, wraps in zip(shape.levels, shape.periodic, strict=True)])
    inverted = cell_volumes(points, cells, period) < 0.0
    cells[inverted] = cells[inverted][:, [1, 0, 2, 3]]
    labels = np.where(layer < shape.separator_layers, int(Phase.separator), int(Phase.void)).astype(np.int64)
    sizes = np.full(len(points), shape.cell_size)
    return TorusMesh(points, planes, np.zeros(len(points), np.int64), sizes, cells, labels, period)


class _LatticeBuilder:
    """Numbers the vertices: cube corners, cube centres, then the centres of facets on planes."""

    def __init__(self, shape: LatticeShape) -> None:
        self.shape = shape
        self.corner_counts = [n if shape.periodic[axis] else n + 1 for axis, n in enumerate(shape.counts)]
        self.corner_total = int(np.prod(self.corner_counts))
        self.total = self.corner_total + int(np.prod(shape.counts))
        self.facet_points: list[FloatArray] = []

    def corner(self, index: list[IntArray]) -> IntArray:
        """Return the numbers of lattice corners."""
        i, j, k = (index[a] % self.corner_counts[a] for a in range(3))
        return np.asarray((i * self.corner_counts[1] + j) * self.corner_counts[2] + k)

    def centre(self, index: list[IntArray]) -> IntArray:
        """Return the numbers of cube centres."""
        counts = self.shape.counts
        i, j, k = (index[a] % counts[a] for a in range(3))
        return np.asarray(self.corner_total + (i * counts[1] + j) * counts[2] + k)

    def facet_cells(self, axis: int) -> tuple[IntArray, IntArray]:
        """Return the cells (n, 4) around the cube facets normal to ``axis`` and their z layers (n,)."""
        counts, second, third = self.shape.counts, (axis + 1) % 3, (axis + 2) % 3
        ranges = (self.corner_counts[axis], counts[second], counts[third])
        grid = np.meshgrid(*[np.arange(n) for n in ranges], indexing="ij")
        index: list[IntArray] = [np.empty(0, np.int64)] * 3
        for a, values in zip((axis, second, third), grid, strict=True):
            index[a] = values.ravel().astype(np.int64)
        below = [index[a] - (a == axis) for a in range(3)]
        ring = [self._ring_corner(index, second, third, step) for step in ((0, 0), (1, 0), (1, 1), (0, 1))]
        on_plane = self._on_plane(axis, index[axis])
        facet = np.full(len(on_plane), -1, dtype=np.int64)
        facet[on_plane] = self._add_facet_points(axis, index, on_plane)
        wraps = self.shape.periodic[axis]
        has_low, has_high = wraps | (index[axis] > 0), wraps | (index[axis] < counts[axis])
        low, high = self.centre(below), self.centre(index)
        lower_layer = below[2] % counts[2]
        parts = [
            _join(low, high, ring, lower_layer, ~on_plane),
            _join(low, facet, ring, lower_layer, on_plane & has_low),
            _join(facet, high, ring, index[2], on_plane & has_high),
        ]
        return np.concatenate([c for c, _ in parts]), np.concatenate([k for _, k in parts])

    def _ring_corner(self, index: list[IntArray], second: int, third: int, step: tuple[int, int]) -> IntArray:
        shifted = list(index)
        shifted[second] = index[second] + step[0]
        shifted[third] = index[third] + step[1]
        return self.corner(shifted)

    def _on_plane(self, axis: int, position: IntArray) -> BoolArray:
        planes = [0, self.shape.counts[axis]] + ([self.shape.separator_layers] if axis == 2 else [])
        return np.asarray(np.isin(position, planes))

    def _add_facet_points(self, axis: int, index: list[IntArray], chosen: BoolArray) -> IntArray:
        levels = self.shape.levels
        middle = [0.5 * (level[:-1] + level[1:]) for level in levels]
        coordinates = [(levels[a] if a == axis else middle[a])[index[a][chosen]] for a in range(3)]
        self.facet_points.append(np.column_stack(coordinates))
        numbers = self.total + np.arange(int(chosen.sum()))
        self.total += len(numbers)
        return numbers

    def vertices(self) -> tuple[FloatArray, IntArray]:
        """Return the points (nv, 3) [um] and their plane bits (nv,)."""
        levels = self.shape.levels
        middle = [0.5 * (level[:-1] + level[1:]) for level in levels]
        corners = [level[:n] for level, n in zip(levels, self.corner_counts, strict=True)]
        grids = [np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 3) for axes in (corners, middle)]
        points = np.concatenate([*grids, *self.facet_points])
        planes = np.zeros(len(points), dtype=np.int64)
        x, y, z = levels
        positions = [
            (0, x[0], PLANE_X_LOW),
            (1, y[0], PLANE_Y_LOW),
            (0, x[-1], PLANE_X_HIGH),
            (1, y[-1], PLANE_Y_HIGH),
            (2, z[0], PLANE_COUNTER),
            (2, z[-1], PLANE_TOP),
        ]
        if self.shape.separator_layers:
            positions.append((2, z[self.shape.separator_layers], PLANE_BOTTOM))
        for axis, value, bit in positions:
            planes[points[:, axis] == value] |= bit
        return points, planes


def _join(
    low: IntArray, high: IntArray, ring: list[IntArray], layer: IntArray, chosen: BoolArray
) -> tuple[IntArray, IntArray]:
    """Join two opposite vertices to the four edges of each chosen facet."""
    cells = [np.column_stack([low, high, ring[s], ring[(s + 1) % 4]])[chosen] for s in range(4)]
    return np.concatenate(cells), np.tile(layer[chosen], 4)
