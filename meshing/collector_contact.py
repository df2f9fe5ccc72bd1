"""Partial contact of the current collector: a pattern of covered and bare facets on the top face."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from manufacturing.errors import InputError
from manufacturing.phases import COLLECTOR, COLLECTOR_UNCOVERED, Phase

from .facet_choice import count_up_to
from .facets import triangle_areas
from .labelled_mesh import LabelledMesh, renamed

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def stripes(tiles: FloatArray, seed: int) -> FloatArray:
    """Cover stripes along y from their middle line, one per tile in x; tiles (n, 2) are positions in tile lengths."""
    return np.abs(tiles[:, 0] % 1.0 - 0.5)


def discs(tiles: FloatArray, seed: int) -> FloatArray:
    """Cover a disc in the middle of each tile; beyond a share of pi/4 the discs merge."""
    return np.asarray(np.linalg.norm(tiles % 1.0 - 0.5, axis=1))


def random_tiles(tiles: FloatArray, seed: int) -> FloatArray:
    """Cover whole tiles in random order, each from its middle."""
    column, row = np.floor(tiles).astype(np.int64).T
    number = column * (row.max() + 1) + row
    ranks = np.random.default_rng(seed).permutation(int(number.max()) + 1)
    return np.asarray(ranks[number] + discs(tiles, seed))


PATTERNS: dict[str, Callable[[FloatArray, int], FloatArray]] = {
    "stripes": stripes,
    "discs": discs,
    "random": random_tiles,
}


@dataclass(frozen=True)
class CollectorContact:
    """Which part of the top face the collector touches.

    Args:
        fraction: covered share of the face's area, above 0, at most 1.
        pattern: one of ``PATTERNS``.
        pitch: wanted edge of the pattern's tiles [m]; whole tiles fit the face.
        seed: of the random pattern.
    """

    fraction: float = 1.0
    pattern: str = "stripes"
    pitch: float = 10e-6
    seed: int = 1

    def __post_init__(self) -> None:
        if not 0.0 < self.fraction <= 1.0:
            raise InputError("cell.collector.contact_fraction", self.fraction, "above 0, at most 1")
        if self.pattern not in PATTERNS:
            raise InputError("cell.collector.pattern", self.pattern, f"one of {', '.join(PATTERNS)}")
        if not self.pitch > 0.0:
            raise InputError("cell.collector.pitch", f"{self.pitch:g} m", "a length > 0")

    def apply(self, mesh: LabelledMesh) -> LabelledMesh:
        """Rename the bare facets to ``collector_uncovered`` and report the covered area.

        Facets are covered or bare as a whole; they are taken in the order of the pattern at their
        centroids until the covered area is as close to the wanted one as a facet allows.
        """
        if self.fraction == 1.0:
            return mesh
        index = mesh.named(COLLECTOR)
        corners = mesh.vertices[mesh.facets[index]]
        areas = triangle_areas(mesh.vertices, mesh.facets[index])
        size = (mesh.upper - mesh.lower)[:2]
        counts = np.maximum(1, np.round(size / self.pitch))
        tiles = (corners.mean(axis=1)[:, :2] - mesh.lower[:2]) / size * counts
        order = np.argsort(PATTERNS[self.pattern](tiles, self.seed), kind="stable")
        count = count_up_to(areas[order], self.fraction * float(areas.sum()))
        covered = renamed(mesh, index[order[count:]], COLLECTOR_UNCOVERED)
        report = self._report(mesh, index[order[:count]], counts)
        return replace(covered, report={**mesh.report, "collector_contact": report})

    def _report(self, mesh: LabelledMesh, covered: IntArray, counts: FloatArray) -> dict[str, Any]:
        areas = triangle_areas(mesh.vertices, mesh.facets[covered])
        behind = mesh.phases[mesh.facet_cells[covered, 0]]
        return {
            "wanted_fraction": self.fraction,
            "covered_fraction": float(areas.sum()) / mesh.cross_section,
            "covered_area_m2": {p.name: float(areas[behind == p].sum()) for p in Phase if (behind == p).any()},
            "pattern": self.pattern,
            "tiles": [int(n) for n in counts],
        }
