"""Local refinement of the lattice: cells above their wanted size are bisected at their longest edge.

A cell that holds the midpoint of an edge is bisected too, again at its longest edge, until no node
hangs. Lengths are compared in units of the lattice cubes, so that equal edges tie exactly; the edge
with the smaller vertex numbers then wins in every cell alike. Bisection of body-centred tetrahedra
runs through four shapes and no others, none with a dihedral angle below 45 degrees.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from manufacturing.errors import InputError

from .compiled import compiled
from .size_field import SizeField, size_at
from .torus_mesh import (
    PLANES_LOW,
    FloatArray,
    IntArray,
    TorusMesh,
    build_star,
    minimal,
    signed_volume,
    wrapped_into,
)

Scalar = TypeVar("Scalar", bound=np.generic)

TOLERANCE = 2.0 ** (1.0 / 6.0)  # cells end up within this factor of their wanted size
EMPTY = -1
MOST_PASSES = 400
MOST_CELLS = 4e7


class _Work(NamedTuple):
    """Arrays with spare rows, and a table of the edges that have a midpoint."""

    points: FloatArray
    planes: IntArray
    stamps: IntArray  # (nv,) pass in which an edge at the vertex was bisected last
    cells: IntArray
    labels: IntArray
    fresh: npt.NDArray[np.bool_]  # cells whose size was not looked at yet
    used: IntArray  # (2,) vertices and cells in use
    keys: IntArray  # (m,) edges, EMPTY where free; m is a power of two
    middles: IntArray  # (m,) their midpoints


def refine_lattice(mesh: TorusMesh, sizes: SizeField, cube: FloatArray) -> TorusMesh:
    """Bisect cells until each is at most 12 % larger than the wanted size at its centroid.

    The size of a cell of volume V is (12 V)^(1/3), the edge of the lattice cube it would come from.

    Args:
        mesh: lattice on the torus.
        sizes: wanted size [um].
        cube: edges of the lattice cubes of the electrode, shape (3,) [um].

    Raises:
        InputError: the wanted sizes need more cells than a machine holds.
    """
    work, scale = _enlarged(_start(mesh), 2.0), np.asarray(1.0 / cube, dtype=np.float64)
    for turn in range(1, MOST_PASSES):
        changes = _pass(work, mesh.period, sizes, scale, turn)
        while changes < 0:
            if work.used[1] > MOST_CELLS:
                raise InputError(
                    "mesh.grading.smallest_size", f"a lattice of more than {MOST_CELLS:.0e} cells", "larger cells"
                )
            work = _enlarged(work, 2.0)
            changes = _pass(work, mesh.period, sizes, scale, turn)
        if changes == 0:
            break
    vertices, cells = work.used
    out = replace(
        mesh,
        points=work.points[:vertices].copy(),
        planes=work.planes[:vertices].copy(),
        surfaces=np.zeros(vertices, np.int64),
        cells=work.cells[:cells].copy(),
        labels=work.labels[:cells].copy(),
    )
    return replace(out, sizes=local_sizes(out))


def local_sizes(mesh: TorusMesh) -> FloatArray:
    """Return the edge of a lattice cube with the mean volume of the cells around each vertex, shape (nv,) [um]."""
    star = build_star(mesh.cells, len(mesh.points))
    volumes = np.add.reduceat(mesh.volumes()[star.cells], star.start[:-1])
    return np.asarray(np.cbrt(12.0 * volumes / np.diff(star.start)))


def _start(mesh: TorusMesh) -> _Work:
    count, cells = len(mesh.points), len(mesh.cells)
    return _Work(
        mesh.points,
        mesh.planes,
        np.zeros(count, np.int64),
        mesh.cells,
        mesh.labels,
        np.ones(cells, dtype=bool),
        np.array([count, cells]),
        np.full(64, EMPTY, np.int64),
        np.zeros(64, np.int64),
    )


def _enlarged(work: _Work, factor: float) -> _Work:
    """Return the same state with more spare rows and a larger edge table."""
    vertices, cells = work.used

    room = int(factor * vertices) + 1024
    keys = np.full(1 << int(np.ceil(np.log2(3.0 * room))), EMPTY, np.int64)
    middles = np.zeros(len(keys), np.int64)
    _rehash(work.keys, work.middles, keys, middles)
    more = int(factor * cells) + 1024
    return _Work(
        _longer(work.points, vertices, room),
        _longer(work.planes, vertices, room),
        _longer(work.stamps, vertices, room),
        _longer(work.cells, cells, more),
        _longer(work.labels, cells, more),
        _longer(work.fresh, cells, more),
        work.used,
        keys,
        middles,
    )


def _longer(values: npt.NDArray[Scalar], used: int, room: int) -> npt.NDArray[Scalar]:
    """Return the used rows followed by empty ones."""
    out = np.zeros((room, *values.shape[1:]), values.dtype)
    out[:used] = values[:used]
    return out


@compiled
def _slot(keys: IntArray, key: int) -> int:
    """Return where an edge is in the table, or the free place for it."""
    mask = len(keys) - 1
    mixed = key * np.int64(-7046029254386353131)
    place = (mixed ^ (mixed >> 31)) & mask
    while keys[place] != EMPTY and keys[place] != key:
        place = (place + 1) & mask
    return int(place)


@compiled
def _rehash(old_keys: IntArray, old_middles: IntArray, keys: IntArray, middles: IntArray) -> None:
    for q in range(len(old_keys)):
        if old_keys[q] != EMPTY:
            place = _slot(keys, old_keys[q])
            keys[place], middles[place] = old_keys[q], old_middles[q]


@compiled
def _edge_key(a: int, b: int) -> int:
    return int((min(a, b) << 32) | max(a, b))


@compiled
def _wants_bisection(work: _Work, period: FloatArray, sizes: SizeField, t: int) -> bool:
    a, b, c, d = work.cells[t]
    size = np.cbrt(12.0 * abs(signed_volume(work.points, period, a, b, c, d)))
    centre = work.points[a].copy()
    for k in range(1, 4):
        for axis in range(3):
            centre[axis] += 0.25 * minimal(work.points[work.cells[t, k], axis] - work.points[a, axis], period[axis])
    return bool(size > TOLERANCE * size_at(sizes, centre[0], centre[1], centre[2]))


@compiled
def _hangs(work: _Work, t: int, turn: int) -> bool:
    """Return whether an edge of the cell was bisected in another cell."""
    for i in range(3):
        for j in range(i + 1, 4):
            a, b = work.cells[t, i], work.cells[t, j]
            if work.fresh[t] or (work.stamps[a] >= turn - 1 and work.stamps[b] >= turn - 1):
                key = _edge_key(a, b)
                if work.keys[_slot(work.keys, key)] == key:
                    return True
    return False


@compiled
def _longest_edge(work: _Work, period: FloatArray, scale: FloatArray, t: int) -> tuple[int, int]:
    """Return the corners of the longest edge, of equal ones that with the smallest vertex numbers."""
    longest, best, first, second = -1.0, 0, 0, 1
    for i in range(3):
        for j in range(i + 1, 4):
            a, b = work.cells[t, i], work.cells[t, j]
            square = 0.0
            for axis in range(3):
                square += (minimal(work.points[b, axis] - work.points[a, axis], period[axis]) * scale[axis]) ** 2
            key = _edge_key(a, b)
            if square > longest * (1.0 + 1e-6) or (square > longest * (1.0 - 1e-6) and key < best):
                longest, best, first, second = max(square, longest), key, i, j
    return first, second


@compiled
def _middle_of(work: _Work, period: FloatArray, a: int, b: int, turn: int) -> int:
    """Return the midpoint of an edge, a new vertex if the edge has none yet."""
    place = _slot(work.keys, _edge_key(a, b))
    if work.keys[place] == EMPTY:
        new = work.used[0]
        work.used[0] += 1
        work.keys[place], work.middles[place] = _edge_key(a, b), new
        work.planes[new] = work.planes[a] & work.planes[b]
        for axis in range(3):
            half = 0.5 * minimal(work.points[b, axis] - work.points[a, axis], period[axis])
            work.points[new, axis] = wrapped_into(work.points[a, axis] + half, period[axis])
            if period[axis] > 0.0 and work.planes[new] & PLANES_LOW[axis]:
                work.points[new, axis] = 0.0
    work.stamps[a] = work.stamps[b] = turn
    return int(work.middles[place])


@compiled
def _pass(work: _Work, period: FloatArray, sizes: SizeField, scale: FloatArray, turn: int) -> int:
    """Bisect each cell that is too large or holds a hanging node once; return how many, -1 where room is short."""
    changes = 0
    for t in range(work.used[1]):
        wanted = work.fresh[t] and _wants_bisection(work, period, sizes, t)
        if not wanted and not _hangs(work, t, turn):
            work.fresh[t] = False
            continue
        if work.used[0] + 1 >= len(work.points) or work.used[1] + 1 >= len(work.cells):
            return -1
        i, j = _longest_edge(work, period, scale, t)
        middle, new = _middle_of(work, period, work.cells[t, i], work.cells[t, j], turn), work.used[1]
        work.used[1] += 1
        work.cells[new] = work.cells[t]
        work.cells[t, j] = work.cells[new, i] = middle
        work.labels[new] = work.labels[t]
        work.fresh[t] = work.fresh[new] = True
        changes += 1
    return changes
