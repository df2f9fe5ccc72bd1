"""Necks between particles of the same phase as the mesh has them, beside those of the exact geometry.

A mesh without contact planes has no flat neck, but facets between cells of two particles; the sum of
their projections on the line between the centres depends on the rim of the neck only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix

from manufacturing.phases import Phase

from .cut_geometry import MICROMETRE, CutGeometry
from .exact_necks import ExactNecks, exact_necks
from .labelled_mesh import LabelledMesh, match_walls
from .torus_mesh import FloatArray, IntArray, pair_torus_facets

TANGENT = 1e-6  # [um] gaps and overlaps below are rounding

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class NeckTable:
    """One row for each pair of particles of a phase that overlap or have a gap below a cell; micrometres."""

    exact: ExactNecks
    ids: IntArray  # (n, 2) of the particles
    meshed_area: FloatArray  # (n,) of the facets between them, along the line between the centres
    facets: IntArray  # (n,) how many there are
    shared_vertices: IntArray  # (n,) vertices that belong to cells of both
    far_joints: int  # pairs of particles that facets join although their gap is wider than a cell

    def columns(self) -> dict[str, list[Any]]:
        """Return the table with units in the names, for a CSV file."""
        exact = self.exact
        columns: dict[str, npt.NDArray[Any]] = {
            "first": self.ids[:, 0],
            "second": self.ids[:, 1],
            "phase": np.array([Phase(int(p)).name for p in exact.phase]),
            "gap_um": exact.gap,
            "exact_area_um2": exact.area,
            "cut_area_um2": exact.cut_area,
            "meshed_area_um2": self.meshed_area,
            "altered_volume_um3": exact.altered_volume,
            "facets": self.facets,
            "shared_vertices": self.shared_vertices,
        }
        return {name: list(values.tolist()) for name, values in columns.items()}

    def figures(self) -> dict[str, Any]:
        """Return the numbers and areas of each phase."""
        present = np.unique(self.exact.phase)
        return {Phase(int(p)).name: self._of(self.exact.phase == p) for p in present} | {"far_joints": self.far_joints}

    def _of(self, chosen: BoolArray) -> dict[str, Any]:
        """Count the necks of some pairs.

        A neck is missing where the exact one is visible and no facet joins the particles, false where
        facets join particles with a gap. Spheres that touch within rounding have a neck of no area and are
        neither. Particles that share vertices but no facet conduct a little in a finite-element solution.
        """
        area, gap = self.exact.area, self.exact.gap
        tangent = chosen & (np.abs(gap) < TANGENT)
        real, joined = chosen & (area > 0.0) & ~tangent, chosen & (self.facets > 0)
        missing, false = real & ~joined, joined & (gap > 0.0) & ~tangent
        exact, meshed = float(area[chosen].sum()), float(self.meshed_area[chosen].sum())
        return {
            "exact": int(real.sum()),
            "meshed": int(joined.sum()),
            "missing": int(missing.sum()),
            "largest_missing_radius_um": float(np.sqrt(area[missing].max(initial=0.0) / np.pi)),
            "false": int(false.sum()),
            "widest_closed_gap_um": float(gap[false].max(initial=0.0)),
            "tangent": int(tangent.sum()),
            "tangent_joined": int((tangent & joined).sum()),
            "tangent_area_um2": float(self.meshed_area[tangent].sum()),
            "joined_at_vertices_only": int((chosen & ~joined & (self.shared_vertices > 0)).sum()),
            "exact_area_um2": exact,
            "meshed_area_um2": meshed,
            "false_area_um2": float(self.meshed_area[false].sum()),
            "relative_area_error": meshed / exact - 1.0 if real.any() else None,
            "mean_area_error_um2": float(np.abs(self.meshed_area - area)[real].mean()) if real.any() else None,
            "altered_volume_um3": float(self.exact.altered_volume[chosen].sum()),
        }


def measure_necks(mesh: LabelledMesh, geometry: CutGeometry) -> NeckTable:
    """Compare the necks of a mesh with those of the packing it was made from."""
    necks = exact_necks(geometry)
    ids = geometry.packing.particle_ids
    order = np.argsort(ids)
    places = np.minimum(np.searchsorted(ids[order], mesh.particle_ids), max(len(ids) - 1, 0))
    rows = np.where(mesh.particle_ids >= 0, order[places], -1) if len(ids) else np.full(len(mesh.cells), -1)
    joints = _joints(mesh, rows)
    pair = _matched(joints, necks, len(ids), mesh.upper - mesh.lower, mesh.periodic, geometry.separator)
    known = pair >= 0
    along = np.bincount(pair[known], (joints.areas[known] * necks.axis[pair[known]]).sum(axis=1), minlength=len(necks))
    far = np.unique(joints.rows[~known] @ np.array([len(ids), 1]))
    return NeckTable(
        necks,
        np.column_stack([ids[necks.first], ids[necks.second]]),
        np.asarray(along, dtype=np.float64),
        np.bincount(pair[known], minlength=len(necks)),
        _shared_vertices(mesh, rows, necks, len(ids)),
        len(far),
    )


@dataclass(frozen=True)
class _Joints:
    """Facets between cells of different particles of one phase."""

    rows: IntArray  # (n, 2) of the packing, ascending
    areas: FloatArray  # (n, 3) [um2] area vectors from the first to the second
    centres: FloatArray  # (n, 3) [um]


def _joints(mesh: LabelledMesh, rows: IntArray) -> _Joints:
    corners, first, second = pair_torus_facets(mesh.cells, len(mesh.vertices))
    inner = second >= 0
    sides = [(corners[inner], np.column_stack([first[inner], second[inner]]))]
    for axis in np.flatnonzero(mesh.periodic):
        walls = match_walls(mesh, int(axis))
        sides.append((walls.low, walls.cells))
    facets, cells = (np.concatenate(parts) for parts in zip(*sides, strict=True))
    of = rows[cells]
    joined = (of >= 0).all(axis=1) & (of[:, 0] != of[:, 1])
    joined &= mesh.phases[cells[:, 0]] == mesh.phases[cells[:, 1]]
    facets, cells, of = facets[joined], cells[joined], of[joined]
    a, b, c = (mesh.vertices[facets[:, k]] / MICROMETRE for k in range(3))
    areas = 0.5 * np.cross(b - a, c - a)
    behind = mesh.vertices[mesh.cells[cells[:, 0]]].mean(axis=1) / MICROMETRE - a
    sign = -np.sign((areas * behind).sum(axis=1)) * np.where(of[:, 0] < of[:, 1], 1.0, -1.0)
    return _Joints(np.sort(of, axis=1), areas * sign[:, None], (a + b + c) / 3.0)


def _matched(
    joints: _Joints, necks: ExactNecks, count: int, size: FloatArray, periodic: tuple[bool, ...], separator: float
) -> IntArray:
    """Return the pair that each facet belongs to: the image of the two particles whose neck is nearest; -1 for none."""
    keys, wanted = necks.first * count + necks.second, joints.rows @ np.array([count, 1])
    start, end = np.searchsorted(keys, wanted), np.searchsorted(keys, wanted, "right")
    best = np.full(len(wanted), -1, dtype=np.int64)
    nearest = np.full(len(wanted), np.inf)
    period, wraps = size / MICROMETRE, np.asarray(periodic)
    for step in range(int((end - start).max(initial=0))):
        which = np.flatnonzero(start + step < end)
        candidate = start[which] + step
        shift = joints.centres[which] - [0.0, 0.0, separator] - necks.middle[candidate]
        shift -= np.where(wraps, period * np.round(shift / period), 0.0)
        distance = np.linalg.norm(shift, axis=1)
        closer = distance < nearest[which]
        best[which[closer]], nearest[which[closer]] = candidate[closer], distance[closer]
    return best


def _shared_vertices(mesh: LabelledMesh, rows: IntArray, necks: ExactNecks, count: int) -> IntArray:
    """Return how many vertices belong to both particles of each pair, all images of a pair together."""
    if len(necks) == 0:
        return np.zeros(0, dtype=np.int64)
    master = np.arange(len(mesh.vertices))
    for axis in np.flatnonzero(mesh.periodic):
        walls = match_walls(mesh, int(axis))
        copy = np.arange(len(master))
        copy[walls.high.ravel()] = walls.low.ravel()
        master = copy[master]
    owned = rows >= 0
    corners = master[mesh.cells[owned]].ravel()
    entries = (np.ones(len(corners), dtype=np.int32), (np.repeat(rows[owned], 4), corners))
    touches = coo_matrix(entries, shape=(count, len(mesh.vertices))).tocsc()
    touches.data[:] = 1
    several = np.flatnonzero(np.diff(touches.indptr) > 1)
    shared = (touches[:, several] @ touches[:, several].T).tocsr()
    return np.asarray(shared[necks.first, necks.second]).ravel().astype(np.int64)
