"""Signed distances to spheres by class, through a list of the spheres near each point of the box."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .compiled import compiled, implementation
from .level_field import LevelField, level_distance, level_gradient
from .particle_colours import Spheres
from .size_field import SizeField, size_at, uniform_size
from .torus_mesh import FloatArray, IntArray, wrapped_into

UNREACHED = 1e30
LARGEST_OFFSET = 0.15  # of a radius: coarser meshes than this corrects do not resolve the sphere


class SphereField(NamedTuple):
    """Spheres sorted into cubic buckets; a bucket lists every sphere with distance < band in it."""

    centres: FloatArray  # (n, 3) [um] periodic images included
    radii: FloatArray  # (n,) [um]
    classes: IntArray  # (n,) class (phase and colour) of each sphere
    phases: IntArray  # (n,) phase of each sphere
    particles: IntArray  # (n,) row of the packing
    start: IntArray  # (buckets + 1,) first entry of each bucket
    members: IntArray  # spheres of the buckets one after the other
    origin: FloatArray  # (3,) [um] corner of the first bucket
    shape: IntArray  # (3,) number of buckets
    edge: float  # [um] edge of a bucket
    period: FloatArray  # (3,) [um], 0 where not periodic
    band: float  # [um] distance beyond which spheres are not seen
    sizes: SizeField  # [um] wanted cell size
    correction: float  # the surfaces of classes lie at r + correction h^2/r with the cell size h at the point


DistanceField = SphereField | LevelField


def build_sphere_field(
    spheres: Spheres,
    classes: IntArray,
    lower: FloatArray,
    upper: FloatArray,
    period: FloatArray,
    band: float,
    sizes: SizeField | None = None,
    correction: float = 0.0,
) -> SphereField:
    """Sort spheres into buckets that cover the box from ``lower`` to ``upper`` (3,) [um].

    A polyhedron with vertices on a sphere of radius r has a volume that is too small by 3 d/r with
    d = correction h^2/r. Distances to classes are therefore measured from r + d, with the cell size
    h at the point, so that coarse and fine parts of a surface keep their volume alike.
    """
    edge = max(0.5 * band, float(np.max(upper - lower)) / 128.0)
    shape = np.maximum(1, np.ceil((upper - lower) / edge)).astype(np.int64)
    reach = spheres.radii * (1.0 + (LARGEST_OFFSET if correction > 0.0 else 0.0)) + band
    start, members = _fill_buckets(spheres.centres, reach, lower, shape, edge)
    return SphereField(
        spheres.centres,
        spheres.radii,
        classes[spheres.particles],
        spheres.phases,
        spheres.particles,
        start,
        members,
        lower,
        shape,
        edge,
        period,
        band,
        sizes or uniform_size(1.0),
        correction,
    )


@compiled
def _reaches(centres: FloatArray, reach: FloatArray, s: int, corner: FloatArray, edge: float) -> bool:
    gap = 0.0
    for k in range(3):
        below = corner[k] - centres[s, k]
        above = centres[s, k] - corner[k] - edge
        outside = max(below, above, 0.0)
        gap += outside * outside
    return bool(gap <= reach[s] * reach[s])


@compiled
def _fill_buckets(
    centres: FloatArray, reach: FloatArray, origin: FloatArray, shape: IntArray, edge: float
) -> tuple[IntArray, IntArray]:
    start = np.zeros(shape[0] * shape[1] * shape[2] + 1, np.int64)
    members = np.empty(0, np.int64)
    cursor = start.copy()
    first, last, corner = np.empty(3, np.int64), np.empty(3, np.int64), np.empty(3)
    for fill in range(2):
        for s in range(len(reach)):
            for k in range(3):
                first[k] = max(0, int(np.floor((centres[s, k] - reach[s] - origin[k]) / edge)))
                last[k] = min(shape[k] - 1, int(np.floor((centres[s, k] + reach[s] - origin[k]) / edge)))
            for i in range(first[0], last[0] + 1):
                corner[0] = origin[0] + i * edge
                for j in range(first[1], last[1] + 1):
                    corner[1] = origin[1] + j * edge
                    for k in range(first[2], last[2] + 1):
                        corner[2] = origin[2] + k * edge
                        if _reaches(centres, reach, s, corner, edge):
                            bucket = (i * shape[1] + j) * shape[2] + k
                            if fill == 0:
                                start[bucket + 1] += 1
                            else:
                                members[cursor[bucket]] = s
                                cursor[bucket] += 1
        if fill == 0:
            start = np.cumsum(start)
            members = np.empty(start[-1], np.int64)
            cursor = start.copy()
    return start, members


@compiled
def bucket_of(field: SphereField, x: float, y: float, z: float) -> int:
    """Return the bucket of a point with wrapped coordinates [um]."""
    i = min(field.shape[0] - 1, max(0, int((x - field.origin[0]) / field.edge)))
    j = min(field.shape[1] - 1, max(0, int((y - field.origin[1]) / field.edge)))
    k = min(field.shape[2] - 1, max(0, int((z - field.origin[2]) / field.edge)))
    return int((i * field.shape[1] + j) * field.shape[2] + k)


@compiled
def sphere_distance(field: SphereField, s: int, x: float, y: float, z: float) -> float:
    """Return |x - c_s| - r_s [um]."""
    dx, dy, dz = x - field.centres[s, 0], y - field.centres[s, 1], z - field.centres[s, 2]
    return float(np.sqrt(dx * dx + dy * dy + dz * dz) - field.radii[s])


def class_distance(field: DistanceField, x: float, y: float, z: float, which: int) -> tuple[float, int]:
    """Return the signed distance to a class, at most ``band``, and the nearest solid (-1: none)."""
    if isinstance(field, SphereField):
        return _nearest_sphere(field, x, y, z, which)
    return level_distance(field, x, y, z, which)


@implementation(class_distance)
def _class_distance_of(field: Any, x: Any, y: Any, z: Any, which: Any) -> Callable[..., Any]:
    if field.instance_class is SphereField:
        return lambda field, x, y, z, which: _nearest_sphere(field, x, y, z, which)
    return lambda field, x, y, z, which: level_distance(field, x, y, z, which)


@compiled
def surface_offset(field: SphereField, radius: float, size: float) -> float:
    """Return how far outside a sphere its surface is cut where the cells have this size [um]."""
    return float(min(field.correction * size * size / radius, LARGEST_OFFSET * radius))


@compiled
def _nearest_sphere(field: SphereField, x: float, y: float, z: float, which: int) -> tuple[float, int]:
    """Return the signed distance to the surfaces of a class, at most ``band``, and the nearest sphere (-1: none)."""
    x, y = wrapped_into(x, field.period[0]), wrapped_into(y, field.period[1])
    z = wrapped_into(z, field.period[2])
    bucket = bucket_of(field, x, y, z)
    best, nearest = field.band, -1
    size = size_at(field.sizes, x, y, z) if field.correction > 0.0 else 0.0
    for entry in range(field.start[bucket], field.start[bucket + 1]):
        s = field.members[entry]
        if field.classes[s] == which:
            distance = sphere_distance(field, s, x, y, z) - surface_offset(field, field.radii[s], size)
            if distance < best:
                best, nearest = distance, s
    return best, nearest


@compiled
def class_distances(field: DistanceField, points: FloatArray, which: int) -> FloatArray:
    """Return the signed distances of points (n, 3) to a class, shape (n,) [um]."""
    out = np.empty(len(points))
    for q in range(len(points)):
        out[q] = class_distance(field, points[q, 0], points[q, 1], points[q, 2], which)[0]
    return out


def class_gradient(field: DistanceField, which: int, s: int, point: FloatArray, out: FloatArray) -> None:
    """Write the gradient of the distance to solid ``s`` of a class."""
    raise NotImplementedError("compiled code only")


@implementation(class_gradient)
def _class_gradient_of(field: Any, which: Any, s: Any, point: Any, out: Any) -> Callable[..., Any]:
    if field.instance_class is SphereField:
        return lambda field, which, s, point, out: _sphere_gradient(field, s, point, out)
    return lambda field, which, s, point, out: level_gradient(field, which, s, point, out)


@compiled
def _sphere_gradient(field: SphereField, s: int, point: FloatArray, out: FloatArray) -> None:
    total = 0.0
    for k in range(3):
        out[k] = wrapped_into(point[k], field.period[k]) - field.centres[s, k]
        total += out[k] * out[k]
    for k in range(3):
        out[k] /= np.sqrt(max(total, 1e-60))


@compiled
def sphere_power(field: SphereField, s: int, x: float, y: float, z: float, size: float) -> float:
    """Return |x - c_s|^2 - r^2 [um2] with the radius r at which surfaces are cut between cells of a size [um]."""
    dx, dy, dz = x - field.centres[s, 0], y - field.centres[s, 1], z - field.centres[s, 2]
    return float(dx * dx + dy * dy + dz * dz - (field.radii[s] + surface_offset(field, field.radii[s], size)) ** 2)


@compiled
def lowest_power(field: SphereField, x: float, y: float, z: float, first: int, end: int) -> tuple[float, int]:
    """Return the smallest power [um2] of a point among the near spheres of the classes first..end-1, and its sphere.

    Points inside these spheres belong to the sphere of smallest power. UNREACHED and -1 where none is near.
    """
    x, y = wrapped_into(x, field.period[0]), wrapped_into(y, field.period[1])
    z = wrapped_into(z, field.period[2])
    bucket = bucket_of(field, x, y, z)
    best, owner = UNREACHED, -1
    size = size_at(field.sizes, x, y, z) if field.correction > 0.0 else 0.0
    for entry in range(field.start[bucket], field.start[bucket + 1]):
        s = field.members[entry]
        if first <= field.classes[s] < end:
            power = sphere_power(field, s, x, y, z, size)
            if power < best:
                best, owner = power, s
    return best, owner


@compiled
def phase_particles(field: SphereField, points: FloatArray, phases: IntArray) -> IntArray:
    """Return for each point the particle of smallest power among those of its phase, -1 if none is near."""
    out = np.full(len(points), -1, np.int64)
    for q in range(len(points)):
        x, y = wrapped_into(points[q, 0], field.period[0]), wrapped_into(points[q, 1], field.period[1])
        z = wrapped_into(points[q, 2], field.period[2])
        bucket = bucket_of(field, x, y, z)
        best = UNREACHED
        for entry in range(field.start[bucket], field.start[bucket + 1]):
            s = field.members[entry]
            if field.phases[s] == phases[q]:
                power = sphere_power(field, s, x, y, z, 0.0)
                if power < best:
                    best = power
                    out[q] = field.particles[s]
    return out
