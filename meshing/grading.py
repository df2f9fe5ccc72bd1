"""Cell sizes that follow the packing: necks, narrow gaps, small particles and the distance to interfaces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from manufacturing.errors import InputError
from manufacturing.phases import OVERLAP_PRIORITY

from .compiled import compiled
from .particle_colours import Spheres
from .size_field import SizeField, limit_growth
from .torus_mesh import FloatArray, IntArray, wrapped_into

LARGEST_GRID = 3e7  # nodes of the size field
POINTS_PER_NECK = 24  # at most, on the circle where two spheres meet


@dataclass(frozen=True)
class GradingSettings:
    """How the cell size may follow the local feature size, which is bounded from both sides."""

    smallest_size: float  # [m] edge of the lattice cubes, at least
    largest_size: float  # [m] at most, far from all interfaces
    cells_per_neck: float = 2.0  # across the radius of a neck or the half-width of a narrow gap; 0: ignored
    cells_per_radius: float = 0.0  # across the radius of a particle, at its surface; 0: ignored
    growth: float = 0.3  # largest change of the size per distance

    def check(self, cell_size: float) -> None:
        """Raise InputError unless smallest_size <= cell_size <= largest_size [m] and the rest makes sense."""
        for name, bad, expected in (
            ("smallest_size", not 0.0 < self.smallest_size <= cell_size, f"at most mesh.cell_size = {cell_size:g} m"),
            ("largest_size", not self.largest_size >= cell_size, f"at least mesh.cell_size = {cell_size:g} m"),
            ("growth", not 0.0 < self.growth <= 1.0, "a number above 0 and up to 1"),
        ):
            if bad:
                raise InputError(f"mesh.grading.{name}", f"{getattr(self, name):g}", expected)


@dataclass(frozen=True)
class _Sizes:
    """The settings in micrometres."""

    smallest: float
    surface: float
    largest: float
    per_neck: float
    per_radius: float
    growth: float


def graded_sizes(
    spheres: Spheres,
    settings: GradingSettings,
    cell_size: float,
    lower: FloatArray,
    upper: FloatArray,
    period: FloatArray,
) -> SizeField:
    """Return h(x) = min over features f of (h_f + growth |x - f|), between smallest and largest size.

    Features are the sphere surfaces (h_f = cell_size or r/cells_per_radius), the circles in which two
    spheres meet (h_f = a/cells_per_neck with the neck radius a), and the narrowest points between two
    spheres (the half-width sqrt(2 r g) of a gap g takes the place of a, where 1/r = 1/r_1 + 1/r_2).
    What is hidden inside other particles counts nowhere.

    Args:
        spheres: particles with their images [um].
        settings: bounds and wishes [m].
        cell_size: size at surfaces [um].
        lower: corner of the meshed box, shape (3,) [um].
        upper: opposite corner, shape (3,) [um].
        period: shape (3,) [um], 0 on axes that are not periodic.
    """
    um = 1e6
    sizes = _Sizes(
        settings.smallest_size * um,
        cell_size,
        max(settings.largest_size * um, cell_size),
        settings.cells_per_neck,
        settings.cells_per_radius,
        settings.growth,
    )
    field = _grid(sizes.smallest, sizes.largest, lower, upper, period)
    targets: FloatArray = np.full(len(spheres.radii), sizes.surface)
    if sizes.per_radius > 0.0:
        targets = np.clip(spheres.radii / sizes.per_radius, sizes.smallest, sizes.surface)
    _mark_surfaces(field, spheres.centres, spheres.radii, targets, sizes.growth)
    if sizes.per_neck > 0.0 and len(spheres.radii) > 1:
        points, values = _neck_points(spheres, sizes)
        _mark_points(field, points, values, sizes.growth)
    limit_growth(field, sizes.growth)
    return field


def sizes_around(
    points: FloatArray,
    values: FloatArray,
    largest: float,
    growth: float,
    box: tuple[FloatArray, FloatArray, FloatArray],
) -> SizeField:
    """Return h(x) = min over points p of (h_p + growth |x - p|), at most ``largest``.

    Args:
        points: shape (n, 3) [um].
        values: size at each point, shape (n,) [um].
        largest: [um].
        growth: change of the size per distance.
        box: lower corner, upper corner and period (0 where not periodic), each of shape (3,) [um].
    """
    field = _grid(float(np.percentile(values, 5.0)), largest, *box)
    _mark_points(field, points, values, growth)
    limit_growth(field, growth)
    return field


def _grid(spacing: float, largest: float, lower: FloatArray, upper: FloatArray, period: FloatArray) -> SizeField:
    """Return a field at the largest size, its nodes ``spacing`` apart where that is affordable."""
    edge = max(spacing, float(np.prod(upper - lower) / LARGEST_GRID) ** (1.0 / 3.0))
    intervals = np.maximum(2, np.ceil((upper - lower) / edge)).astype(np.int64)
    x, y, z = (int(n) + (not wraps > 0.0) for n, wraps in zip(intervals, period, strict=True))
    values = np.full((x, y, z), largest, np.float32)
    return SizeField(values, lower.astype(np.float64), (upper - lower) / intervals, period)


def _neck_points(spheres: Spheres, sizes: _Sizes) -> tuple[FloatArray, FloatArray]:
    """Return the points (n, 3) [um] and wanted sizes (n,) [um] of necks and gaps that need less than the surface."""
    first, second, vector, distance = _near_pairs(spheres, sizes)
    r, s = spheres.radii[first], spheres.radii[second]
    along = np.clip(0.5 * (distance + (r * r - s * s) / distance), distance - s, r)
    gap = distance - r - s
    open_gap = gap > 0.0
    along[open_gap] = (r + 0.5 * gap)[open_gap]
    neck = np.sqrt(np.maximum(r * r - along * along, 0.0))
    reduced = r * s / (r + s)
    wanted = np.where(open_gap, np.sqrt(2.0 * reduced * np.maximum(gap, 0.0)), neck) / sizes.per_neck
    wanted = np.maximum(wanted, sizes.smallest)
    axis = vector / distance[:, None]
    centre = spheres.centres[first] + along[:, None] * axis
    side = np.cross(axis, np.where(np.abs(axis[:, :1]) < 0.9, [[1.0, 0.0, 0.0]], [[0.0, 1.0, 0.0]]))
    side /= np.linalg.norm(side, axis=1)[:, None]
    other = np.cross(axis, side)
    keep = wanted < sizes.surface
    index = np.flatnonzero(keep)
    angles = 2.0 * np.pi * np.arange(POINTS_PER_NECK) / POINTS_PER_NECK
    circle = np.cos(angles)[:, None, None] * side[index] + np.sin(angles)[:, None, None] * other[index]
    radius = np.where(open_gap, 0.0, neck)[index]
    points = (centre[index] + radius[:, None] * circle).transpose(1, 0, 2).reshape(-1, 3)
    pair = np.repeat(index, POINTS_PER_NECK)
    seen = _exposed(spheres, points, first[pair], second[pair])
    return points[seen], wanted[pair][seen]


def _near_pairs(spheres: Spheres, sizes: _Sizes) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:
    """Return pairs of spheres that meet or leave a narrow gap: rows, vectors and distances between the centres."""
    reach = sizes.surface * sizes.per_neck
    # A gap g needs less than the surface size while sqrt(2 r g) is below the reach.
    widest = 0.5 * reach * reach / (0.5 * float(spheres.radii.min()))
    tree = cKDTree(spheres.centres)
    pairs = tree.query_pairs(2.0 * float(spheres.radii.max()) + min(widest, reach), output_type="ndarray")
    first, second = pairs[:, 0], pairs[:, 1]
    vector = spheres.centres[second] - spheres.centres[first]
    distance = np.linalg.norm(vector, axis=1)
    r, s = spheres.radii[first], spheres.radii[second]
    # One sphere inside the other has no neck.
    close = (distance < r + s + min(widest, reach)) & (distance > np.abs(r - s) * (1.0 + 1e-9)) & (distance > 0.0)
    return first[close], second[close], vector[close], distance[close]


def _exposed(spheres: Spheres, points: FloatArray, first: IntArray, second: IntArray) -> npt.NDArray[np.bool_]:
    """Return which points of a pair lie in no third sphere whose phase wins over the weaker one of the pair."""
    ranks = np.zeros(64, np.int64)
    ranks[[int(p) for p in OVERLAP_PRIORITY]] = np.arange(len(OVERLAP_PRIORITY))
    rank = ranks[spheres.phases]
    weaker = np.maximum(rank[first], rank[second])
    near = cKDTree(points).query_ball_point(spheres.centres, spheres.radii * (1.0 - 1e-6))
    hidden = np.zeros(len(points), dtype=bool)
    for s, inside in enumerate(near):
        at = np.asarray(inside, dtype=np.int64)
        if len(at):
            hidden[at] |= (first[at] != s) & (second[at] != s) & (rank[s] <= weaker[at])
    return ~hidden


@compiled
def _lower_node(field: SizeField, i: int, j: int, k: int, value: float) -> None:
    shape = field.values.shape
    if field.period[0] > 0.0:
        i %= shape[0]
    if field.period[1] > 0.0:
        j %= shape[1]
    if field.period[2] > 0.0:
        k %= shape[2]
    if 0 <= i < shape[0] and 0 <= j < shape[1] and 0 <= k < shape[2] and value < field.values[i, j, k]:
        field.values[i, j, k] = value


@compiled
def _mark_surfaces(
    field: SizeField, centres: FloatArray, radii: FloatArray, targets: FloatArray, growth: float
) -> None:
    """Lower the nodes beside each sphere surface to what the surface asks for."""
    reach = np.sqrt((field.spacing**2).sum())
    low, high = np.empty(3, np.int64), np.empty(3, np.int64)
    for s in range(len(radii)):
        for axis in range(3):
            start = (centres[s, axis] - radii[s] - reach - field.origin[axis]) / field.spacing[axis]
            end = (centres[s, axis] + radii[s] + reach - field.origin[axis]) / field.spacing[axis]
            low[axis], high[axis] = max(0, int(start)), min(field.values.shape[axis] - 1, int(end) + 1)
        for i in range(low[0], high[0] + 1):
            x = field.origin[0] + i * field.spacing[0] - centres[s, 0]
            for j in range(low[1], high[1] + 1):
                y = field.origin[1] + j * field.spacing[1] - centres[s, 1]
                for k in range(low[2], high[2] + 1):
                    z = field.origin[2] + k * field.spacing[2] - centres[s, 2]
                    away = abs(np.sqrt(x * x + y * y + z * z) - radii[s])
                    if away < reach:
                        _lower_node(field, i, j, k, targets[s] + growth * away)


@compiled
def _mark_points(field: SizeField, points: FloatArray, values: FloatArray, growth: float) -> None:
    """Lower the nodes around each point to what the point asks for."""
    first = np.empty(3, np.int64)
    place = np.empty(3)
    for q in range(len(points)):
        for axis in range(3):
            place[axis] = wrapped_into(points[q, axis], field.period[axis]) - field.origin[axis]
            first[axis] = int(np.floor(place[axis] / field.spacing[axis]))
        for a in range(2):
            for b in range(2):
                for c in range(2):
                    x = (first[0] + a) * field.spacing[0] - place[0]
                    y = (first[1] + b) * field.spacing[1] - place[1]
                    z = (first[2] + c) * field.spacing[2] - place[2]
                    away = np.sqrt(x * x + y * y + z * z)
                    _lower_node(field, first[0] + a, first[1] + b, first[2] + c, values[q] + growth * away)
