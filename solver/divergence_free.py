"""Divergence-free fluxes of one tetrahedron and the potentials on its facets that drive them (Eqs. 17, 18).

A flux q of a cell is a polynomial of order k with div q = 0. Its normal component on a facet is tested
at points x_m that integrate products of two such polynomials exactly, so the potential on a facet is known
by its values at these points. Minimising integral(q . K^-1 q) dV - 2 sum(u_m w_m q(x_m) . n) over q gives the
symmetric matrix S of the cell, u . S u being the power of the best flux. For k = 0 the points are the
midpoints of the facets and S is the matrix of the Crouzeix-Raviart element.

Reference: L. D. Marini, SIAM J. Numer. Anal. 22 (1985) 493; D. N. Arnold and F. Brezzi, RAIRO 19 (1985) 7.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import basix
import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

CORNERS = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])  # of the reference cell
FACET_CORNERS = np.array([[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]])  # facet i lies opposite to corner i
# Barycentric coordinates of the points of a facet; the m-th belongs to the m-th corner where there are three.
FACET_POINTS = {
    0: np.full((1, 3), 1.0 / 3.0),
    1: np.full((3, 3), 1.0 / 6.0) + 0.5 * np.eye(3),
}
HIGHEST_ORDER = max(FACET_POINTS)


@dataclass(frozen=True)
class FluxElement:
    """Reference matrices of the divergence-free polynomials of an order, n of them."""

    mass: FloatArray  # (3, 3, n, n) integral(q_a,i q_b,j) dV
    trace: FloatArray  # (4 m, n) w_m q_b(x_m) . n on the facets, m points each

    def facet_matrices(self, jacobian: FloatArray, conductivity: FloatArray) -> FloatArray:
        """Return S of cells, shape (cells, 4 m, 4 m) [S].

        The Piola map q = J q'/det J keeps normal fluxes and the divergence, so that only the metric
        C = J^T K^-1 J/det J differs between cells.

        Args:
            jacobian: columns are the edges from the first corner, shape (cells, 3, 3) [m].
            conductivity: scalars (cells,) or symmetric tensors (cells, 3, 3) [S/m].
        """
        determinant = np.linalg.det(jacobian)
        if conductivity.ndim == 1:
            metric = jacobian.transpose(0, 2, 1) @ jacobian / (determinant * conductivity)[:, None, None]
        else:
            stretched = np.linalg.solve(conductivity, jacobian)
            metric = jacobian.transpose(0, 2, 1) @ stretched / determinant[:, None, None]
        size = self.trace.shape[1]
        mass = (metric.reshape(-1, 9) @ self.mass.reshape(9, -1)).reshape(-1, size, size)
        flux = np.linalg.solve(mass, np.broadcast_to(self.trace.T, (len(mass), *self.trace.T.shape)))
        return np.asarray(self.trace @ flux)


@cache
def flux_element(order: int) -> FluxElement:
    """Return the reference matrices of an order, 0 or 1."""
    rule = basix.make_quadrature(basix.CellType.tetrahedron, max(2 * order, 1))
    points, weights = (np.asarray(part, dtype=np.float64) for part in rule)
    values = _fluxes(points, order)
    mass = np.einsum("p,pai,pbj->ijab", weights, values, values)
    rows = []
    for corners in FACET_CORNERS:
        normal = _area_vector(corners)
        at = FACET_POINTS[order] @ CORNERS[corners]
        rows.append(_fluxes(at, order) @ normal / len(at))
    return FluxElement(mass, np.concatenate(rows))


def facet_points(corners: FloatArray, order: int) -> FloatArray:
    """Return the points of the four facets of cells with corners (cells, 4, 3), shape (cells, 4, m, 3)."""
    return np.asarray(np.einsum("mk,cfkx->cfmx", FACET_POINTS[order], corners[:, FACET_CORNERS]))


def _area_vector(corners: npt.NDArray[np.int64]) -> FloatArray:
    """Return the outward normal of a facet of the reference cell times its area."""
    a, b, c = CORNERS[corners]
    vector = 0.5 * np.cross(b - a, c - a)
    return np.asarray(vector if vector @ (a - CORNERS.mean(axis=0)) > 0.0 else -vector)


def _fluxes(points: FloatArray, order: int) -> FloatArray:
    """Return the basis of divergence-free polynomials at points (p, 3), shape (p, n, 3)."""
    constant = np.broadcast_to(np.eye(3), (len(points), 3, 3))
    if order == 0:
        return constant
    traceless = [np.outer(np.eye(3)[i], np.eye(3)[j]) for i in range(3) for j in range(3) if i != j]
    traceless += [np.diag([1.0, -1.0, 0.0]), np.diag([0.0, 1.0, -1.0])]
    linear = np.einsum("bij,pj->pbi", np.array(traceless), points - CORNERS.mean(axis=0))
    return np.concatenate([constant, linear], axis=1)
