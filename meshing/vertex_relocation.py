"""Vertex relocation: vertices of bad cells move within their planes and sphere surfaces."""

from __future__ import annotations

import numpy as np

from .compiled import compiled
from .dihedral_quality import quality
from .mesh_patch import MeshPatch, single_phase
from .sphere_field import DistanceField
from .torus_mesh import FloatArray, IntArray, wrapped_into
from .vertex_conditions import keep_within, largest_miss, project

FIRST_STEP = 0.3  # of the lattice size
SURFACE_TOLERANCE = 0.01  # of the lattice size


@compiled
def relocation_pass(
    patch: MeshPatch, field: DistanceField, chosen: IntArray, tries: int, seed: int, freedom: float
) -> int:
    """Move each chosen vertex to random places near it where its worst cell gets better.

    The steps shrink from ``FIRST_STEP`` lattice sizes by halves. On sphere surfaces the trial point
    is projected back, or with a ``freedom`` (of the lattice size) may stay as far away from them.
    Vertices between phases without a surface of their own stay.
    """
    np.random.seed(seed)
    trial, original = np.empty(3), np.empty(3)
    count = 0
    for v in chosen:
        surfaces, planes = patch.surfaces[v], patch.planes[v]
        if surfaces == 0 and not single_phase(patch.phases[v]) and planes == 0:
            continue
        original[:] = patch.points[v]
        limit = max(largest_miss(field, original, surfaces), max(freedom, SURFACE_TOLERANCE) * patch.sizes[v])
        best = _worst_around(patch, v, -2.0)
        moved = False
        for attempt in range(tries):
            _random_step(trial, planes, FIRST_STEP * patch.sizes[v] * 0.5 ** (attempt * 5 // tries))
            for k in range(3):
                trial[k] += patch.points[v, k]
            back = surfaces != 0 and (freedom == 0.0 or attempt % 2 == 0)
            if back and project(field, trial, planes, surfaces, 3) > 0.3 * patch.sizes[v]:
                continue
            if surfaces != 0 and largest_miss(field, trial, surfaces) > limit:
                continue
            original[:] = patch.points[v]
            for k in range(3):
                patch.points[v, k] = wrapped_into(trial[k], patch.period[k])
            after = _worst_around(patch, v, best)
            if after > best + 1e-6:
                best, moved = after, True
            else:
                patch.points[v] = original
        count += moved
    return count


@compiled
def _random_step(out: FloatArray, planes: int, length: float) -> None:
    for k in range(3):
        out[k] = np.random.normal(0.0, 1.0)
    keep_within(planes, out)
    norm = np.sqrt(out[0] ** 2 + out[1] ** 2 + out[2] ** 2) + 1e-30
    for k in range(3):
        out[k] *= length / norm


@compiled
def _worst_around(patch: MeshPatch, v: int, enough: float) -> float:
    """Return the worst quality around a vertex; stops at the first cell that is not better than ``enough``."""
    worst = 2.0
    for s in range(patch.star_start[v], patch.star_start[v + 1]):
        c = patch.cells[patch.star_cells[s]]
        worst = min(worst, quality(patch.points, patch.period, c[0], c[1], c[2], c[3]))
        if worst <= enough:
            break
    return worst
