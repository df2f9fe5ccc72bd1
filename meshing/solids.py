"""Solids with an analytic signed distance: spheres, cylinders along y, cones along z."""

from __future__ import annotations

import numpy as np

from .compiled import compiled
from .torus_mesh import FloatArray

SPHERE, CYLINDER, CONE = 0, 1, 2


@compiled
def solid_distance(kind: int, dx: float, dy: float, dz: float, radius: float, height: float) -> float:
    """Return the signed distance [um] of a point at (dx, dy, dz) from the centre of a solid.

    A cylinder runs along y without end. A cone has its base circle (``radius``) around the centre and
    its tip at dz = ``height``, which may be negative; it has no end below the base, which lies on a
    face of the box. Beyond the tip the distance is that to the continued surface.
    """
    if kind == CYLINDER:
        return float(np.sqrt(dx * dx + dz * dz) - radius)
    if kind == CONE:
        slant = np.sqrt(radius * radius + height * height)
        rising = dz if height > 0.0 else -dz
        return float((abs(height) * np.sqrt(dx * dx + dy * dy) + radius * (rising - abs(height))) / slant)
    return float(np.sqrt(dx * dx + dy * dy + dz * dz) - radius)


@compiled
def solid_gradient(kind: int, dx: float, dy: float, dz: float, radius: float, height: float, out: FloatArray) -> None:
    """Write the gradient of :func:`solid_distance`, shape (3,), of length one."""
    if kind == CONE:
        slant = np.sqrt(radius * radius + height * height)
        rho = np.sqrt(dx * dx + dy * dy) + 1e-30
        out[0], out[1] = abs(height) * dx / (slant * rho), abs(height) * dy / (slant * rho)
        out[2] = (radius if height > 0.0 else -radius) / slant
    else:
        across = 0.0 if kind == CYLINDER else dy
        rho = np.sqrt(dx * dx + across * across + dz * dz) + 1e-30
        out[0], out[1], out[2] = dx / rho, across / rho, dz / rho
