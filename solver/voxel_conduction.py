"""Conduction through cubes by finite volumes, as voxel programs compute it: a second route beside the tetrahedra.

div(sigma grad phi) = 0 with phi = 0 and 1 V on the z planes. The current between the centres of two neighbouring voxels
of conductivities s and t is A/d 2 s t/(s + t) dphi (two halves in series), from a plane to a centre 2 A/d s dphi.
Only faces conduct: voxels that meet in an edge or a corner do not touch. The staircase makes tortuosity too high.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from petsc4py import PETSc
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from manufacturing.phases import Phase

from .linear_solver import conjugate_gradient, solve

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

PREFIX = "granode_voxels_"
TOLERANCE = 1e-9


@dataclass(frozen=True)
class VoxelLinks:
    """Faces between percolating voxels: both numbers and the conductance, each of shape (faces,)."""

    first: IntArray
    second: IntArray
    conductance: FloatArray  # [S]


def voxel_conduction(
    phases: IntArray, edges: FloatArray, conductivities: dict[Phase, float], lateral: tuple[bool, bool]
) -> dict[str, Any]:
    """Return the effective conductivity along z and what belongs to it, for the summary.

    Args:
        phases: of the voxels, shape (nx, ny, nz).
        edges: of a voxel, shape (3,) [m].
        conductivities: of the conducting phases [S/m].
        lateral: whether x and y are periodic; otherwise insulated.

    Raises:
        StageError: the linear solver did not converge.
    """
    start = time.perf_counter()
    sigma = np.zeros(phases.shape)
    for phase, value in conductivities.items():
        sigma[phases == phase] = value
    fractions = {phase.name: float((phases == phase).mean()) for phase in conductivities}
    kept = percolating_voxels(sigma > 0.0, lateral)
    value, unknowns, iterations = _through_current(np.where(kept, sigma, 0.0), edges, lateral)
    weight = sum(fractions[phase.name] * s for phase, s in conductivities.items())
    factor = weight / value if value > 0.0 and len(conductivities) == 1 else None
    return {
        "effective_conductivity_S_m": value,
        "tortuosity_factor": factor,
        "geometric_tortuosity": None if factor is None else float(np.sqrt(factor)),
        "percolates": bool(kept.any()),
        "connected_fraction": float(kept.sum() / max((sigma > 0.0).sum(), 1)),
        "volume_fraction": fractions,
        "voxel_um": [float(1e6 * edge) for edge in edges],
        "unknowns": unknowns,
        "iterations": iterations,
        "seconds": round(time.perf_counter() - start, 3),
    }


def percolating_voxels(conducting: BoolArray, lateral: tuple[bool, bool]) -> BoolArray:
    """Return the conducting voxels that hang together with both z planes by faces, shape (nx, ny, nz)."""
    number = _numbers(conducting)
    pairs = [_pairs(number, axis, (*lateral, False)[axis]) for axis in range(3)]
    first, second = (np.concatenate([pair[side] for pair in pairs]) for side in (0, 1))
    size = int(conducting.sum())
    graph = coo_matrix((np.ones(len(first), np.int8), (first, second)), shape=(size, size))
    component = connected_components(graph, directed=False)[1]
    below, above = (component[plane[plane >= 0]] for plane in (number[:, :, 0], number[:, :, -1]))
    kept = np.zeros(conducting.shape, dtype=bool)
    kept[conducting] = np.isin(component, np.intersect1d(below, above))
    return kept


def _numbers(members: BoolArray) -> IntArray:
    """Return the number of every member, -1 elsewhere."""
    number = np.full(members.shape, -1, dtype=np.int64)
    number[members] = np.arange(int(members.sum()))
    return number


def _pairs(number: IntArray, axis: int, wraps: bool) -> tuple[IntArray, IntArray, BoolArray]:
    """Return the members on both sides of every face normal to an axis, and where these faces are."""
    other = np.roll(number, -1, axis=axis)
    both = (number >= 0) & (other >= 0)
    if not wraps:
        np.moveaxis(both, axis, 0)[-1] = False
    return number[both], other[both], both


def voxel_links(sigma: FloatArray, edges: FloatArray, lateral: tuple[bool, bool]) -> VoxelLinks:
    """Return the faces between conducting voxels with the harmonic mean of their conductivities."""
    number, parts = _numbers(sigma > 0.0), []
    values = sigma[sigma > 0.0]
    for axis in range(3):
        first, second, _ = _pairs(number, axis, (*lateral, False)[axis])
        s, t = values[first], values[second]
        parts.append((first, second, 2.0 * s * t / (s + t) * edges.prod() / edges[axis] ** 2))
    return VoxelLinks(*(np.concatenate([part[k] for part in parts]) for k in range(3)))


def _through_current(sigma: FloatArray, edges: FloatArray, lateral: tuple[bool, bool]) -> tuple[float, int, int]:
    """Return effective conductivity [S/m], unknowns and iterations; 0 where nothing percolates."""
    number = _numbers(sigma > 0.0)
    size = int(number.max()) + 1
    if size == 0:
        return 0.0, 0, 0
    links = voxel_links(sigma, edges, lateral)
    at_plane = 2.0 * edges[0] * edges[1] / edges[2]
    bottom, top = np.zeros(size), np.zeros(size)
    for plane, layer in ((bottom, 0), (top, -1)):
        touching = number[:, :, layer][number[:, :, layer] >= 0]
        plane[touching] = at_plane * sigma[:, :, layer][number[:, :, layer] >= 0]
    matrix = _matrix(links, bottom + top)
    right = PETSc.Vec().createWithArray(top.copy(), comm=PETSc.COMM_SELF)
    solver = conjugate_gradient(matrix, PREFIX, TOLERANCE)
    potential = solve(solver, right, "conduction on voxels").array
    box = edges * np.array(sigma.shape)
    current = float(bottom @ potential)
    return current * float(box[2] / (box[0] * box[1])), size, solver.getIterationNumber()


def _matrix(links: VoxelLinks, at_planes: FloatArray) -> PETSc.Mat:
    """Return the symmetric matrix of currents out of the voxels."""
    size = len(at_planes)
    weights = coo_matrix((links.conductance, (links.first, links.second)), shape=(size, size)).tocsr()
    weights = weights + weights.T
    diagonal = np.asarray(weights.sum(axis=1)).ravel() + at_planes
    own = np.arange(size)
    matrix = (coo_matrix((diagonal, (own, own)), shape=(size, size)) - weights).tocsr()
    arrays = (matrix.indptr.astype(PETSc.IntType), matrix.indices.astype(PETSc.IntType), matrix.data)
    return PETSc.Mat().createAIJ((size, size), csr=arrays, comm=PETSc.COMM_SELF)
