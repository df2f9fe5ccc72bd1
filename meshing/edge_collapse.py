"""Edge collapse: a vertex of bad cells is merged into a neighbour."""

from __future__ import annotations

import numpy as np

from .cell_labels import LABEL_LIMIT
from .compiled import compiled
from .dihedral_quality import quality
from .mesh_patch import DEAD, MeshPatch, position, single_phase, star_untouched
from .torus_mesh import IntArray, edge_length, signed_volume

LONGEST_EDGE = 1.8  # of the lattice size
LEAST_GAIN = 1e-4  # of quality


@compiled
def collapse_pass(patch: MeshPatch, bad: IntArray, volume_tolerance: float, loose: bool) -> int:
    """Collapse the best edge of each bad cell where that improves the worst cell around it.

    A vertex only moves to a neighbour on the same planes and phases (and, unless ``loose``, the same
    sphere surfaces), along an edge that all its phases share, so interfaces keep their topology.

    Args:
        patch: state of the pass.
        bad: cells, worst first.
        volume_tolerance: largest volume that a phase may gain or lose, of the lattice size cubed.
        loose: allow a vertex to leave a sphere surface.
    """
    count = 0
    for t in bad:
        if patch.touched[t]:
            continue
        best, best_v, best_w = 0.0, -1, -1
        for i in range(4):
            v = patch.cells[t, i]
            if not star_untouched(patch, v):
                continue
            before = _star_quality(patch, v)
            for j in range(4):
                w = patch.cells[t, j]
                if i != j and _allowed(patch, v, w, loose):
                    after = _collapsed_quality(patch, v, w, max(best, before + LEAST_GAIN), volume_tolerance)
                    if after > max(best, before + LEAST_GAIN):
                        best, best_v, best_w = after, v, w
        if best_v >= 0:
            _apply(patch, best_v, best_w)
            count += 1
    return count


@compiled
def _allowed(patch: MeshPatch, v: int, w: int, loose: bool) -> bool:
    if patch.planes[v] & ~patch.planes[w] != 0 or patch.phases[v] & ~patch.phases[w] != 0:
        return False
    return bool(loose or patch.surfaces[v] & ~patch.surfaces[w] == 0)


@compiled
def _star_quality(patch: MeshPatch, v: int) -> float:
    worst = 2.0
    for s in range(patch.star_start[v], patch.star_start[v + 1]):
        c = patch.cells[patch.star_cells[s]]
        worst = min(worst, quality(patch.points, patch.period, c[0], c[1], c[2], c[3]))
    return worst


@compiled
def _collapsed_quality(patch: MeshPatch, v: int, w: int, needed: float, volume_tolerance: float) -> float:
    """Return the worst quality around v after it is merged into w, -1 if that is not allowed."""
    worst, edge_phases, size = 2.0, 0, patch.sizes[v]
    new = np.empty(4, np.int64)
    check_volume = not single_phase(patch.phases[v])
    moved = np.zeros(LABEL_LIMIT if check_volume else 1)
    for s in range(patch.star_start[v], patch.star_start[v + 1]):
        t = patch.star_cells[s]
        cell, label = patch.cells[t], patch.labels[t]
        if check_volume:
            moved[label] -= signed_volume(patch.points, patch.period, cell[0], cell[1], cell[2], cell[3])
        if position(cell, w) >= 0:
            edge_phases |= 1 << label
            continue
        for k in range(4):
            new[k] = w if cell[k] == v else cell[k]
            if cell[k] != v and edge_length(patch.points, patch.period, w, cell[k]) > LONGEST_EDGE * size:
                return -1.0
        worst = min(worst, quality(patch.points, patch.period, new[0], new[1], new[2], new[3]))
        if worst <= needed:
            return -1.0
        if check_volume:
            moved[label] += signed_volume(patch.points, patch.period, new[0], new[1], new[2], new[3])
    if edge_phases != patch.phases[v] or np.abs(moved).max() > volume_tolerance * size**3:
        return -1.0
    return worst


@compiled
def _apply(patch: MeshPatch, v: int, w: int) -> None:
    for s in range(patch.star_start[v], patch.star_start[v + 1]):
        t = patch.star_cells[s]
        patch.touched[t] = True
        if position(patch.cells[t], w) >= 0:
            patch.labels[t] = DEAD
        else:
            patch.cells[t, position(patch.cells[t], v)] = w
