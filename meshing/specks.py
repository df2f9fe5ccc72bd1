"""Connected pieces of a phase that are too small for the mesh, given to their neighbours."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from manufacturing.phases import Phase

from .cell_labels import PHASES_ONLY, CellLabels
from .torus_mesh import FloatArray, IntArray, TorusMesh, difference, pair_torus_facets

PASSES = 4


@dataclass(frozen=True)
class Relabelled:
    """What relabelling changed."""

    mesh: TorusMesh
    volume: dict[str, float]  # [um3] volume that each phase lost to its neighbours
    pieces: int


def relabel_specks(
    mesh: TorusMesh, smallest_volume: float | FloatArray, cell_labels: CellLabels = PHASES_ONLY
) -> Relabelled:
    """Give connected pieces below ``smallest_volume`` [um3] to the phase they share the largest area with.

    The limit may be given for each cell, shape (nc,); a piece then has to reach the mean over its cells.
    The separator is never relabelled and receives nothing.
    """
    limits = np.broadcast_to(np.asarray(smallest_volume, dtype=np.float64), (len(mesh.cells),))
    volumes = mesh.volumes()
    original = mesh.labels
    corners, first, second = pair_torus_facets(mesh.cells, len(mesh.points))
    inner = second >= 0
    corners, first, second = corners[inner], first[inner], second[inner]
    a = difference(mesh, corners[:, 0], corners[:, 1])
    b = difference(mesh, corners[:, 0], corners[:, 2])
    areas = 0.5 * np.linalg.norm(np.cross(a, b), axis=1)
    labels = original.copy()
    pieces = 0
    for _ in range(PASSES):
        labels, changed = _one_pass(labels, volumes, first, second, areas, limits)
        pieces += changed
        if changed == 0:
            break
    lost = lost_volumes(volumes, cell_labels.phases(original), cell_labels.phases(labels))
    return Relabelled(replace(mesh, labels=labels), lost, pieces)


def lost_volumes(volumes: FloatArray, before: IntArray, after: IntArray) -> dict[str, float]:
    """Return the volume that each phase of the electrode lost between two sets of phases of the same cells [um3]."""
    present = [p for p in Phase if p != Phase.separator and (before == p).any()]
    return {p.name: float(volumes[(before == p) & (after != p)].sum()) for p in present}


def _one_pass(
    labels: IntArray,
    volumes: FloatArray,
    first: IntArray,
    second: IntArray,
    areas: FloatArray,
    smallest: FloatArray,
) -> tuple[IntArray, int]:
    same = labels[first] == labels[second]
    links = coo_matrix((np.ones(int(same.sum()), dtype=np.int8), (first[same], second[same])), shape=(len(labels),) * 2)
    count, component = connected_components(links, directed=False)
    limit = np.bincount(component, smallest, minlength=count) / np.bincount(component, minlength=count)
    small = np.bincount(component, volumes, minlength=count) < limit
    small[component[labels == Phase.separator]] = False
    limit_of_labels = int(labels.max()) + 1
    shared = np.zeros(count * limit_of_labels)
    for own, other in ((first, second), (second, first)):
        border = ~same & small[component[own]] & (labels[other] != Phase.separator)
        key = component[own[border]].astype(np.int64) * limit_of_labels + labels[other[border]]
        shared += np.bincount(key, areas[border], minlength=len(shared))
    table = shared.reshape(count, limit_of_labels)
    change = small & (table.max(axis=1) > 0.0)
    return np.where(change[component], table.argmax(axis=1)[component], labels), int(change.sum())
