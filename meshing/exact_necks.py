"""Necks between particles of a phase in the exact geometry: areas less what is hidden, and what enlarging changes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from manufacturing.contacts import Contacts, find_contacts, lens_volume, neck_radius

from .compiled import compiled
from .cut_geometry import MICROMETRE, CutGeometry, micrometres
from .exact_geometry import RANKS, is_owned
from .size_field import size_at
from .sphere_field import SphereField, surface_offset
from .torus_mesh import FloatArray, IntArray, wrapped_into

DISC_POINTS = 1000  # spread over each neck; one that nothing hides is exact


@dataclass(frozen=True)
class ExactNecks:
    """Pairs of particles of one phase that overlap or have a gap below a cell; lengths in micrometres."""

    first: IntArray  # (n,) rows of the packing, ascending
    second: IntArray  # (n,) larger than first; ascending for each first
    phase: IntArray  # (n,)
    gap: FloatArray  # (n,) between the surfaces, negative where they overlap
    middle: FloatArray  # (n, 3) centre of the neck or of the gap, from the lower corner of the electrode
    axis: FloatArray  # (n, 3) unit vector from the first to the second centre
    area: FloatArray  # (n,) pi a^2 of the plane between them, times the part that nothing hides
    cut_area: FloatArray  # (n,) the same for the enlarged spheres that the mesh is cut by
    altered_volume: FloatArray  # (n,) lens of the enlarged spheres less that of the exact ones

    def __len__(self) -> int:
        return len(self.first)


def exact_necks(geometry: CutGeometry) -> ExactNecks:
    """Find the pairs of each phase and measure the necks of the exact and of the enlarged spheres.

    A neck ends where another sphere of the phase has a smaller power, in phases that win over it, and at
    the box.
    """
    contacts = _same_phase(geometry)
    packing, pairs = geometry.packing, contacts.pairs
    across = packing.centres[pairs.second] + pairs.image * packing.size - packing.centres[pairs.first]
    axis = np.asarray(across / np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-30), dtype=np.float64)
    middle, distance = micrometres(contacts.midpoint - packing.lower), micrometres(pairs.distance)
    one, other = (micrometres(radius) for radius in contacts.radii)
    cut_one, cut_other = (_enlarged(geometry.cut_field, middle, radius) for radius in (one, other))
    neck, cut_neck = neck_radius(one, other, distance), neck_radius(cut_one, cut_other, distance)
    phase, gap = contacts.phases[0], micrometres(-contacts.overlap)

    def area(radius: FloatArray) -> FloatArray:
        """Return the area of each disc less its hidden part."""
        field, size = geometry.exact_field, geometry.size
        visible = _visible_parts(field, size, middle, axis, radius, phase, RANKS, DISC_POINTS)
        return np.asarray(np.pi * radius**2 * visible)

    altered = np.asarray(lens_volume(cut_one, cut_other, distance) - lens_volume(one, other, distance))
    return ExactNecks(pairs.first, pairs.second, phase, gap, middle, axis, area(neck), area(cut_neck), altered)


def _same_phase(geometry: CutGeometry) -> Contacts:
    """Return the pairs of one phase that a mesh could join, without particles that meet their own image."""
    near = find_contacts(geometry.packing, geometry.lattice.cell_size * MICROMETRE)
    one, other = near.phases
    return Contacts(near.packing, near.pairs.select((one == other) & (near.pairs.first != near.pairs.second)), near.gap)


@compiled
def _enlarged(field: SphereField, points: FloatArray, radii: FloatArray) -> FloatArray:
    """Return the radii at which spheres are cut near points, shape (n,) [um]."""
    out = radii.copy()
    for q in range(len(points)):
        x, y = wrapped_into(points[q, 0], field.period[0]), wrapped_into(points[q, 1], field.period[1])
        z = wrapped_into(points[q, 2], field.period[2])
        out[q] += surface_offset(field, radii[q], size_at(field.sizes, x, y, z))
    return out


@compiled
def _visible_parts(
    field: SphereField,
    size: FloatArray,
    middle: FloatArray,
    axis: FloatArray,
    neck: FloatArray,
    phase: IntArray,
    ranks: IntArray,
    count: int,
) -> FloatArray:
    """Return the part of each neck disc that nothing hides, from points in equal areas; 1 where there is no neck."""
    out = np.ones(len(neck))
    u, v = np.empty(3), np.empty(3)
    for pair in range(len(neck)):
        if neck[pair] == 0.0:
            continue
        _across(axis[pair], u, v)
        seen = 0
        for q in range(count):
            radius = neck[pair] * np.sqrt((q + 0.5) / count)
            angle = np.pi * (1.0 + np.sqrt(5.0)) * q
            x = middle[pair] + radius * np.cos(angle) * u + radius * np.sin(angle) * v
            seen += is_owned(field, size, x, phase[pair], radius**2 - neck[pair] ** 2, ranks)
        out[pair] = seen / count
    return out


@compiled
def _across(axis: FloatArray, u: FloatArray, v: FloatArray) -> None:
    """Write two unit vectors normal to the axis and to each other."""
    k = np.argmin(np.abs(axis))
    u[:] = -axis[k] * axis
    u[k] += 1.0
    u /= np.sqrt((u**2).sum())
    v[:] = np.cross(axis, u)
