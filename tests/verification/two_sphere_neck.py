"""Conductance of two overlapping spheres between planes, solved without any mesh of tetrahedra.

Spheres of radius R, their centres 2H apart on the planes z = 0 (potential 1) and z = 2H (potential 0), are
insulated outside; they meet in a disc of radius a = sqrt(R^2 - H^2). By symmetry the disc has potential
1/2, and half of the body is solved between disc and plane in oblate spheroidal coordinates around the disc,

    r = a cosh(mu) cos(nu),   distance from the disc = a sinh(mu) sin(nu),

in which the singular current at the edge of the disc becomes smooth, the sphere is the curve
sinh(mu) = K sin(nu) with K = H/a + sqrt(1 + (H/a)^2), and the energy is the integral of
2 pi r (phi_mu^2 + phi_nu^2). For small discs the conductance tends to 2 sigma a (J. C. Maxwell, A Treatise on
Electricity and Magnetism, 1873).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.linalg import spsolve

FloatArray = npt.NDArray[np.float64]
GAUSS = 0.5 + 0.5 * np.array([-1.0, 1.0]) / np.sqrt(3.0)


def neck_conductance(radius: float, overlap: float, cells: int = 48) -> float:
    """Conductance between the planes for sigma = 1, extrapolated from two grids.

    Args:
        radius: of both spheres.
        overlap: 1 - distance of the centres / (2 radius), above 0.
        cells: along each side of the coarser grid.
    """
    height = radius * (1.0 - overlap)
    coarse, fine = (_half(radius, height, n) for n in (cells, 2 * cells))
    return 0.5 * (4.0 * fine - coarse) / 3.0


def _half(radius: float, height: float, cells: int) -> float:
    """Conductance of half of the body on one grid of bilinear quadrilaterals."""
    disc = np.sqrt(radius**2 - height**2)
    nodes = _grid(height / disc, cells)
    number = np.arange((cells + 1) ** 2).reshape(cells + 1, cells + 1)
    corners = np.stack([number[:-1, :-1], number[1:, :-1], number[1:, 1:], number[:-1, 1:]], -1).reshape(-1, 4)
    local = _stiffness(nodes.reshape(-1, 2)[corners], disc)
    rows, columns = np.repeat(corners, 4, axis=1).ravel(), np.tile(corners, (1, 4)).ravel()
    matrix = coo_matrix((local.ravel(), (rows, columns))).tocsr()
    potential = np.zeros(matrix.shape[0])
    potential[number[-1]] = 1.0  # on the plane; 0 on the disc
    free = number[1:-1].ravel()
    potential[free] = spsolve(matrix[free][:, free], -(matrix @ potential)[free])
    return float(potential @ (matrix @ potential))


def _grid(ratio: float, cells: int) -> FloatArray:
    """Nodes (mu, nu): first index from disc to plane, second from sphere to axis, shape (n + 1, n + 1, 2)."""
    k = ratio + np.sqrt(1.0 + ratio**2)
    s, t = np.linspace(0.0, 1.0, cells + 1)[:, None], np.linspace(0.0, 1.0, cells + 1)[None, :]
    corner = np.arcsinh(np.sqrt(k * ratio))  # where the sphere meets the plane
    axis = np.arcsinh(ratio)  # where the axis meets the plane
    sphere = np.stack([s * corner, np.arcsin(np.sinh(s * corner) / k)], -1)
    centre = np.stack([s * axis, np.full_like(s, 0.5 * np.pi)], -1)
    disc = np.stack([np.zeros_like(t), 0.5 * np.pi * t], -1)
    end = np.arcsin(np.sinh(corner) / k)
    nu = end + t * (0.5 * np.pi - end)
    plane = np.stack([np.arcsinh(ratio / np.sin(nu)), nu], -1)
    s, t = s[..., None], t[..., None]
    ends = (1 - s) * (1 - t) * disc[:, :1] + s * t * plane[:, -1:] + s * (1 - t) * plane[:, :1]
    ends = ends + (1 - s) * t * disc[:, -1:]
    return np.asarray((1 - t) * sphere + t * centre + (1 - s) * disc + s * plane - ends)


def _stiffness(corners: FloatArray, disc: float) -> FloatArray:
    """Element matrices of the weighted Laplacian, shape (n, 4, 4), for corners (n, 4, 2)."""
    total = np.zeros((len(corners), 4, 4))
    for x in GAUSS:
        for y in GAUSS:
            shape = np.array([(1 - x) * (1 - y), x * (1 - y), x * y, (1 - x) * y])
            slope = np.array([[y - 1, x - 1], [1 - y, -x], [y, x], [-y, 1 - x]])
            jacobian = np.einsum("nik,ij->nkj", corners, slope)
            gradient = np.einsum("ij,njk->nik", slope, np.linalg.inv(jacobian))
            mu, nu = np.einsum("i,nik->kn", shape, corners)
            weight = 2.0 * np.pi * disc * np.cosh(mu) * np.cos(nu) * np.abs(np.linalg.det(jacobian)) / 4.0
            total += weight[:, None, None] * np.einsum("nik,njk->nij", gradient, gradient)
    return total
