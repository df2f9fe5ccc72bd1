"""Conduction through a face-centred lattice of spheres by finite volumes with cut faces: no mesh, no elements.

Mirror planes leave one eighth of the cube: u = 0 and 1 on z = 0 and a/2, nothing passes x, y = 0 and a/2.
The flux between two cubes of edge h is (open area of their common face) (u_b - u_a)/h, and twice that
against the planes of given u. The open area of faces that the surfaces cut is found by sampling.

Spheres that conduct touch in the planes halfway between their centres, which halve cubes along the
diagonal. Each half is an unknown of its own: the cusp between two spheres is not bridged by a cube that
holds a part of both. Between the halves, whose centroids are sqrt(2)/3 h apart, the conductance is
3 h times the open share of the diagonal.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from petsc4py import PETSc
from scipy.sparse import coo_matrix, diags
from scipy.sparse.csgraph import connected_components

from solver.linear_solver import conjugate_gradient, solve

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Links = tuple[IntArray, IntArray, FloatArray]  # unknowns on both sides, conductance

CENTRES = 0.5 * np.array([[0, 0, 0], [1, 1, 0], [1, 0, 1], [0, 1, 1]])  # in the eighth of a unit cube
# Plane halfway between two centres: its two axes, and whether it is x_a = x_b or x_a + x_b = 1/2.
CONTACTS = {(0, 1): (0, 1, -1), (2, 3): (0, 1, 1), (0, 2): (0, 2, -1), (1, 3): (0, 2, 1), (0, 3): (1, 2, -1)}
CONTACTS |= {(1, 2): (1, 2, 1)}
BETWEEN = 1e-9  # difference of distances to two centres that count as equal
SAMPLES = 16  # along both edges of a cut face
# Faces of a half cube: 1.5 is exact for currents normal to its diagonal, 1 for those along it.
HALF_CUBE_FACE = 1.25


@dataclass(frozen=True)
class Lattice:
    """The conducting part of the eighth, as cubes."""

    count: int  # cubes along the edge of the eighth
    radius: float  # of the spheres over the edge of the lattice's cube
    spheres: bool  # conduct, else what is between them

    @property
    def parts(self) -> int:
        """Bodies that are kept apart: the four spheres, or the one pore."""
        return len(CENTRES) if self.spheres else 1

    @property
    def numbers(self) -> IntArray:
        """Unknown of each cube and part, shape (count, count, count, parts)."""
        return np.arange(self.count**3 * self.parts).reshape((self.count,) * 3 + (self.parts,))

    def conducting(self, points: FloatArray) -> FloatArray:
        """Return 1 where a part conducts at points (n, 3), shape (n, parts); points between two count half."""
        distance = np.sqrt(((points[:, None, :] - CENTRES) ** 2).sum(axis=-1))
        shortest = distance.min(axis=1, keepdims=True)
        if not self.spheres:
            return (shortest >= self.radius).astype(float)
        nearest = distance < shortest + BETWEEN
        return (nearest & (distance < self.radius)) / nearest.sum(axis=1, keepdims=True)

    def cut(self, points: FloatArray) -> BoolArray:
        """Return which faces with these midpoints may hold a surface or a plane between two parts."""
        edge = 0.5 / self.count
        first, second = np.sort(np.sqrt(((points[:, None, :] - CENTRES) ** 2).sum(axis=-1)), axis=1)[:, :2].T
        near = np.abs(first - self.radius) < 0.71 * edge
        return near | (self.spheres & (second - first < 1.5 * edge) & (first < self.radius + 0.71 * edge))


def lattice_conductivity(lattice: Lattice) -> float:
    """Return sigma_eff over that of the conducting phase: I L/A with L = count h and A = (count h)^2."""
    half, links = _contacts(lattice)
    planes = []
    for axis in range(3):
        share = _face_shares(lattice, axis)
        unknowns, halved = np.moveaxis(lattice.numbers, axis, 0), np.moveaxis(half, axis, 0)
        factor = np.where(halved[:-1] | halved[1:], HALF_CUBE_FACE, 1.0)
        links.append((unknowns[:-1].ravel(), unknowns[1:].ravel(), (factor * share[1:-1]).ravel()))
        if axis == 2:
            planes = [(unknowns[end].ravel(), 2.0 * share[end].ravel()) for end in (0, -1)]
    first, second, conductance = (np.concatenate(part) for part in zip(*links, strict=True))
    return _current(half.size, (first, second, conductance), planes) / lattice.count


def _current(size: int, links: Links, planes: list[tuple[IntArray, FloatArray]]) -> float:
    """Return the current at 1 V between the planes."""
    used = links[2] > 0.0
    i, j, weight = (array[used] for array in links)
    graph = coo_matrix((weight, (i, j)), shape=(size, size))
    component = connected_components(graph, directed=False)[1]
    ends = [component[unknowns[area > 0.0]] for unknowns, area in planes]
    kept = np.flatnonzero(np.isin(component, np.intersect1d(*ends)))
    ground, source = np.zeros(size), np.zeros(size)
    ground[planes[0][0]], source[planes[1][0]] = planes[0][1], planes[1][1]
    weights = (graph + graph.T).tocsr()
    full = diags(np.asarray(weights.sum(axis=1)).ravel() + ground + source) - weights
    reduced = full.tocsr()[kept][:, kept]
    matrix = PETSc.Mat().createAIJ(reduced.shape, csr=(reduced.indptr, reduced.indices, reduced.data))
    right = matrix.createVecRight()
    right.array[:] = source[kept]
    potential = solve(conjugate_gradient(matrix, "apertures_", 1e-10), right, "apertures").array
    return float((ground[kept] * potential).sum())


def _face_shares(lattice: Lattice, axis: int) -> FloatArray:
    """Return the open share of every face normal to an axis, shape (count + 1, count, count, parts)."""
    count, edge = lattice.count, 0.5 / lattice.count
    middle = edge * (np.arange(count) + 0.5)
    grid = np.meshgrid(edge * np.arange(count + 1), middle, middle, indexing="ij")
    points = _turned(np.stack(grid, axis=-1).reshape(-1, 3), axis)
    share = lattice.conducting(points)
    cut = np.flatnonzero(lattice.cut(points))
    steps = edge * ((np.arange(SAMPLES) + 0.5) / SAMPLES - 0.5)
    share[cut] = 0.0
    for a in steps:
        for b in steps:
            share[cut] += lattice.conducting(points[cut] + _turned(np.array([[0.0, a, b]]), axis))
    share[cut] /= SAMPLES**2
    return share.reshape(count + 1, count, count, lattice.parts)


def _contacts(lattice: Lattice) -> tuple[BoolArray, list[Links]]:
    """Return which unknowns are half cubes, and the links between the halves."""
    numbers, half, links = lattice.numbers, np.zeros_like(lattice.numbers, dtype=bool), []
    index = np.indices(numbers.shape[:3])
    for (p, q), (a, b, sign) in CONTACTS.items() if lattice.spheres else ():
        on_plane = index[a] == index[b] if sign > 0 else index[a] + index[b] == lattice.count - 1
        half[on_plane, p] = half[on_plane, q] = True
        corner = np.argwhere(on_plane) * 0.5 / lattice.count
        share = np.zeros(len(corner))
        for t in (np.arange(SAMPLES) + 0.5) / SAMPLES:
            for s in (np.arange(SAMPLES) + 0.5) / SAMPLES:
                step = np.zeros(3)
                step[[a, b, 3 - a - b]] = t, t if sign > 0 else 1.0 - t, s
                points = corner + step * 0.5 / lattice.count
                distance = np.sqrt(((points[:, None, :] - CENTRES) ** 2).sum(axis=-1))
                share += (distance[:, p] < lattice.radius) & (distance.min(axis=1) > distance[:, p] - 1e-12)
        links.append((numbers[on_plane][:, p], numbers[on_plane][:, q], 3.0 * share / SAMPLES**2))
    return half, links


def _turned(points: FloatArray, axis: int) -> FloatArray:
    """Return points given as (normal, other axes in order) in the order x, y, z."""
    turned = np.empty_like(points)
    turned[:, [axis, *(k for k in range(3) if k != axis)]] = points
    return turned


def main(radius: float, spheres: bool, counts: list[int]) -> None:
    """Print the conductivity by the number of cubes along the lattice's edge."""
    found = {2 * count: lattice_conductivity(Lattice(count, radius, spheres)) for count in counts}
    print(json.dumps(found))


if __name__ == "__main__":
    main(float(sys.argv[1]), sys.argv[2] == "spheres", [int(count) for count in sys.argv[3:]])
