"""Cubic lattices of equal spheres: simple, body-centred and face-centred, apart, touching or overlapping."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .errors import InputError
from .packing import Packing
from .phases import Phase, interface_name

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Lattice:
    """A cubic Bravais lattice."""

    basis: tuple[tuple[float, float, float], ...]  # sites of a cube, in edges
    touching: float  # radius at which nearest neighbours touch, in edges
    pairs: int  # of nearest neighbours per cube
    largest: float  # radius below which only nearest neighbours overlap and no three spheres do, in edges


LATTICES = {
    "SC": Lattice(((0.25, 0.25, 0.25),), 0.5, 3, np.sqrt(0.5)),
    "BCC": Lattice(((0.25, 0.25, 0.25), (0.75, 0.75, 0.75)), np.sqrt(3.0) / 4.0, 8, 0.5),
    "FCC": Lattice(
        ((0.25, 0.25, 0.25), (0.25, 0.75, 0.75), (0.75, 0.25, 0.75), (0.75, 0.75, 0.25)),
        np.sqrt(0.125),
        24,
        np.sqrt(1.0 / 6.0),
    ),
}


def sphere_lattice(
    kind: str, edge: float, counts: tuple[int, int, int], radius_ratio: float, phase: Phase, matrix: Phase
) -> Packing:
    """Return a triply periodic lattice of spheres; its provenance holds the exact volume fraction and area.

    With the radius r, n spheres and p pairs at the distance 2c in a cube of edge a, each overlap takes
    away a lens: V = n 4/3 pi r^3 - p 2 pi (r - c)^2 (2r + c)/3, A = n 4 pi r^2 - p 4 pi r (r - c).

    Args:
        kind: SC, BCC or FCC.
        edge: of the cube [m].
        counts: cubes along x, y and z.
        radius_ratio: radius over the radius at which neighbours touch.
        phase: of the spheres.
        matrix: between them.

    Raises:
        InputError: spheres so large that three overlap, or that next-nearest neighbours do.
    """
    lattice = LATTICES[kind]
    radius = radius_ratio * lattice.touching * edge
    if not radius < lattice.largest * edge:
        limit = lattice.largest / lattice.touching
        raise InputError("geometry.radius_ratio", radius_ratio, f"less than {limit:.6g}, where three spheres overlap")
    cubes = np.stack(np.meshgrid(*[np.arange(n) for n in counts], indexing="ij"), -1).reshape(-1, 1, 3)
    centres = ((cubes + np.array(lattice.basis)) * edge).reshape(-1, 3)
    count, size = len(centres), edge * np.array(counts, dtype=float)
    cap = max(0.0, radius - lattice.touching * edge)
    spheres, pairs = count, lattice.pairs * len(cubes)
    volume = spheres * 4.0 / 3.0 * np.pi * radius**3 - pairs * 2.0 / 3.0 * np.pi * cap**2 * (3.0 * radius - cap)
    area = spheres * 4.0 * np.pi * radius**2 - pairs * 4.0 * np.pi * radius * cap
    share = float(volume / np.prod(size))
    exact = {
        "exact_volume_fraction": {phase.name: share, matrix.name: 1.0 - share},
        "exact_interface_area_m2": {interface_name(phase, matrix): float(area)},
    }
    return Packing(
        centres,
        np.full(count, radius),
        np.full(count, int(phase)),
        np.arange(1, count + 1),
        np.zeros(3),
        size,
        (True, True, True),
        {"source": "lattice", "kind": kind, **exact},
    )
