"""Cutting the void of a tetrahedral mesh along the spheres of one class."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from manufacturing.phases import Phase

from .compiled import compiled
from .sphere_field import DistanceField, class_distance, class_distances, project
from .torus_mesh import CELL_EDGES, FloatArray, IntArray, TorusMesh, cell_volumes, difference, edge_length, wrap

BoolArray = npt.NDArray[np.bool_]

SNAP_FRACTION = 0.26  # vertices closer to the surface than this part of a crossing edge move onto it
ABSORB_FRACTION = 0.12  # vertices still closer than this count as lying on it
CLIP_FRACTION = 0.12  # new vertices keep this distance from the ends of their edge
LARGEST_MOVE = 0.45  # of the lattice size
SMALLEST_VOLUME = 0.04 / 12.0  # of the lattice size cubed; a lattice cell has 1/12
UNDECIDED = -1


@dataclass(frozen=True)
class _Crossing:
    """Distances of the vertices to the class, and the edges of void cells that cross its surface."""

    distances: FloatArray  # (nv,) [um], 1e3 away from void cells
    edges: IntArray  # (ne, 2) vertices, sorted

    def crossing(self) -> IntArray:
        """Return the edges that (still) change sign."""
        return self.edges[self.distances[self.edges[:, 0]] * self.distances[self.edges[:, 1]] < 0.0]


def cut_class(mesh: TorusMesh, field: DistanceField, which: int, phase: Phase) -> TorusMesh:
    """Label the void inside the spheres of class ``which`` as ``phase``, cutting cells along the surface.

    Vertices near the surface are moved onto it (within their planes and earlier surfaces); the edges
    that still cross it are bisected, longest first with the edge number as global tie-break, in the
    cells of every label, so that no node hangs.
    """
    crossing = _find_crossing(mesh, field, which)
    if not (crossing.distances < 0.0).any():
        return mesh
    mesh, crossing = _snap(mesh, field, which, crossing)
    mesh, crossing = _absorb(mesh, which, crossing)
    return _split(mesh, field, which, phase, crossing)


@compiled
def _void_distances(
    points: FloatArray, cells: IntArray, labels: IntArray, void: int, field: DistanceField, which: int
) -> FloatArray:
    out = np.full(len(points), np.inf)
    for t in range(len(cells)):
        if labels[t] == void:
            for k in range(4):
                v = cells[t, k]
                if out[v] == np.inf:
                    out[v] = class_distance(field, points[v, 0], points[v, 1], points[v, 2], which)[0]
    for v in range(len(points)):
        if out[v] == np.inf:
            out[v] = 1e3
    return out


def _find_crossing(mesh: TorusMesh, field: DistanceField, which: int) -> _Crossing:
    distances = _void_distances(mesh.points, mesh.cells, mesh.labels, int(Phase.void), field, which)
    at = distances[mesh.cells]
    crossed = mesh.cells[(mesh.labels == Phase.void) & (at.min(axis=1) < 0.0) & (at.max(axis=1) > 0.0)]
    ends = np.sort(np.concatenate([crossed[:, list(e)] for e in CELL_EDGES]), axis=1)
    keys = np.unique((ends[:, 0] << 32) | ends[:, 1])
    edges = np.column_stack([keys >> 32, keys & 0xFFFFFFFF])
    crossing = _Crossing(distances, edges)
    return _Crossing(distances, crossing.crossing())


def _near_ends(crossing: _Crossing, fraction: float) -> IntArray:
    """Return the vertices closer to the surface than a fraction of one of their crossing edges."""
    edges = crossing.crossing()
    ends = np.abs(crossing.distances[edges])
    share = ends / ends.sum(axis=1, keepdims=True)
    return np.asarray(np.unique(edges[share < fraction]))


@compiled
def _projected(
    field: DistanceField,
    points: FloatArray,
    planes: IntArray,
    surfaces: IntArray,
    sizes: FloatArray,
    chosen: IntArray,
    which: int,
    largest_move: float,
) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Return the chosen points on the class surface and whether each got there without moving too far."""
    moved = np.empty((len(chosen), 3))
    good = np.zeros(len(chosen), np.bool_)
    bit = np.int64(1) << which
    for q in range(len(chosen)):
        v = chosen[q]
        moved[q] = points[v]
        miss = project(field, moved[q], planes[v], surfaces[v] | bit, 7)
        shift = np.sqrt(((moved[q] - points[v]) ** 2).sum())
        good[q] = miss < 1e-4 * sizes[v] and shift < largest_move * sizes[v]
    return moved, good


def _snap(mesh: TorusMesh, field: DistanceField, which: int, crossing: _Crossing) -> tuple[TorusMesh, _Crossing]:
    """Move near vertices onto the surface; put back those that make a cell too small."""
    chosen = _near_ends(crossing, SNAP_FRACTION)
    target, good = _projected(field, mesh.points, mesh.planes, mesh.surfaces, mesh.sizes, chosen, which, LARGEST_MOVE)
    points = mesh.points.copy()
    points[chosen[good]] = target[good]
    moved = np.zeros(len(points), dtype=bool)
    moved[chosen[good]] = True
    affected = mesh.cells[moved[mesh.cells].any(axis=1)]
    before = cell_volumes(mesh.points, affected, mesh.period)
    least = np.minimum(SMALLEST_VOLUME * mesh.sizes[affected].min(axis=1) ** 3, 0.3 * before)
    while True:
        bad = affected[cell_volumes(points, affected, mesh.period) < least]
        back = np.unique(bad[moved[bad]])
        if len(back) == 0:
            break
        points[back] = mesh.points[back]
        moved[back] = False
    distances = np.where(moved, 0.0, crossing.distances)
    surfaces = np.where(moved, mesh.surfaces | (1 << which), mesh.surfaces)
    points = wrap(points, mesh.planes, mesh.period)
    return replace(mesh, points=points, surfaces=surfaces), replace(crossing, distances=distances)


def _absorb(mesh: TorusMesh, which: int, crossing: _Crossing) -> tuple[TorusMesh, _Crossing]:
    """Count vertices very close to the surface that could not be moved as lying on it."""
    near = _near_ends(crossing, ABSORB_FRACTION)
    distances, surfaces = crossing.distances.copy(), mesh.surfaces.copy()
    distances[near] = 0.0
    surfaces[near] |= 1 << which
    return replace(mesh, surfaces=surfaces), replace(crossing, distances=distances)


def _roots(mesh: TorusMesh, field: DistanceField, which: int, edges: IntArray, distances: FloatArray) -> FloatArray:
    """Return where the edges cross the surface as fractions of their length, shape (ne,), by safeguarded secants."""
    start, vector = mesh.points[edges[:, 0]], difference(mesh, edges[:, 0], edges[:, 1])
    low: FloatArray = np.zeros(len(edges))
    high: FloatArray = np.ones(len(edges))
    at_low, at_high = distances[edges[:, 0]].copy(), distances[edges[:, 1]].copy()
    for step in range(10):
        share = np.clip(np.abs(at_low) / (np.abs(at_low) + np.abs(at_high)), 0.02, 0.98) if step % 3 != 2 else 0.5
        middle = low + share * (high - low)
        value = class_distances(field, start + middle[:, None] * vector, which)
        same = value * at_low > 0.0
        low, at_low = np.where(same, middle, low), np.where(same, value, at_low)
        high, at_high = np.where(same, high, middle), np.where(same, at_high, value)
    share = np.abs(at_low) / np.maximum(np.abs(at_low) + np.abs(at_high), 1e-30)
    return np.asarray(np.clip(low + share * (high - low), CLIP_FRACTION, 1.0 - CLIP_FRACTION))


def _split(mesh: TorusMesh, field: DistanceField, which: int, phase: Phase, crossing: _Crossing) -> TorusMesh:
    edges = crossing.crossing()
    fraction = _roots(mesh, field, which, edges, crossing.distances)
    ends = edges[:, 0], edges[:, 1]
    new_points = mesh.points[ends[0]] + fraction[:, None] * difference(mesh, *ends)
    new_planes = mesh.planes[ends[0]] & mesh.planes[ends[1]]
    new_points = wrap(new_points, new_planes, mesh.period)
    distances = np.concatenate([crossing.distances, np.zeros(len(edges))])
    at = distances[mesh.cells]
    crossed = (at.min(axis=1) < 0.0) & (at.max(axis=1) > 0.0)
    hot = crossed | ((mesh.labels == Phase.void) & (at.min(axis=1) <= 0.0))
    keys = (edges[:, 0] << 32) | edges[:, 1]  # sorted, because the edges are
    lengths = _edge_lengths(mesh.points, mesh.period, edges)
    # Rounded lengths: equal lattice edges must tie, the edge number then decides everywhere alike.
    rank = np.empty(len(edges), dtype=np.int64)
    rank[np.lexsort((np.arange(len(edges)), np.round(lengths, 6)))] = np.arange(len(edges))
    cells, labels = _split_cells(
        mesh.cells[hot], mesh.labels[hot], distances, keys, rank, len(mesh.points), int(Phase.void), int(phase)
    )
    points = np.concatenate([mesh.points, new_points])
    undecided = labels == UNDECIDED
    labels[undecided] = _decide(points, mesh.period, cells[undecided], field, which, int(Phase.void), int(phase))
    return replace(
        mesh,
        points=points,
        planes=np.concatenate([mesh.planes, new_planes]),
        surfaces=np.concatenate([mesh.surfaces, (mesh.surfaces[ends[0]] & mesh.surfaces[ends[1]]) | (1 << which)]),
        sizes=np.concatenate([mesh.sizes, 0.5 * (mesh.sizes[ends[0]] + mesh.sizes[ends[1]])]),
        cells=np.concatenate([mesh.cells[~hot], cells]),
        labels=np.concatenate([mesh.labels[~hot], labels]),
    )


@compiled
def _edge_lengths(points: FloatArray, period: FloatArray, edges: IntArray) -> FloatArray:
    out = np.empty(len(edges))
    for e in range(len(edges)):
        out[e] = edge_length(points, period, edges[e, 0], edges[e, 1])
    return out


@compiled
def _longest_crossing(cell: IntArray, distances: FloatArray, keys: IntArray, rank: IntArray) -> tuple[int, int, int]:
    """Return the corners and the number of the crossing edge of highest rank, number -1 if there is none."""
    best, corner_a, corner_b, edge = -1, 0, 0, -1
    for i in range(3):
        for j in range(i + 1, 4):
            if distances[cell[i]] * distances[cell[j]] < 0.0:
                key = (min(cell[i], cell[j]) << 32) | max(cell[i], cell[j])
                e = np.searchsorted(keys, key)
                if e < len(keys) and keys[e] == key and rank[e] > best:
                    best, corner_a, corner_b, edge = rank[e], i, j, e
    return corner_a, corner_b, edge


@compiled
def _split_cells(
    cells: IntArray,
    labels: IntArray,
    distances: FloatArray,
    keys: IntArray,
    rank: IntArray,
    first_new: int,
    void: int,
    phase: int,
) -> tuple[IntArray, IntArray]:
    """Bisect cells at their crossing edges; label the pieces of void cells by the side they lie on."""
    out: IntArray = np.empty((len(cells) * 2 + 64, 4), np.int64)
    out_labels: IntArray = np.empty(len(out), np.int64)
    stack = np.empty((64, 4), np.int64)
    count = 0
    for t in range(len(cells)):
        stack[0] = cells[t]
        depth = 1
        while depth > 0:
            depth -= 1
            i, j, edge = _longest_crossing(stack[depth], distances, keys, rank)
            if edge >= 0:
                stack[depth + 1] = stack[depth]
                stack[depth, i] = first_new + edge
                stack[depth + 1, j] = first_new + edge
                depth += 2
                continue
            if count == len(out):
                out = np.concatenate((out, np.empty_like(out)))
                out_labels = np.concatenate((out_labels, np.empty_like(out_labels)))
            out[count] = stack[depth]
            out_labels[count] = _side(stack[depth], distances, void, phase) if labels[t] == void else labels[t]
            count += 1
    return out[:count].copy(), out_labels[:count].copy()


@compiled
def _side(cell: IntArray, distances: FloatArray, void: int, phase: int) -> int:
    outside = False
    for k in range(4):
        if distances[cell[k]] < 0.0:
            return phase
        outside = outside or distances[cell[k]] > 0.0
    return void if outside else UNDECIDED


@compiled
def _decide(
    points: FloatArray, period: FloatArray, cells: IntArray, field: DistanceField, which: int, void: int, phase: int
) -> IntArray:
    """Label cells with all vertices on the surface by the side of their centroid."""
    out = np.full(len(cells), void, np.int64)
    for t in range(len(cells)):
        x = centroid(points, period, cells[t])
        if class_distance(field, x[0], x[1], x[2], which)[0] < 0.0:
            out[t] = phase
    return out


@compiled
def centroid(points: FloatArray, period: FloatArray, cell: IntArray) -> FloatArray:
    """Return the centroid of a cell unwrapped around its first vertex, shape (3,) [um]."""
    out: FloatArray = points[cell[0]].copy()
    for k in range(1, 4):
        for axis in range(3):
            step = points[cell[k], axis] - points[cell[0], axis]
            if period[axis] > 0.0:
                step -= period[axis] * np.round(step / period[axis])
            out[axis] += 0.25 * step
    return out
