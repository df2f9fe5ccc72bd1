"""Facet swap: two cells that share a facet become three around the edge between their apexes."""

from __future__ import annotations

from .compiled import compiled
from .dihedral_quality import quality
from .mesh_patch import MeshPatch, position
from .torus_mesh import IntArray

LEAST_GAIN = 1e-4  # of quality


@compiled
def swap_pass(patch: MeshPatch, bad: IntArray) -> int:
    """Swap the first facet of each bad cell that improves the worse of its two cells."""
    count = 0
    for t in bad:
        done = False
        for apex in range(4):
            if not done and not patch.touched[t]:
                done = _swap_facet(patch, t, apex)
        count += done
    return count


@compiled
def _neighbour(patch: MeshPatch, t: int, a: int, b: int, c: int) -> int:
    """Return the other untouched cell at the facet (a, b, c), -1 if there is none."""
    for s in range(patch.star_start[a], patch.star_start[a + 1]):
        other = patch.star_cells[s]
        if other == t or patch.touched[other]:
            continue
        if (
            position(patch.cells[other], a) >= 0
            and position(patch.cells[other], b) >= 0
            and position(patch.cells[other], c) >= 0
        ):
            return int(other)
    return -1


@compiled
def _with(patch: MeshPatch, t: int, corner: int, vertex: int) -> float:
    """Return the quality of a cell with one corner replaced."""
    c = patch.cells[t]
    v0, v1 = vertex if corner == 0 else c[0], vertex if corner == 1 else c[1]
    v2, v3 = vertex if corner == 2 else c[2], vertex if corner == 3 else c[3]
    return quality(patch.points, patch.period, v0, v1, v2, v3)


@compiled
def _swap_facet(patch: MeshPatch, t: int, apex: int) -> bool:
    cell = patch.cells[t]
    a, b, c = cell[(apex + 1) % 4], cell[(apex + 2) % 4], cell[(apex + 3) % 4]
    other = _neighbour(patch, t, a, b, c)
    if other < 0 or patch.labels[other] != patch.labels[t] or patch.planes[a] & patch.planes[b] & patch.planes[c] != 0:
        return False
    far = -1
    for k in range(4):
        if patch.cells[other, k] != a and patch.cells[other, k] != b and patch.cells[other, k] != c:
            far = patch.cells[other, k]
    o = patch.cells[other]
    before = min(quality(patch.points, patch.period, o[0], o[1], o[2], o[3]), _with(patch, t, apex, cell[apex]))
    for step in range(1, 4):
        if _with(patch, t, (apex + step) % 4, far) <= before + LEAST_GAIN:
            return False
    new = patch.used[0]
    patch.used[0] += 1
    for k in range(4):
        patch.cells[other, k] = far if k == (apex + 2) % 4 else cell[k]
        patch.cells[new, k] = far if k == (apex + 3) % 4 else cell[k]
    patch.cells[t, (apex + 1) % 4] = far
    patch.labels[new] = patch.labels[t]
    patch.touched[t] = patch.touched[other] = patch.touched[new] = True
    return True
