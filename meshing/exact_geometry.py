"""Volumes and areas of the union of spheres clipped to a box, by quadrature that uses no mesh.

Where particles overlap AM wins over CBD over SE. Volumes come from one random point in each box of
a regular grid, sphere areas from points spread evenly over each sphere, plane areas from one random
point in each square of a grid. Everything is measured several times with other random numbers; the
scatter tells the error of the mean.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from manufacturing.phases import OVERLAP_PRIORITY, Phase, interface_name

from .compiled import compiled
from .sphere_field import SphereField, bucket_of, sphere_distance, sphere_power
from .torus_mesh import FloatArray, IntArray, wrapped_into

SEED = 20240229
REPLICATES = 6
POINTS_PER_AREA = 40.0  # [1/um2]
SPHERE_POINTS = 1e6  # at least, on all spheres
BOTTOM_SQUARES = 300  # along each edge of the bottom
RANKS = np.array([{int(p): k for k, p in enumerate(OVERLAP_PRIORITY)}.get(v, 9) for v in range(max(Phase) + 1)])


@dataclass(frozen=True)
class ExactGeometry:
    """Reference figures of the electrode, and the standard errors of their quadrature."""

    volume_fraction: dict[str, float]  # of the electrode, by phase
    interface_area: dict[str, float]  # [um2], by interface name
    volume_fraction_standard_error: dict[str, float]
    interface_area_standard_error: dict[str, float]  # [um2]


def measure_exact_geometry(
    field: SphereField, size: FloatArray, separator: bool, volume_points: int = 1_500_000, points_per_area: float = 0.0
) -> ExactGeometry:
    """Measure volume fractions and interface areas of the spheres in the box [0, size].

    Args:
        field: spheres with their periodic images [um].
        size: edges of the electrode, shape (3,) [um].
        separator: whether a separator touches the electrode at z = 0.
        volume_points: number of points in the box, all replicates together.
        points_per_area: points on the spheres, all replicates together [1/um2]; 0: 40, on few spheres a million in all.
    """
    if points_per_area == 0.0:
        surface = 4.0 * np.pi * float((field.radii**2).sum())
        points_per_area = max(POINTS_PER_AREA, SPHERE_POINTS / max(surface, 1.0))
    volumes, areas = [], []
    for seed in range(SEED, SEED + REPLICATES):
        volumes.append(_volume_fractions(field, size, volume_points // REPLICATES, seed))
        areas.append(_sphere_areas(field, size, points_per_area / REPLICATES, seed))
        if separator:
            areas[-1] |= _bottom_areas(field, size, seed)
    fraction, fraction_error = _mean_and_error(volumes)
    area, area_error = _mean_and_error(areas)
    return ExactGeometry(fraction, area, fraction_error, area_error)


def _mean_and_error(replicates: list[dict[str, float]]) -> tuple[dict[str, float], dict[str, float]]:
    """Return means and standard errors by name; what a replicate did not hit counts as 0."""
    names = list(dict.fromkeys(name for replicate in replicates for name in replicate))
    values = {name: np.array([replicate.get(name, 0.0) for replicate in replicates]) for name in names}
    spread = {name: float(v.std(ddof=1) / np.sqrt(len(v))) for name, v in values.items()}
    return {name: float(v.mean()) for name, v in values.items()}, spread


def _volume_fractions(field: SphereField, size: FloatArray, count: int, seed: int) -> dict[str, float]:
    spacing = (float(np.prod(size)) / count) ** (1.0 / 3.0)
    counts = np.maximum(1, np.round(size / spacing)).astype(np.int64)
    hits = _count_phases(field, size, counts, RANKS, int(Phase.void), seed)
    return {p.name: float(hits[p] / hits.sum()) for p in (*OVERLAP_PRIORITY, Phase.void)}


@compiled
def _phase_at(field: SphereField, ranks: IntArray, void: int, x: float, y: float, z: float) -> int:
    """Return the winning phase at a point."""
    bucket = bucket_of(field, x, y, z)
    best, winner = 8, void
    for entry in range(field.start[bucket], field.start[bucket + 1]):
        s = field.members[entry]
        if ranks[field.phases[s]] < best and sphere_distance(field, s, x, y, z) < 0.0:
            best, winner = ranks[field.phases[s]], field.phases[s]
    return int(winner)


@compiled
def _count_phases(
    field: SphereField, size: FloatArray, counts: IntArray, ranks: IntArray, void: int, seed: int
) -> IntArray:
    np.random.seed(seed)
    hits = np.zeros(len(ranks), np.int64)
    for i in range(counts[0]):
        for j in range(counts[1]):
            for k in range(counts[2]):
                x = (i + np.random.random()) * size[0] / counts[0]
                y = (j + np.random.random()) * size[1] / counts[1]
                z = (k + np.random.random()) * size[2] / counts[2]
                hits[_phase_at(field, ranks, void, x, y, z)] += 1
    return hits


@compiled
def _sphere_point_areas(
    field: SphereField, size: FloatArray, ranks: IntArray, void: int, density: float, seed: int
) -> FloatArray:
    """Return areas by (phase of the sphere, phase outside it); hidden parts of a sphere count nowhere."""
    np.random.seed(seed)
    areas = np.zeros((len(ranks), len(ranks)))
    for s in range(len(field.radii)):
        radius = field.radii[s]
        area = 4.0 * np.pi * radius * radius
        count = max(40, int(area * density))
        turn = 2.0 * np.pi * np.random.random()
        shift = np.random.random()  # the spiral begins elsewhere in every replicate
        for q in range(count):
            height = 1.0 - 2.0 * (q + shift) / count
            angle = turn + np.pi * (1.0 + np.sqrt(5.0)) * (q + shift)
            across = np.sqrt(1.0 - height * height)
            x = field.centres[s, 0] + radius * across * np.cos(angle)
            y = field.centres[s, 1] + radius * across * np.sin(angle)
            z = field.centres[s, 2] + radius * height
            if 0.0 <= x < size[0] and 0.0 <= y < size[1] and 0.0 <= z < size[2]:
                other = _phase_outside(field, ranks, void, s, x, y, z)
                if other >= 0:
                    areas[field.phases[s], other] += area / count
    return areas


@compiled
def _phase_outside(field: SphereField, ranks: IntArray, void: int, own: int, x: float, y: float, z: float) -> int:
    """Return the phase outside sphere ``own`` at a point of its surface, -1 where the surface is hidden."""
    bucket = bucket_of(field, x, y, z)
    best, winner, rank = 8, void, ranks[field.phases[own]]
    for entry in range(field.start[bucket], field.start[bucket + 1]):
        s = field.members[entry]
        if s != own and ranks[field.phases[s]] < best and sphere_distance(field, s, x, y, z) < 0.0:
            best, winner = ranks[field.phases[s]], field.phases[s]
            if best <= rank:
                return -1
    return int(winner)


def _sphere_areas(field: SphereField, size: FloatArray, density: float, seed: int) -> dict[str, float]:
    areas = _sphere_point_areas(field, size, RANKS, int(Phase.void), density, seed)
    pairs = [(a, b) for a in OVERLAP_PRIORITY for b in Phase if areas[a, b] > 0.0]
    return {interface_name(a, b): float(areas[a, b]) for a, b in pairs}


@compiled
def _bottom_hits(field: SphereField, size: FloatArray, count: int, ranks: IntArray, void: int, seed: int) -> IntArray:
    np.random.seed(seed)
    hits = np.zeros(len(ranks), np.int64)
    for i in range(count):
        for j in range(count):
            x = (i + np.random.random()) * size[0] / count
            y = (j + np.random.random()) * size[1] / count
            hits[_phase_at(field, ranks, void, x, y, 0.0)] += 1
    return hits


def _bottom_areas(field: SphereField, size: FloatArray, seed: int) -> dict[str, float]:
    hits = _bottom_hits(field, size, BOTTOM_SQUARES, RANKS, int(Phase.void), seed)
    present = [p for p in (*OVERLAP_PRIORITY, Phase.void) if hits[p] > 0]
    return {interface_name(p, Phase.separator): float(hits[p] / hits.sum() * size[0] * size[1]) for p in present}


@compiled
def is_owned(
    field: SphereField, size: FloatArray, x: FloatArray, phase: int, power: float, ranks: IntArray, row: int = -1
) -> bool:
    """Return whether a point of a sphere lies in the box and belongs to no other sphere.

    Args:
        field: exact spheres.
        size: edges of the box, shape (3,) [um].
        x: the point, shape (3,) [um]; wrapped in place.
        phase: of the sphere.
        power: of the point with respect to the sphere [um2].
        ranks: order of the phases where spheres overlap.
        row: of the sphere in the packing; one of equal spheres in one place, the first, owns the point.
    """
    for k in range(3):
        if field.period[k] > 0.0:
            x[k] = wrapped_into(x[k], field.period[k])
        elif not 0.0 <= x[k] < size[k]:
            return False
    bucket = bucket_of(field, x[0], x[1], x[2])
    slack = 1e-9 * size[0]
    for entry in range(field.start[bucket], field.start[bucket + 1]):
        s = field.members[entry]
        if field.phases[s] == phase:
            other = sphere_power(field, s, x[0], x[1], x[2], 0.0)
            if other < power - slack or (other < power + slack and field.particles[s] < row):
                return False
        elif ranks[field.phases[s]] < ranks[phase] and sphere_distance(field, s, x[0], x[1], x[2]) < 0.0:
            return False
    return True
