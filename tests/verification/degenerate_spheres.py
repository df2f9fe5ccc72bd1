"""Spheres in positions that break meshers, as cases: coincident, nested, tangent, through edges, on lattices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

UM = 1e-6
Sphere = tuple[float, float, float, float, str]  # x, y, z, radius [um], phase
PERIODIC = (True, True, False)
WALLS = (False, False, False)
TOUCHING = {"SC": 0.5, "BCC": 3.0**0.5 / 4.0, "FCC": 2.0**0.5 / 4.0}  # radius over lattice constant
BASES = {
    "SC": [(0.0, 0.0, 0.0)],
    "BCC": [(0.0, 0.0, 0.0), (0.5, 0.5, 0.5)],
    "FCC": [(0.0, 0.0, 0.0), (0.5, 0.5, 0.0), (0.5, 0.0, 0.5), (0.0, 0.5, 0.5)],
}
PLACES = {
    "a face": (0.0, 4.0, 4.0),
    "an edge": (0.0, 0.0, 4.0),
    "a corner": (0.0, 0.0, 0.0),
    "the bottom": (4.0, 4.0, 0.0),
    "the top": (4.0, 4.0, 8.0),
    "almost a corner": (0.01, 7.98, 0.02),
}
TANGENT = {
    "a wall": (3.0, 4.0, 4.0),
    "the bottom": (4.0, 4.0, 3.0),
    "the top": (4.0, 4.0, 5.0),
    "the bottom within 1e-9 um": (4.0, 4.0, 3.0 + 1e-9),
    "the bottom from below": (4.0, 4.0, -2.999),
}


def case(
    spheres: Sequence[Sphere],
    size: Sequence[float] = (8.0, 8.0, 8.0),
    cell_size: float = 1.2,
    periodic: tuple[bool, bool, bool] = PERIODIC,
) -> dict[str, Any]:
    """Case that meshes spheres in a box [um] above a separator of 2 um."""
    inline = [
        {"phase": phase, "centre": [x * UM, y * UM, z * UM], "radius": radius * UM}
        for x, y, z, radius, phase in spheres
    ]
    box = [length * UM for length in size]
    return {
        "geometry": {"source": "spheres", "box": box, "periodic": list(periodic), "spheres": inline},
        # Shells of 0.01 um and caps of 0.001 um are lost on purpose, and are hard to count exactly.
        "mesh": {"cell_size": cell_size * UM, "relabelled_limit": 100.0},
        "cell": {"separator_thickness": 2e-6},
        "conduction": {},
        "output": {"until": "meshing", "plots": False, "fields": False},
    }


def lattice(kind: str, filling: float, phases: str) -> dict[str, Any]:
    """Two by two by two cells of a lattice of spheres with ``filling`` times the touching radius."""
    constant = 6.0
    radius = TOUCHING[kind] * constant
    corners = np.stack(np.meshgrid(*[range(2)] * 3, indexing="ij"), -1).reshape(-1, 1, 3)
    centres = (constant * (corners + np.array(BASES[kind]))).reshape(-1, 3)
    names = phases.split()
    spheres = [(*c, filling * radius, names[k % len(names)]) for k, c in enumerate(centres.tolist())]
    return case(spheres, (2.0 * constant,) * 3, radius / 2.5)


def _pairs() -> dict[str, dict[str, Any]]:
    """Two or three spheres that coincide, lie in each other, touch or leave a sliver of void."""
    first = (4.0, 4.0, 4.0, 3.0, "SE")
    found = {"one particle": case([first])}
    for name, shift in (("coincident", 0.0), ("1e-9 um apart", 1e-9), ("0.01 um apart", 0.01)):
        for phase in ("SE", "AM"):
            found[f"{name}, SE and {phase}"] = case([first, (4.0 + shift, 4.0, 4.0, 3.0, phase)])
    for phase in ("SE", "AM"):
        found[f"inside, SE around {phase}"] = case([first, (4.3, 4.0, 4.0, 1.5, phase)], cell_size=0.7)
        found[f"tangent inside, SE around {phase}"] = case([first, (5.5, 4.0, 4.0, 1.5, phase)], cell_size=0.7)
        touching = [(4.0, 6.0, 6.0, 2.0, "SE"), (8.0, 6.0, 6.0, 2.0, phase)]
        found[f"tangent, SE and {phase}"] = case(touching, (12.0, 12.0, 12.0), 0.8)
        sizes = [(4.0, 6.0, 6.0, 2.0, "SE"), (7.0, 6.0, 6.0, 1.0, phase)]
        found[f"tangent, sizes 2 to 1, SE and {phase}"] = case(sizes, (12.0, 12.0, 12.0), 0.5)
    found["hidden in AM"] = case([(4.0, 4.0, 4.0, 3.0, "AM"), (4.3, 4.0, 4.0, 1.5, "SE")], cell_size=0.7)
    sliver = [(4.0, 4.0, 2.0, 2.5, "AM"), (4.0, 4.0, 6.55, 2.0, "SE"), (8.0, 4.0, 4.0, 2.0, "CBD")]
    found["sliver of void between AM and SE"] = case(sliver, (12.0, 8.0, 8.0), 0.8)
    cusps = [(4.0, 4.0, 4.0, 2.0, "SE"), (7.5, 4.0, 4.0, 2.0, "AM"), (5.7, 7.2, 4.0, 2.0, "SE")]
    found["three around a cusp"] = case(cusps, (12.0, 12.0, 8.0), 0.8)
    found["overlapping its own images"] = case([(4.0, 4.0, 4.0, 5.5, "SE")], cell_size=1.0)
    found["void in the corners only"] = case([(4.0, 4.0, 4.0, 6.8, "SE")], cell_size=1.0)
    found["touching its own images"] = case([(4.0, 4.0, 4.0, 4.0, "SE")])
    found["a row of tangent spheres"] = case([(x, 4.0, 4.0, 1.0, "SE") for x in range(0, 12, 2)], (12, 8, 8), 0.5)
    return found


def degenerate_cases() -> dict[str, dict[str, Any]]:
    """All cases by name."""
    found = _pairs()
    for kind, walls in (("periodic", PERIODIC), ("insulated", WALLS)):
        for name, place in PLACES.items():
            found[f"through {name}, {kind}"] = case([(*place, 3.0, "SE")], periodic=walls)
        for name, place in TANGENT.items():
            found[f"tangent to {name}, {kind}"] = case([(*place, 3.0, "SE")], periodic=walls)
    for kind in TOUCHING:
        for name, filling in (("touching", 1.0), ("overlapping", 1.1), ("apart", 0.97)):
            for phases in ("SE", "SE AM CBD"):
                found[f"{kind} {name}, {phases}"] = lattice(kind, filling, phases)
    return found
