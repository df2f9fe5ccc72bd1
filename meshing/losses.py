"""What a mesh lost of its phases: volume given to neighbours, and beads that no cell stands for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from manufacturing.errors import StageError
from manufacturing.phases import OVERLAP_PRIORITY

from .compiled import compiled
from .cut_geometry import CutGeometry, micrometres
from .exact_geometry import RANKS, is_owned
from .labelled_mesh import LabelledMesh
from .sphere_field import SphereField
from .torus_mesh import FloatArray, IntArray

BEAD_POINTS = 4000  # in a bead without cells, to see how much of it others hide
SEED = 20240301


@dataclass(frozen=True)
class Losses:
    """Losses by phase, relative to the exact volume of the phase."""

    relabelled: dict[str, float]  # volume of specks and bad cells that became another phase
    lost_beads: dict[str, int]  # beads of which nothing is left although they own space
    hidden_beads: dict[str, int]  # beads that lie inside others or outside the box; no cell can be theirs
    lost_volume: dict[str, float]  # exact volume of the lost beads

    def figures(self) -> dict[str, Any]:
        """Return the figures for the summary."""
        return {
            "relabelled_fraction": self.relabelled,
            "lost_beads": self.lost_beads,
            "hidden_beads": self.hidden_beads,
            "lost_bead_fraction": self.lost_volume,
        }

    def require(self, limit: float) -> None:
        """Refuse a mesh that lost too much of a particle phase.

        Raises:
            StageError: relabelled and lost parts of a phase together exceed ``limit``.
        """
        for name, lost in self.lost_volume.items():
            total = lost + self.relabelled.get(name, 0.0)
            if total > limit:
                raise StageError(
                    f"the mesh lost {100.0 * total:.2g} % of {name} ({self.lost_beads[name]} beads without cells); "
                    f"mesh.relabelled_limit allows {100.0 * limit:.2g} %: take a smaller mesh.cell_size or raise it"
                )


def measure_losses(
    mesh: LabelledMesh, geometry: CutGeometry, relabelled: dict[str, float], exact_fraction: dict[str, float]
) -> Losses:
    """Relate losses to the exact volume of each phase.

    Args:
        mesh: the labelled mesh.
        geometry: the packing that it was cut by.
        relabelled: volume that each phase lost to others [um3].
        exact_fraction: volume fractions of the exact geometry.
    """
    packing = geometry.packing
    rows = np.flatnonzero(~np.isin(packing.particle_ids, mesh.particle_ids))
    centres, radii = micrometres(packing.centres[rows] - packing.lower), micrometres(packing.radii[rows])
    owned = _owned_volumes(
        geometry.exact_field, geometry.size, centres, radii, packing.phases[rows], rows, RANKS, BEAD_POINTS, SEED
    )
    volume = float(np.prod(geometry.size))
    exact = {name: fraction * volume for name, fraction in exact_fraction.items()}
    present = [p for p in OVERLAP_PRIORITY if (packing.phases == p).any()]
    lost = {p: (packing.phases[rows] == p) & (owned > 0.0) for p in present}
    return Losses(
        {name: _ratio(value, exact.get(name, 0.0)) for name, value in relabelled.items()},
        {p.name: int(lost[p].sum()) for p in present},
        {p.name: int(((packing.phases[rows] == p) & (owned == 0.0)).sum()) for p in present},
        {p.name: _ratio(float(owned[lost[p]].sum()), exact[p.name]) for p in present},
    )


def _ratio(part: float, whole: float) -> float:
    return part / whole if part > 0.0 else 0.0


@compiled
def _owned_volumes(
    field: SphereField,
    size: FloatArray,
    centres: FloatArray,
    radii: FloatArray,
    phases: IntArray,
    rows: IntArray,
    ranks: IntArray,
    count: int,
    seed: int,
) -> FloatArray:
    """Return the volume of each ball that lies in the box and belongs to no other sphere [um3]."""
    np.random.seed(seed)
    out = np.zeros(len(radii))
    x = np.empty(3)
    for ball in range(len(radii)):
        hits = 0
        for _ in range(count):
            total = 0.0
            for k in range(3):
                x[k] = np.random.normal(0.0, 1.0)
                total += x[k] * x[k]
            reach = radii[ball] * np.random.random() ** (1.0 / 3.0)
            x *= reach / np.sqrt(total)
            x += centres[ball]
            hits += is_owned(field, size, x, phases[ball], reach**2 - radii[ball] ** 2, ranks, rows[ball])
        out[ball] = 4.0 / 3.0 * np.pi * radii[ball] ** 3 * hits / count
    return out
