"""Quality that every labelled mesh is held to: closed surface, volume, matching walls, dihedral angles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from manufacturing.errors import StageError

from .dihedral_quality import dihedral_range
from .facets import FacetPairs, triangle_areas

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

MICROMETRE = 1e-6
TOLERANCE = 1e-9  # of the surface and of the volume of the box
BIN_EDGES = np.linspace(0.0, 180.0, 73)  # [deg]
PERCENTILES = (0.01, 0.1, 1.0, 10.0, 50.0)


@dataclass(frozen=True)
class MeshQuality:
    """What is measured on the cells of a mesh, whatever made them."""

    unmatched_area_error: float  # area of facets without a neighbour over the surface of the box, minus 1
    volume_error: float  # volume of all cells over that of the box, minus 1
    smallest_volume: float  # of a cell [m3]
    angles: FloatArray  # (nc, 2) smallest and largest dihedral angle of each cell [deg]

    def check(self) -> None:
        """Refuse a mesh with holes, hanging nodes or cells that overlap.

        Raises:
            StageError: the unmatched facets or the cells do not add up to the box.
        """
        if not abs(self.unmatched_area_error) <= TOLERANCE:
            raise StageError(
                f"the mesh is not conforming: the area of unmatched facets is {self.unmatched_area_error:+.3e} "
                f"off the surface of the box, at most {TOLERANCE:g} is rounding"
            )
        if not abs(self.volume_error) <= TOLERANCE:
            raise StageError(
                f"the mesh has inverted or overlapping cells: their volumes are {self.volume_error:+.3e} "
                f"off the volume of the box, at most {TOLERANCE:g} is rounding"
            )

    def figures(self, wall_facets: dict[str, int]) -> dict[str, Any]:
        """Return the block of the summary.

        Args:
            wall_facets: by axis, number of facets of a periodic wall that match one to one.
        """
        smallest, largest = self.angles[:, 0], self.angles[:, 1]
        return {
            "unmatched_area_error": self.unmatched_area_error,
            "volume_error": self.volume_error,
            "smallest_cell_volume_m3": self.smallest_volume,
            "matched_wall_facets": wall_facets,
            "min_dihedral_deg": float(smallest.min()),
            "max_dihedral_deg": float(largest.max()),
            "min_dihedral_percentiles_deg": _percentiles(smallest, PERCENTILES),
            "max_dihedral_percentiles_deg": _percentiles(largest, tuple(100.0 - p for p in reversed(PERCENTILES))),
            "histogram": {
                "edges_deg": BIN_EDGES.tolist(),
                "min_dihedral_cells": np.histogram(smallest, BIN_EDGES)[0].tolist(),
                "max_dihedral_cells": np.histogram(largest, BIN_EDGES)[0].tolist(),
            },
        }


def measure_quality(
    vertices: FloatArray, cells: IntArray, volumes: FloatArray, pairs: FacetPairs, size: FloatArray
) -> MeshQuality:
    """Measure the cells of a box-shaped mesh.

    Args:
        vertices: shape (nv, 3) [m].
        cells: shape (nc, 4), positive orientation.
        volumes: of the cells, shape (nc,) [m3].
        pairs: facets with the cells on both sides.
        size: edges of the box, shape (3,) [m].
    """
    surface = 2.0 * float(size[0] * size[1] + size[1] * size[2] + size[2] * size[0])
    unmatched = float(triangle_areas(vertices, pairs.facets[pairs.cells[:, 1] < 0]).sum())
    return MeshQuality(
        unmatched / surface - 1.0,
        float(volumes.sum() / np.prod(size)) - 1.0,
        float(volumes.min()),
        dihedral_range(np.asarray(vertices / MICROMETRE, dtype=np.float64), np.zeros(3), cells),
    )


def require_angles(quality: dict[str, Any], smallest_deg: float) -> None:
    """Refuse a mesh with a dihedral angle below ``smallest_deg``, or as close to 180 degrees.

    Args:
        quality: block of a mesh's report, as :meth:`MeshQuality.figures` returns it.
        smallest_deg: smallest angle allowed [deg].

    Raises:
        StageError: names the angle and the key to change.
    """
    found = quality["min_dihedral_deg"]
    if not found >= smallest_deg:
        raise StageError(
            f"the mesh has a dihedral angle of {found:.2f} deg, at least {smallest_deg:g} deg are needed; "
            "try another mesh.cell_size"
        )


def _percentiles(values: FloatArray, percentiles: tuple[float, ...]) -> dict[str, float]:
    found = np.percentile(values, percentiles)
    return {f"{p:g}": float(v) for p, v in zip(percentiles, found, strict=True)}
