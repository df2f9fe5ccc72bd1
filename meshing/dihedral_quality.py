"""Quality of tetrahedra by their dihedral angles.

The measure is min(1 - cos(smallest), 1.5 (1 + cos(largest))): it grows with the smallest angle, and
an angle near 180 degrees counts like a small one. Cells without positive volume have -1.
"""

from __future__ import annotations

import numpy as np

from .compiled import compiled
from .torus_mesh import FloatArray, IntArray, minimal

INVERTED = -1.0


def quality_of_angle(degrees: float) -> float:
    """Return the quality of a cell whose smallest dihedral angle is ``degrees``."""
    return float(1.0 - np.cos(np.radians(degrees)))


def angle_of_quality(quality: float) -> float:
    """Return the smallest dihedral angle [deg] that the quality stands for; 0 for inverted cells."""
    return float(np.degrees(np.arccos(np.clip(1.0 - quality, -1.0, 1.0)))) if quality > 0.0 else 0.0


@compiled
def _cosines(points: FloatArray, period: FloatArray, a: int, b: int, c: int, d: int) -> tuple[float, float]:
    """Return the cosines of the smallest and of the largest dihedral angle; (2, -2) for a cell without volume."""
    bx = minimal(points[b, 0] - points[a, 0], period[0])
    by = minimal(points[b, 1] - points[a, 1], period[1])
    bz = minimal(points[b, 2] - points[a, 2], period[2])
    cx = minimal(points[c, 0] - points[a, 0], period[0])
    cy = minimal(points[c, 1] - points[a, 1], period[1])
    cz = minimal(points[c, 2] - points[a, 2], period[2])
    dx = minimal(points[d, 0] - points[a, 0], period[0])
    dy = minimal(points[d, 1] - points[a, 1], period[1])
    dz = minimal(points[d, 2] - points[a, 2], period[2])
    # Outward normals of the facets opposite b, c and d; that opposite a closes the surface.
    px, py, pz = dy * cz - dz * cy, dz * cx - dx * cz, dx * cy - dy * cx
    qx, qy, qz = by * dz - bz * dy, bz * dx - bx * dz, bx * dy - by * dx
    rx, ry, rz = cy * bz - cz * by, cz * bx - cx * bz, cx * by - cy * bx
    if -(px * bx + py * by + pz * bz) <= 1e-14:
        return 2.0, -2.0
    sx, sy, sz = -px - qx - rx, -py - qy - ry, -pz - qz - rz
    p = 1.0 / np.sqrt(px * px + py * py + pz * pz)
    q = 1.0 / np.sqrt(qx * qx + qy * qy + qz * qz)
    r = 1.0 / np.sqrt(rx * rx + ry * ry + rz * rz)
    s = 1.0 / np.sqrt(sx * sx + sy * sy + sz * sz)
    pq = (px * qx + py * qy + pz * qz) * p * q
    pr = (px * rx + py * ry + pz * rz) * p * r
    ps = (px * sx + py * sy + pz * sz) * p * s
    qr = (qx * rx + qy * ry + qz * rz) * q * r
    qs = (qx * sx + qy * sy + qz * sz) * q * s
    rs = (rx * sx + ry * sy + rz * sz) * r * s
    return -min(pq, pr, qr, ps, qs, rs), -max(pq, pr, qr, ps, qs, rs)


@compiled
def quality(points: FloatArray, period: FloatArray, a: int, b: int, c: int, d: int) -> float:
    """Return the quality of the cell with these vertices."""
    smallest, largest = _cosines(points, period, a, b, c, d)
    if smallest > 1.5:
        return INVERTED
    return min(1.0 - smallest, 1.5 * (1.0 + largest))


@compiled
def qualities(points: FloatArray, period: FloatArray, cells: IntArray) -> FloatArray:
    """Return the quality of cells of shape (nc, 4), shape (nc,)."""
    out = np.empty(len(cells))
    for t in range(len(cells)):
        out[t] = quality(points, period, cells[t, 0], cells[t, 1], cells[t, 2], cells[t, 3])
    return out


@compiled
def dihedral_range(points: FloatArray, period: FloatArray, cells: IntArray) -> FloatArray:
    """Return the smallest and the largest dihedral angle of cells (nc, 4), shape (nc, 2) [deg]."""
    out = np.empty((len(cells), 2))
    for t in range(len(cells)):
        smallest, largest = _cosines(points, period, cells[t, 0], cells[t, 1], cells[t, 2], cells[t, 3])
        out[t, 0] = np.degrees(np.arccos(min(1.0, smallest)))
        out[t, 1] = np.degrees(np.arccos(max(-1.0, largest)))
    return out
