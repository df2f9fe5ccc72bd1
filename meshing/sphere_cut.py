"""Cutting a tetrahedral mesh along the spheres of one class, and along their planes with earlier classes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from manufacturing.phases import Phase

from .cell_labels import CellLabels
from .compiled import compiled
from .contact_planes import NO_PLANE, part_distance, part_distances
from .sphere_field import DistanceField, class_distance, class_distances
from .torus_mesh import (
    CELL_EDGES,
    FloatArray,
    IntArray,
    TorusMesh,
    cell_volumes,
    difference,
    edge_length,
    label_bits,
    wrap,
)
from .vertex_conditions import project

BoolArray = npt.NDArray[np.bool_]

SNAP_FRACTION = 0.26  # vertices closer to the surface than this part of a crossing edge move onto it
ABSORB_FRACTION = 0.12  # vertices still closer than this count as lying on it
CLIP_FRACTION = 0.12  # new vertices keep this distance from the ends of their edge
LARGEST_MOVE = 0.45  # of the lattice size
SMALLEST_VOLUME = 0.04 / 12.0  # of the lattice size cubed; a lattice cell has 1/12
UNDECIDED = -1  # minus the former label: all vertices of the piece lie on the surface


@dataclass(frozen=True)
class _Class:
    """The class that is cut: where its cells come from, and what they become."""

    field: DistanceField
    which: int
    labels: CellLabels
    first: int  # classes first..which-1 are of the same phase
    parts: BoolArray  # (labels,) whether cells of a label are divided by contact planes
    sources: BoolArray  # (labels,) whether cells of a label may become the class's: parts and void

    @staticmethod
    def of(field: DistanceField, which: int, labels: CellLabels) -> _Class:
        """Collect what the cut of a class needs."""
        parts = np.zeros(len(labels.label_phases), dtype=bool)
        parts[labels.earlier_parts(which)] = True
        sources = parts.copy()
        sources[Phase.void] = True
        first = int(labels.class_ranges[labels.class_phases[which], 0])
        return _Class(field, which, labels, first, parts, sources)

    @property
    def label(self) -> int:
        """Label of the cells that the class owns."""
        return int(self.labels.class_labels[self.which])


@dataclass(frozen=True)
class _Crossing:
    """Distances of the vertices to the class, and the edges of its source cells that cross its surface."""

    distances: FloatArray  # (nv,) [um], NO_PLANE away from source cells
    edges: IntArray  # (ne, 2) vertices, sorted
    open: BoolArray  # (ne,) edges of void cells: they cross spheres, the others contact planes
    around: IntArray  # (nv,) bits of the labels around each vertex

    def crossing(self) -> IntArray:
        """Return the edges that (still) change sign."""
        return self.edges[self.changing()]

    def changing(self) -> BoolArray:
        """Return which edges (still) change sign, shape (ne,)."""
        return np.asarray(self.distances[self.edges[:, 0]] * self.distances[self.edges[:, 1]] < 0.0)


def cut_class(mesh: TorusMesh, field: DistanceField, which: int, labels: CellLabels) -> TorusMesh:
    """Label the void inside the spheres of class ``which`` as theirs, cutting cells along the surface.

    Where the phase has contact planes, cells of its earlier classes are cut by the plane of equal power
    and go to the new class on its side. Vertices near the surface are moved onto it (within their planes
    and earlier surfaces); the edges that still cross it are bisected, longest first with the edge number
    as global tie-break, in the cells of every label, so that no node hangs.
    """
    new = _Class.of(field, which, labels)
    crossing = _find_crossing(mesh, new)
    if not (crossing.distances < 0.0).any():
        return mesh
    mesh, crossing = _snap(mesh, new, crossing)
    mesh, crossing = _absorb(mesh, which, crossing)
    return _split(mesh, new, crossing)


@compiled
def _source_distances(
    points: FloatArray, around: IntArray, void: int, parts: int, field: DistanceField, first: int, which: int
) -> FloatArray:
    """Return the distance to the spheres at vertices that touch void, to the contact planes inside parts."""
    out = np.full(len(points), NO_PLANE)
    for v in range(len(points)):
        x, y, z = points[v]
        if around[v] >> void & 1:
            out[v] = class_distance(field, x, y, z, which)[0]
        elif around[v] & parts:
            out[v] = part_distance(field, x, y, z, first, which)
    return out


def _find_crossing(mesh: TorusMesh, new: _Class) -> _Crossing:
    around = label_bits(mesh.cells, mesh.labels, len(mesh.points))
    part_bits = int(sum(1 << int(label) for label in np.flatnonzero(new.parts)))
    distances = _source_distances(mesh.points, around, int(Phase.void), part_bits, new.field, new.first, new.which)
    at = distances[mesh.cells]
    crossed = (at.min(axis=1) < 0.0) & (at.max(axis=1) > 0.0)
    keys = _edge_keys(mesh.cells[crossed & new.sources[mesh.labels]])
    edges = np.column_stack([keys >> 32, keys & 0xFFFFFFFF])
    in_void = np.isin(keys, _edge_keys(mesh.cells[crossed & (mesh.labels == Phase.void)]))
    crossing = _Crossing(distances, edges, in_void, around)
    keep = crossing.changing()
    return replace(crossing, edges=edges[keep], open=in_void[keep])


def _edge_keys(cells: IntArray) -> IntArray:
    """Return the edges of cells as sorted, unique numbers."""
    ends = np.sort(np.concatenate([cells[:, list(e)] for e in CELL_EDGES]), axis=1)
    return np.asarray(np.unique((ends[:, 0] << 32) | ends[:, 1]))


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
    conditions: IntArray,
    sizes: FloatArray,
    chosen: IntArray,
    largest_move: float,
) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Return the chosen points on the class surface and whether each got there without moving too far."""
    moved = np.empty((len(chosen), 3))
    good = np.zeros(len(chosen), np.bool_)
    for q in range(len(chosen)):
        v = chosen[q]
        moved[q] = points[v]
        miss = project(field, moved[q], planes[v], conditions[q], 7)
        shift = np.sqrt(((moved[q] - points[v]) ** 2).sum())
        good[q] = miss < 1e-4 * sizes[v] and shift < largest_move * sizes[v]
    return moved, good


def _snap(mesh: TorusMesh, new: _Class, crossing: _Crossing) -> tuple[TorusMesh, _Crossing]:
    """Move near vertices onto the surface; put back those that make a cell too small."""
    chosen = _near_ends(crossing, SNAP_FRACTION)
    around, surfaces = crossing.around[chosen] | 1 << new.label, mesh.surfaces[chosen] | 1 << new.which
    conditions = new.labels.bounding_surfaces(around, surfaces)
    target, good = _projected(new.field, mesh.points, mesh.planes, conditions, mesh.sizes, chosen, LARGEST_MOVE)
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
    surfaces = np.where(moved, mesh.surfaces | (1 << new.which), mesh.surfaces)
    points = wrap(points, mesh.planes, mesh.period)
    return replace(mesh, points=points, surfaces=surfaces), replace(crossing, distances=distances)


def _absorb(mesh: TorusMesh, which: int, crossing: _Crossing) -> tuple[TorusMesh, _Crossing]:
    """Count vertices very close to the surface that could not be moved as lying on it."""
    near = _near_ends(crossing, ABSORB_FRACTION)
    distances, surfaces = crossing.distances.copy(), mesh.surfaces.copy()
    distances[near] = 0.0
    surfaces[near] |= 1 << which
    return replace(mesh, surfaces=surfaces), replace(crossing, distances=distances)


def _roots(mesh: TorusMesh, new: _Class, crossing: _Crossing) -> FloatArray:
    """Return where the edges cross the surface as fractions of their length, shape (ne,), by safeguarded secants."""
    changing = crossing.changing()
    edges, is_open = crossing.edges[changing], crossing.open[changing]
    start, vector = mesh.points[edges[:, 0]], difference(mesh, edges[:, 0], edges[:, 1])
    low: FloatArray = np.zeros(len(edges))
    high: FloatArray = np.ones(len(edges))
    at_low, at_high = crossing.distances[edges[:, 0]], crossing.distances[edges[:, 1]]
    for step in range(10):
        share = np.clip(np.abs(at_low) / (np.abs(at_low) + np.abs(at_high)), 0.02, 0.98) if step % 3 != 2 else 0.5
        middle = low + share * (high - low)
        value = _surface_distances(start + middle[:, None] * vector, is_open, new)
        same = value * at_low > 0.0
        low, at_low = np.where(same, middle, low), np.where(same, value, at_low)
        high, at_high = np.where(same, high, middle), np.where(same, at_high, value)
    share = np.abs(at_low) / np.maximum(np.abs(at_low) + np.abs(at_high), 1e-30)
    return np.asarray(np.clip(low + share * (high - low), CLIP_FRACTION, 1.0 - CLIP_FRACTION))


def _surface_distances(points: FloatArray, is_open: BoolArray, new: _Class) -> FloatArray:
    """Return the distances of points on open edges to the spheres, of the others to the contact planes."""
    out = np.empty(len(points))
    out[is_open] = class_distances(new.field, points[is_open], new.which)
    out[~is_open] = part_distances(new.field, points[~is_open], new.first, new.which)
    return out


def _split(mesh: TorusMesh, new: _Class, crossing: _Crossing) -> TorusMesh:
    edges = crossing.crossing()
    fraction = _roots(mesh, new, crossing)
    ends = edges[:, 0], edges[:, 1]
    new_points = mesh.points[ends[0]] + fraction[:, None] * difference(mesh, *ends)
    new_planes = mesh.planes[ends[0]] & mesh.planes[ends[1]]
    new_points = wrap(new_points, new_planes, mesh.period)
    bit = 1 << new.which
    cells, labels, kept = _split_cells_of(mesh, new, crossing, edges)
    points = np.concatenate([mesh.points, new_points])
    undecided = labels < 0
    labels[undecided] = _decide(
        points,
        mesh.period,
        cells[undecided],
        UNDECIDED - labels[undecided],
        new.field,
        new.first,
        new.which,
        int(Phase.void),
        new.label,
    )
    return replace(
        mesh,
        points=points,
        planes=np.concatenate([mesh.planes, new_planes]),
        surfaces=np.concatenate([mesh.surfaces, (mesh.surfaces[ends[0]] & mesh.surfaces[ends[1]]) | bit]),
        sizes=np.concatenate([mesh.sizes, 0.5 * (mesh.sizes[ends[0]] + mesh.sizes[ends[1]])]),
        cells=np.concatenate([mesh.cells[kept], cells]),
        labels=np.concatenate([mesh.labels[kept], labels]),
    )


def _split_cells_of(
    mesh: TorusMesh, new: _Class, crossing: _Crossing, edges: IntArray
) -> tuple[IntArray, IntArray, BoolArray]:
    """Return the pieces of all cells that the surface touches, their labels, and which cells stay."""
    distances = np.concatenate([crossing.distances, np.zeros(len(edges))])
    at = distances[mesh.cells]
    crossed = (at.min(axis=1) < 0.0) & (at.max(axis=1) > 0.0)
    hot = crossed | (new.sources[mesh.labels] & (at.min(axis=1) <= 0.0))
    keys = (edges[:, 0] << 32) | edges[:, 1]  # sorted, because the edges are
    lengths = _edge_lengths(mesh.points, mesh.period, edges)
    # Rounded lengths: equal lattice edges must tie, the edge number then decides everywhere alike.
    rank = np.empty(len(edges), dtype=np.int64)
    rank[np.lexsort((np.arange(len(edges)), np.round(lengths, 6)))] = np.arange(len(edges))
    cells, labels = _split_cells(
        mesh.cells[hot], mesh.labels[hot], distances, keys, rank, len(mesh.points), new.sources, new.label
    )
    return cells, labels, ~hot


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
    sources: BoolArray,
    new_label: int,
) -> tuple[IntArray, IntArray]:
    """Bisect cells at their crossing edges; label the pieces of source cells by the side they lie on."""
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
            out_labels[count] = labels[t]
            if sources[labels[t]]:
                out_labels[count] = _side(stack[depth], distances, labels[t], new_label)
            count += 1
    return out[:count].copy(), out_labels[:count].copy()


@compiled
def _side(cell: IntArray, distances: FloatArray, old_label: int, new_label: int) -> int:
    outside = False
    for k in range(4):
        if distances[cell[k]] < 0.0:
            return new_label
        outside = outside or distances[cell[k]] > 0.0
    return old_label if outside else UNDECIDED - old_label


@compiled
def _decide(
    points: FloatArray,
    period: FloatArray,
    cells: IntArray,
    old_labels: IntArray,
    field: DistanceField,
    first: int,
    which: int,
    void: int,
    new_label: int,
) -> IntArray:
    """Label cells with all vertices on the surface by the side of their centroid."""
    out = old_labels.copy()
    for t in range(len(cells)):
        x = centroid(points, period, cells[t])
        if old_labels[t] == void:
            distance = class_distance(field, x[0], x[1], x[2], which)[0]
        else:
            distance = part_distance(field, x[0], x[1], x[2], first, which)
        if distance < 0.0:
            out[t] = new_label
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
