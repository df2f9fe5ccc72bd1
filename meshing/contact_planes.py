r"""Contact planes between spheres of a phase: the radical plane, where both have the same power.

The power of a point with respect to a sphere is pow_s(x) = |x - c_s|^2 - r_s^2. The set where two
spheres have the same power is a plane through the circle in which they meet; the cells of smallest
power are the power diagram.

Reference: F. Aurenhammer, Power diagrams: properties, algorithms and applications, SIAM J. Comput. 16 (1987).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .compiled import compiled, implementation
from .sphere_field import DistanceField, SphereField, lowest_power
from .torus_mesh import FloatArray

CONCENTRIC = 1e-9  # [um] spheres whose centres are closer have no plane between them
NO_PLANE = 1e3  # [um] distance where there is no plane


@compiled
def plane_distance(own: FloatArray, other: FloatArray, own_power: float, other_power: float) -> float:
    """Return the signed distance to the plane between two spheres, negative on the side of ``own`` [um].

    f(x) = (pow_own(x) - pow_other(x)) / (2 |c_other - c_own|). Concentric spheres have no plane: the
    larger one owns all, the other one where they are equal.

    Args:
        own: centre, shape (3,) [um].
        other: centre of the partner, shape (3,) [um].
        own_power: power of the point with respect to the own sphere [um2].
        other_power: power with respect to the partner [um2].
    """
    length = np.sqrt(((other - own) ** 2).sum())
    if length < CONCENTRIC:
        return -NO_PLANE if own_power < other_power else NO_PLANE
    return float((own_power - other_power) / (2.0 * length))


def part_distance(field: DistanceField, x: float, y: float, z: float, first: int, which: int) -> float:
    """Return the distance to the plane between class ``which`` and the classes first..which-1 [um].

    Negative where the nearest sphere (by power) of class ``which`` owns the point; NO_PLANE where none is near.
    """
    raise NotImplementedError("compiled code only")


@implementation(part_distance)
def _part_distance_of(field: Any, x: Any, y: Any, z: Any, first: Any, which: Any) -> Callable[..., Any]:
    if field.instance_class is SphereField:
        return lambda field, x, y, z, first, which: _sphere_part_distance(field, x, y, z, first, which)
    return lambda field, x, y, z, first, which: NO_PLANE


@compiled
def _sphere_part_distance(field: SphereField, x: float, y: float, z: float, first: int, which: int) -> float:
    power, s = lowest_power(field, x, y, z, which, which + 1)
    if s < 0:
        return NO_PLANE
    other_power, other = lowest_power(field, x, y, z, first, which)
    if other < 0:
        return -NO_PLANE
    return plane_distance(field.centres[s], field.centres[other], power, other_power)


@compiled
def part_distances(field: DistanceField, points: FloatArray, first: int, which: int) -> FloatArray:
    """Return :func:`part_distance` of points (n, 3), shape (n,) [um]."""
    out = np.empty(len(points))
    for q in range(len(points)):
        out[q] = part_distance(field, points[q, 0], points[q, 1], points[q, 2], first, which)
    return out


def contact_condition(
    field: DistanceField, point: FloatArray, which: int, base: int, gradient: FloatArray
) -> tuple[float, int, bool]:
    """Return the distance of a point to the plane between class ``which`` and the sphere ``base``.

    The gradient is written. Where ``base`` is -1 or of another phase the sphere becomes the base itself.

    Returns:
        Distance [um], the sphere of the class (-1 where none is near), whether it is a new base.
    """
    raise NotImplementedError("compiled code only")


@implementation(contact_condition)
def _contact_condition_of(field: Any, point: Any, which: Any, base: Any, gradient: Any) -> Callable[..., Any]:
    if field.instance_class is SphereField:
        return lambda field, point, which, base, gradient: _sphere_condition(field, point, which, base, gradient)
    return lambda field, point, which, base, gradient: (0.0, -1, False)


@compiled
def _sphere_condition(
    field: SphereField, point: FloatArray, which: int, base: int, gradient: FloatArray
) -> tuple[float, int, bool]:
    power, s = lowest_power(field, point[0], point[1], point[2], which, which + 1)
    if s < 0 or base < 0 or field.phases[base] != field.phases[s]:
        return 0.0, s, True
    base_class = field.classes[base]
    base_power, base = lowest_power(field, point[0], point[1], point[2], base_class, base_class + 1)
    if base < 0:
        return 0.0, -1, False
    length = max(np.sqrt(((field.centres[base] - field.centres[s]) ** 2).sum()), CONCENTRIC)
    for k in range(3):
        gradient[k] = (field.centres[base, k] - field.centres[s, k]) / length
    return plane_distance(field.centres[s], field.centres[base], power, base_power), s, False
