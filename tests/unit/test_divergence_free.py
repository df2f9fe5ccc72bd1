"""Matrices of divergence-free fluxes on one tetrahedron.

Seen to fail with: the points of a facet at its corners instead of inside (products of linear functions are not
integrated exactly), a gradient flux left out of the basis, the metric J^T K J instead of J^T K^-1 J.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from solver.divergence_free import FACET_CORNERS, facet_points, flux_element

FloatArray = npt.NDArray[np.float64]
TENSOR = np.array([[3.0, 0.4, -0.2], [0.4, 1.5, 0.3], [-0.2, 0.3, 0.8]])


@pytest.fixture
def corners() -> FloatArray:
    """Three positively oriented tetrahedra, shape (3, 4, 3)."""
    generator = np.random.default_rng(3)
    found = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1.0]]) + 0.3 * generator.random((3, 4, 3))
    assert np.all(np.linalg.det(edges(found)) > 0.0)
    return found


def edges(corners: FloatArray) -> FloatArray:
    """Columns from the first corner."""
    return (corners[:, 1:] - corners[:, :1]).transpose(0, 2, 1)


def volumes(corners: FloatArray) -> FloatArray:
    """Volumes of the tetrahedra."""
    return np.asarray(np.linalg.det(edges(corners)) / 6.0)


@pytest.mark.parametrize("order", [0, 1])
def test_a_linear_potential_has_its_power_and_a_constant_none(corners: FloatArray, order: int) -> None:
    """u = g . x + 5: u . S u = g . K g V for scalars and tensors, S u = 0 for g = 0."""
    slope = np.array([0.3, -1.1, 0.7])
    at = facet_points(corners, order).reshape(len(corners), -1, 3)
    for conductivity in (np.full(3, 2.5), np.tile(TENSOR, (3, 1, 1))):
        matrices = flux_element(order).facet_matrices(edges(corners), conductivity)
        assert matrices @ np.ones(at.shape[1]) == pytest.approx(np.zeros(at.shape[:2]), abs=1e-13)
        potential = at @ slope + 5.0
        power = np.einsum("ci,cij,cj->c", potential, matrices, potential)
        tensor = conductivity if conductivity.ndim == 3 else conductivity[:, None, None] * np.eye(3)
        assert power == pytest.approx(np.einsum("i,cij,j->c", slope, tensor, slope) * volumes(corners), rel=1e-12)


def test_lowest_order_is_the_crouzeix_raviart_element(corners: FloatArray) -> None:
    """S_ij = K a_i . a_j/V with the outward area vectors a of the facets."""
    matrices = flux_element(0).facet_matrices(edges(corners), np.array([1.0, 2.0, 3.0]))
    for cell, conductivity, found in zip(corners, (1.0, 2.0, 3.0), matrices, strict=True):
        vectors = []
        for facet in cell[FACET_CORNERS]:
            vector = 0.5 * np.cross(facet[1] - facet[0], facet[2] - facet[0])
            vectors.append(vector * np.sign(vector @ (facet[0] - cell.mean(axis=0))))
        area = np.array(vectors)
        assert found == pytest.approx(conductivity * area @ area.T / volumes(cell[None])[0], rel=1e-12)


def test_first_order_knows_harmonic_polynomials_of_degree_two(corners: FloatArray) -> None:
    """u = x^2 + xy - z^2 has a linear divergence-free gradient: u . S u = integral(|grad u|^2) dV."""

    def potential(x: FloatArray) -> FloatArray:
        return np.asarray(x[..., 0] ** 2 + x[..., 0] * x[..., 1] - x[..., 2] ** 2)

    def squared(x: FloatArray) -> FloatArray:
        return np.asarray((2 * x[..., 0] + x[..., 1]) ** 2 + x[..., 0] ** 2 + 4 * x[..., 2] ** 2)

    matrices = flux_element(1).facet_matrices(edges(corners), np.ones(3))
    # The facet's values are those of the projection to linear functions: weights of its 6-point rule of degree 4.
    found = _projected(corners, potential)
    power = np.einsum("ci,cij,cj->c", found, matrices, found)
    a, b = 0.5854101966249685, 0.1381966011250105
    rule = np.full((4, 4), b) + (a - b) * np.eye(4)
    exact = squared(np.einsum("qk,ckx->cqx", rule, corners)).mean(axis=1) * volumes(corners)
    assert power == pytest.approx(exact, rel=1e-12)
    lowest = flux_element(0).facet_matrices(edges(corners), np.ones(3))
    means = found.reshape(3, 4, 3).mean(axis=2)
    assert np.all(np.einsum("ci,cij,cj->c", means, lowest, means) < 0.999 * exact)


def _projected(corners: FloatArray, potential: object) -> FloatArray:
    """Values at the facet points of the L2 projection of a quadratic function to linear ones."""
    s, t = 0.445948490915965, 0.091576213509771
    points = np.concatenate([np.full((3, 3), q) + (1.0 - 3.0 * q) * np.eye(3) for q in (s, t)])
    weights = np.repeat([0.223381589678011, 0.109951743655322], 3)
    rule = np.full((3, 3), 1.0 / 6.0) + 0.5 * np.eye(3)
    basis = points @ np.linalg.inv(rule)  # linear functions that are 1 at one point of the facet
    values = potential(np.einsum("qk,cfkx->cfqx", points, corners[:, FACET_CORNERS]))  # type: ignore[operator]
    return np.asarray(3.0 * np.einsum("q,qm,cfq->cfm", weights, basis, values).reshape(len(corners), -1))
