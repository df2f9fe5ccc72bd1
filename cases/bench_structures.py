"""What ``granode bench conduction`` compares on: structures, conducting phases and lateral conditions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from manufacturing.phases import Phase

from .bench_meshing import packing_case

EDGE = 10e-6  # [m] of the face-centred cube
OVERLAP = 0.05  # neighbours are closer than the sum of their radii by this share
FACE_CENTRED_CELLS = (10, 14, 20, 28)  # lattice cubes across the edge
FACE_CENTRED_VOXELS = (24, 48, 96, 128)
PACKING_SIZES = (1.2e-6, 0.85e-6, 0.6e-6, 0.5e-6)  # [m]
PACKING_VOXELS = (48, 72, 108, 144)
PARTICLES = 300


@dataclass(frozen=True)
class Target:
    """One effective conductivity that every tool computes."""

    name: str
    phase: Phase  # conducts with 1 S/m
    lateral: str  # condition on x and y: periodic or insulated
    peers: tuple[str, ...]  # tools with the same condition


@dataclass(frozen=True)
class Structure:
    """A geometry in a cube, meshed and voxelised at several sizes."""

    name: str
    case: dict[str, Any]  # case file without solves
    cell_sizes: tuple[float, ...]  # [m]
    voxels: tuple[int, ...]  # across the cube
    targets: tuple[Target, ...]

    def meshed(self, cell_size: float) -> dict[str, Any]:
        """Return the case at a cell size."""
        return self.case | {"mesh": self.case["mesh"] | {"cell_size": cell_size}}


def face_centred() -> Structure:
    """Return spheres on a face-centred lattice, centres on the planes z = 0 and a/2.

    The walls are mirror planes, so that periodic and insulated sides and fixed planes give the same conductivity.
    """
    radius = EDGE * math.sqrt(0.125) / (1.0 - OVERLAP)
    sites = ([0.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.5, 0.0, 0.5], [0.0, 0.5, 0.5])
    geometry = {
        "source": "spheres",
        "box": [EDGE] * 3,
        "periodic": [True, True, True],
        "matrix": "SE",
        "spheres": [{"phase": "AM", "centre": [EDGE * x for x in site], "radius": radius} for site in sites],
    }
    case = {"geometry": geometry, "mesh": {}, "conduction": {}, "output": _meshed_only()}
    tools = ("taufactor_periodic", "porespy_insulated")
    targets = (
        Target("FCC pores", Phase.SE, "periodic", tools),
        Target("FCC spheres", Phase.AM, "periodic", tools),
    )
    sizes = tuple(EDGE / count for count in FACE_CENTRED_CELLS)
    return Structure("FCC", case, sizes, FACE_CENTRED_VOXELS, targets)


def random_packing() -> Structure:
    """Return the random packing of which the electrolyte conducts."""
    case = packing_case(PARTICLES, None)
    del case["cell"]
    targets = (
        Target("packing SE, periodic", Phase.SE, "periodic", ("taufactor_periodic",)),
        Target("packing SE, insulated", Phase.SE, "insulated", ("taufactor_insulated", "porespy_insulated")),
    )
    return Structure("packing", case | {"output": _meshed_only()}, PACKING_SIZES, PACKING_VOXELS, targets)


def _meshed_only() -> dict[str, Any]:
    return {"until": "meshing", "plots": False, "fields": False}
