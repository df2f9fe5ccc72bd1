"""What a vertex must keep: the surfaces of classes and the contact planes between them, as bits of an integer.

Bit k asks for the surface of class k. With CONTACT_FLAG, bits from CONTACT_SHIFT on ask for planes: bit
CONTACT_SHIFT + k for the one between class k and the lowest class of the same phase that has such a bit.
"""

from __future__ import annotations

import numpy as np

from .cell_labels import CONTACT_FLAG, CONTACT_SHIFT
from .compiled import compiled
from .contact_planes import contact_condition
from .sphere_field import UNREACHED, DistanceField, class_distance, class_gradient
from .torus_mesh import FIXED_X, FIXED_Y, FIXED_Z, FloatArray


@compiled
def project(field: DistanceField, point: FloatArray, planes: int, conditions: int, steps: int) -> float:
    """Move a point (3,) in place onto the surfaces and contact planes of its conditions, within its planes.

    Newton steps of least norm: each linearised condition f_k + g_k . dx = 0 is met along the part of
    g_k that is orthogonal to the other gradients. Returns the largest |f_k| found before the last
    step [um]; UNREACHED where the conditions contradict each other or nothing is near.
    """
    basis = np.zeros((3, 3))
    gradient = np.empty(3)
    step = np.empty(3)
    worst = UNREACHED
    contacts_from = CONTACT_SHIFT if conditions & CONTACT_FLAG else 64
    for _ in range(steps):
        step[:] = 0.0
        count, worst, which, left, base = 0, 0.0, 0, conditions & ~CONTACT_FLAG, -1
        while left != 0:
            if left & 1:
                miss, s, new_base = _condition(field, point, which, contacts_from, base, gradient)
                if s < 0:
                    return UNREACHED
                if new_base:
                    base = s
                else:
                    keep_within(planes, gradient)
                    if count == 3 or not _add_condition(miss, gradient, basis, count, step):
                        return UNREACHED
                    worst = max(worst, abs(miss))
                    count += 1
            left >>= 1
            which += 1
        for k in range(3):
            point[k] += step[k]
        if worst < 1e-9:
            break
    return worst


@compiled
def largest_miss(field: DistanceField, point: FloatArray, conditions: int) -> float:
    """Return the largest distance of a point to its surfaces and contact planes [um]."""
    gradient = np.empty(3)
    worst, which, base, left = 0.0, 0, -1, conditions & ~CONTACT_FLAG
    contacts_from = CONTACT_SHIFT if conditions & CONTACT_FLAG else 64
    while left != 0:
        if left & 1:
            miss, s, new_base = _condition(field, point, which, contacts_from, base, gradient)
            worst = max(worst, abs(miss))
            base = s if new_base else base
        left >>= 1
        which += 1
    return worst


@compiled
def _condition(
    field: DistanceField, point: FloatArray, which: int, contacts_from: int, base: int, gradient: FloatArray
) -> tuple[float, int, bool]:
    """Return the miss of one condition [um], the solid behind it (-1: none near), and whether it only names a base."""
    if which >= contacts_from:
        return contact_condition(field, point, which - CONTACT_SHIFT, base, gradient)
    distance, s = class_distance(field, point[0], point[1], point[2], which)
    if s >= 0:
        class_gradient(field, which, s, point, gradient)
    return distance, s, False


@compiled
def _add_condition(miss: float, gradient: FloatArray, basis: FloatArray, count: int, step: FloatArray) -> bool:
    """Add to a step the part that meets one more linearised condition; False where it contradicts the others."""
    miss += gradient[0] * step[0] + gradient[1] * step[1] + gradient[2] * step[2]
    for b in range(count):
        along = gradient[0] * basis[b, 0] + gradient[1] * basis[b, 1] + gradient[2] * basis[b, 2]
        for k in range(3):
            gradient[k] -= along * basis[b, k]
    norm = gradient[0] ** 2 + gradient[1] ** 2 + gradient[2] ** 2
    if norm < 0.1:
        return False
    for k in range(3):
        step[k] -= miss * gradient[k] / norm
        basis[count, k] = gradient[k] / np.sqrt(norm)
    return True


@compiled
def keep_within(planes: int, out: FloatArray) -> None:
    """Remove the components of a vector (3,) normal to the planes, in place."""
    if planes & FIXED_X:
        out[0] = 0.0
    if planes & FIXED_Y:
        out[1] = 0.0
    if planes & FIXED_Z:
        out[2] = 0.0
