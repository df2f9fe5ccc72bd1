"""Edge removal: the cells around an edge are replaced by two fans over a triangulation of their ring.

Inside one phase the ring is one closed polygon. Around an edge that lies on an interface, on a wall
plane or on the boundary, the ring falls into sectors; each is closed by the chord between the two
vertices that it shares with the other, so an interface quadrilateral flips its diagonal.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .compiled import compiled
from .dihedral_quality import quality
from .mesh_patch import DEAD, MeshPatch, position, star_untouched
from .torus_mesh import FloatArray, IntArray, signed_volume

LARGEST_RING = 9
LEAST_GAIN = 1e-4  # of quality


class _Ring(NamedTuple):
    """Work space: cells around an edge in order, and the best triangulation of each sector."""

    cells: IntArray  # (LARGEST_RING,)
    first: IntArray  # (LARGEST_RING,) ring vertex where the cell begins
    last: IntArray  # (LARGEST_RING,) ring vertex where the cell ends
    best: FloatArray  # (2, n, n) quality of sub-polygons
    split: IntArray  # (2, n, n) apex of the triangle on each chord
    polygon: IntArray  # (2, n) ring vertices of the sectors
    corners: IntArray  # (2,) vertices of each polygon


def ring_workspace() -> _Ring:
    """Return an empty work space."""
    n = LARGEST_RING + 1
    shapes = ((LARGEST_RING,), (LARGEST_RING,), (LARGEST_RING,), (2, n, n), (2, n), (2,))
    cells, first, last, split, polygon, corners = (np.zeros(shape, dtype=np.int64) for shape in shapes)
    return _Ring(cells, first, last, np.zeros((2, n, n)), split, polygon, corners)


@compiled
def removal_pass(patch: MeshPatch, bad: IntArray, volume_tolerance: float, ring: _Ring) -> int:
    """Remove the first edge of each bad cell whose removal improves the worst cell around it.

    Args:
        patch: state of the pass.
        bad: cells, worst first.
        volume_tolerance: largest volume that an interface flip may move, of the lattice size cubed.
        ring: work space.
    """
    count = 0
    for t in bad:
        if patch.touched[t]:
            continue
        done = False
        for i in range(3):
            for j in range(i + 1, 4):
                if not done and not patch.touched[t]:
                    done = _remove(patch, patch.cells[t, i], patch.cells[t, j], volume_tolerance, ring)
        count += done
    return count


@compiled
def _remove(patch: MeshPatch, u: int, v: int, volume_tolerance: float, ring: _Ring) -> bool:
    count = _collect(patch, u, v, ring)
    if count < 1 or not star_untouched(patch, u):
        return False
    sectors = _order(patch, u, v, count, ring)
    if sectors < 1 or not _flip_allowed(patch, u, v, sectors, volume_tolerance, ring):
        return False
    before = 2.0
    for k in range(count):
        c = patch.cells[ring.cells[k]]
        before = min(before, quality(patch.points, patch.period, c[0], c[1], c[2], c[3]))
    for sector in range(sectors):
        if _triangulate(patch, u, v, sector, before + LEAST_GAIN, ring) <= before + LEAST_GAIN:
            return False
    _replace(patch, u, v, count, sectors, ring)
    return True


@compiled
def _collect(patch: MeshPatch, u: int, v: int, ring: _Ring) -> int:
    """List the cells around an edge with the ring vertices they run between; return their number, 0 if too many."""
    count = 0
    for s in range(patch.star_start[u], patch.star_start[u + 1]):
        t = patch.star_cells[s]
        cell = patch.cells[t]
        i, j = position(cell, u), position(cell, v)
        if i < 0 or j < 0 or patch.touched[t]:
            continue
        if count == LARGEST_RING:
            return 0
        k = 0
        while k == i or k == j:
            k += 1
        m = 6 - i - j - k
        # (u, v, first, last) must be an even permutation of the cell.
        swaps = (i > j) + (i > k) + (i > m) + (j > k) + (j > m) + (k > m)
        ring.cells[count] = t
        ring.first[count], ring.last[count] = (cell[k], cell[m]) if swaps % 2 == 0 else (cell[m], cell[k])
        count += 1
    return count


@compiled
def _swap(ring: _Ring, a: int, b: int) -> None:
    ring.cells[a], ring.cells[b] = ring.cells[b], ring.cells[a]
    ring.first[a], ring.first[b] = ring.first[b], ring.first[a]
    ring.last[a], ring.last[b] = ring.last[b], ring.last[a]


@compiled
def _separates(patch: MeshPatch, u: int, v: int, w: int, before: int, after: int) -> bool:
    """Return whether the facet (u, v, w) between two cells lies on an interface or a plane."""
    return bool(patch.labels[before] != patch.labels[after] or patch.planes[u] & patch.planes[v] & patch.planes[w] != 0)


@compiled
def _order(patch: MeshPatch, u: int, v: int, count: int, ring: _Ring) -> int:
    """Order the cells around the edge and write the sector polygons; return how many there are (0: unfit)."""
    start = 0
    for k in range(count):  # an open ring begins where no cell ends
        ends = False
        for m in range(count):
            ends = ends or ring.last[m] == ring.first[k]
        if not ends:
            start = k
    _swap(ring, 0, start)
    for k in range(1, count):
        for m in range(k, count):
            if ring.first[m] == ring.last[k - 1]:
                _swap(ring, k, m)
                break
        if ring.first[k] != ring.last[k - 1]:
            return 0
    closed = ring.last[count - 1] == ring.first[0]
    if closed:
        for _ in range(count):  # turn until a sector begins at 0
            if _separates(patch, u, v, ring.first[0], ring.cells[count - 1], ring.cells[0]):
                break
            for k in range(count - 1):
                _swap(ring, k, k + 1)
    return _write_sectors(patch, u, v, count, closed, ring)


@compiled
def _write_sectors(patch: MeshPatch, u: int, v: int, count: int, closed: bool, ring: _Ring) -> int:
    sector = 0
    ring.polygon[0, 0] = ring.first[0]
    length = 1
    for k in range(count):
        if k > 0 and _separates(patch, u, v, ring.first[k], ring.cells[k - 1], ring.cells[k]):
            ring.corners[sector] = length
            sector += 1
            if sector == 2 or not closed:
                return 0
            ring.polygon[sector, 0] = ring.first[k]
            length = 1
        ring.polygon[sector, length] = ring.last[k]
        length += 1
    if closed and sector == 0:
        if _separates(patch, u, v, ring.first[0], ring.cells[count - 1], ring.cells[0]):
            return 0
        length -= 1  # the last vertex is the first again
    ring.corners[sector] = length
    return sector + 1


@compiled
def _flip_allowed(patch: MeshPatch, u: int, v: int, sectors: int, volume_tolerance: float, ring: _Ring) -> bool:
    """Inside a phase always; else the new diagonal must exist nowhere yet and move little volume."""
    first, last = ring.polygon[0, 0], ring.polygon[0, ring.corners[0] - 1]
    shared = patch.planes[u] & patch.planes[v]
    if sectors == 1 and shared == 0:
        return bool(ring.corners[0] >= 3)
    if shared != 0:
        if shared & (shared - 1) != 0 or patch.planes[first] & patch.planes[last] & shared == 0:
            return False
        for sector in range(sectors):
            if ring.corners[sector] < 3:
                return False
    elif ring.corners[0] < 3 and ring.corners[1] < 3:
        return False
    if ring.corners[0] >= 3 and (sectors == 1 or ring.corners[1] >= 3) and _joined(patch, first, last):
        return False
    volume = abs(signed_volume(patch.points, patch.period, u, v, first, last))
    return bool(volume < (1e-12 if shared != 0 else volume_tolerance * patch.sizes[u] ** 3))


@compiled
def _joined(patch: MeshPatch, a: int, b: int) -> bool:
    """Return whether an edge joins two vertices (or may do so, where the pass changed their cells)."""
    for s in range(patch.star_start[a], patch.star_start[a + 1]):
        t = patch.star_cells[s]
        if patch.touched[t] or position(patch.cells[t], b) >= 0:
            return True
    return False


@compiled
def _triangulate(patch: MeshPatch, u: int, v: int, sector: int, needed: float, ring: _Ring) -> float:
    """Find the triangulation of a sector polygon whose worst cell is best; return that quality."""
    n = ring.corners[sector]
    polygon, best, split = ring.polygon[sector], ring.best[sector], ring.split[sector]
    if n < 3:
        return 2.0
    for i in range(n - 1):
        best[i, i + 1] = 2.0
    for width in range(2, n):
        for i in range(n - width):
            j = i + width
            best[i, j] = -1.0
            for k in range(i + 1, j):
                worst = min(best[i, k], best[k, j])
                if worst <= max(needed, best[i, j]):
                    continue
                a, b, c = polygon[i], polygon[k], polygon[j]
                worst = min(worst, quality(patch.points, patch.period, a, b, c, v))
                if worst > best[i, j]:
                    worst = min(worst, quality(patch.points, patch.period, b, a, c, u))
                if worst > best[i, j]:
                    best[i, j] = worst
                    split[i, j] = k
    return float(best[0, n - 1])


@compiled
def _replace(patch: MeshPatch, u: int, v: int, count: int, sectors: int, ring: _Ring) -> None:
    cell, taken = 0, 0
    stack = np.empty((LARGEST_RING + 2, 2), np.int64)
    labels = np.empty(2, np.int64)
    labels[0], labels[1] = patch.labels[ring.cells[0]], patch.labels[ring.cells[count - 1]]
    for k in range(count):
        patch.touched[ring.cells[k]] = True
        patch.labels[ring.cells[k]] = DEAD
    for sector in range(sectors):
        polygon = ring.polygon[sector]
        stack[0, 0], stack[0, 1] = 0, ring.corners[sector] - 1
        depth = 1
        while depth > 0:
            depth -= 1
            i, j = stack[depth, 0], stack[depth, 1]
            if j - i < 2:
                continue
            k = ring.split[sector, i, j]
            for side in range(2):
                if taken < count:
                    cell = ring.cells[taken]
                    taken += 1
                else:
                    cell = patch.used[0]
                    patch.used[0] += 1
                corner = (
                    (polygon[i], polygon[k], polygon[j], v) if side == 0 else (polygon[k], polygon[i], polygon[j], u)
                )
                for q in range(4):
                    patch.cells[cell, q] = corner[q]
                patch.labels[cell] = labels[sector]
                patch.touched[cell] = True
            stack[depth, 0], stack[depth, 1] = i, k
            stack[depth + 1, 0], stack[depth + 1, 1] = k, j
            depth += 2
