"""Conduction through the voxels of a packing by finite volumes: a reference without meshes and elements."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix, diags
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import cg

from manufacturing.packing import Packing
from manufacturing.phases import Phase

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

PRIORITY = (Phase.SE, Phase.CBD, Phase.AM)  # later ones win


@dataclass(frozen=True)
class VoxelFlow:
    """Flow along z through one phase."""

    volume_fraction: float
    conductivity: float  # effective over that of the phase

    @property
    def tortuosity_factor(self) -> float:
        """Volume fraction over effective conductivity."""
        return self.volume_fraction / self.conductivity


def label_voxels(packing: Packing, count: int) -> IntArray:
    """Return the phase at the centres of cubes, ``count`` of them along x, shape (nx, ny, nz)."""
    counts = np.round(packing.size / (packing.size[0] / count)).astype(np.int64)
    edge = packing.size / counts
    labels = np.full(tuple(counts.tolist()), int(Phase.void), dtype=np.int64)
    for phase in PRIORITY:
        for row in np.flatnonzero(packing.phases == phase):
            _paint(labels, packing, row, edge, int(phase))
    return labels


def _paint(labels: IntArray, packing: Packing, row: int, edge: FloatArray, phase: int) -> None:
    """Label the voxels with their centre inside one sphere, its periodic images included."""
    centre, radius = (packing.centres[row] - packing.lower) / edge, packing.radii[row] / edge
    ranges = [np.arange(int(np.floor(c - r)) - 1, int(np.ceil(c + r)) + 1) for c, r in zip(centre, radius, strict=True)]
    squares = [((r + 0.5 - c) / s) ** 2 for r, c, s in zip(ranges, centre, radius, strict=True)]
    inside = squares[0][:, None, None] + squares[1][None, :, None] + squares[2][None, None, :] < 1.0
    index = []
    for axis, values in enumerate(ranges):
        valid = (values >= 0) & (values < labels.shape[axis])
        if not packing.periodic[axis]:
            inside = np.compress(valid, inside, axis=axis)
            values = values[valid]
        index.append(values % labels.shape[axis])
    i, j, k = (axis[where] for axis, where in zip(index, np.nonzero(inside), strict=True))
    labels[i, j, k] = phase


def voxel_flow(labels: IntArray, edge: FloatArray, phase: int, lateral: tuple[bool, bool]) -> VoxelFlow:
    """Solve div(grad u) = 0 in one phase with u = 0 and 1 on the planes at both ends of z.

    Fluxes are (u_b - u_a) A/d between the centres of neighbouring voxels, 2 (u_b - u_a) A/d at the planes.

    Args:
        labels: phases, shape (nx, ny, nz).
        edge: of a voxel, shape (3,) [m].
        phase: that conducts.
        lateral: whether x and y are periodic; otherwise insulated.
    """
    inside = labels == phase
    number = np.full(labels.shape, -1, dtype=np.int64)
    number[inside] = np.arange(int(inside.sum()))
    first, second, conductance = _links(number, edge, (*lateral, False))
    size = int(inside.sum())
    at_plane = np.zeros(size)
    area = 2.0 * edge[0] * edge[1] / edge[2]
    bottom, top = number[:, :, 0], number[:, :, -1]
    at_plane[bottom[bottom >= 0]] += area
    at_plane[top[top >= 0]] += area
    kept = _percolating(first, second, size, bottom[bottom >= 0], top[top >= 0])
    if not kept.any():
        return VoxelFlow(float(inside.mean()), 0.0)
    weights = coo_matrix((conductance, (first, second)), shape=(size, size))
    weights = (weights + weights.T).tocsr()
    matrix = (diags(np.asarray(weights.sum(axis=1)).ravel() + at_plane) - weights).tocsr()[kept][:, kept]
    source = np.zeros(size)
    source[top[top >= 0]] = area
    height = np.nonzero(inside)[2][kept] + 0.5
    start = height / labels.shape[2]
    potential, info = cg(
        matrix, source[kept], x0=start, rtol=1e-7, maxiter=20000, M=diags(1.0 / np.maximum(matrix.diagonal(), 1e-300))
    )
    assert info == 0, f"conjugate gradients ended with {info}"
    full = np.zeros(size)
    full[kept] = potential
    current = float((area * full[bottom[bottom >= 0]]).sum())
    box = edge * np.array(labels.shape)
    return VoxelFlow(float(inside.mean()), current * box[2] / (box[0] * box[1]))


def _links(number: IntArray, edge: FloatArray, wraps: tuple[bool, bool, bool]) -> tuple[IntArray, IntArray, FloatArray]:
    """Return neighbouring voxels of the phase and the conductance between them."""
    first, second, conductance = [], [], []
    for axis in range(3):
        other = np.roll(number, -1, axis=axis)
        both = (number >= 0) & (other >= 0)
        if not wraps[axis]:
            np.moveaxis(both, axis, 0)[-1] = False
        first.append(number[both])
        second.append(other[both])
        conductance.append(np.full(int(both.sum()), edge.prod() / edge[axis] ** 2))
    return np.concatenate(first), np.concatenate(second), np.concatenate(conductance)


def _percolating(first: IntArray, second: IntArray, size: int, bottom: IntArray, top: IntArray) -> BoolArray:
    """Return the voxels that hang together with both planes."""
    graph = coo_matrix((np.ones(len(first), np.int8), (first, second)), shape=(size, size))
    component = connected_components(graph, directed=False)[1]
    return np.isin(component, np.intersect1d(component[bottom], component[top]))


def extrapolated(edges: FloatArray, values: FloatArray) -> tuple[float, float]:
    """Return the limit of a + b edge by least squares, and its standard error."""
    columns = np.column_stack([np.ones(len(edges)), edges])
    solution = np.linalg.lstsq(columns, values, rcond=None)[0]
    misfit = values - columns @ solution
    variance = float(misfit @ misfit) / max(len(edges) - 2, 1)
    return float(solution[0]), float(np.sqrt(variance * np.linalg.inv(columns.T @ columns)[0, 0]))
