"""Current density of a solved conduction problem at quadrature points (Eq. 5b)."""

from __future__ import annotations

from dataclasses import dataclass

import basix
import numpy as np
import numpy.typing as npt

from .conduction_solution import ConductionSolution

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

CHUNK = 50_000  # cells at a time


def quadrature(order: int) -> tuple[FloatArray, FloatArray]:
    """Return points (q, 3) and weights (q,), of sum 1, that integrate the power of elements of an order exactly."""
    points, weights = basix.make_quadrature(basix.CellType.tetrahedron, max(2 * (order - 1), 2))
    return np.asarray(points), np.asarray(weights) / np.sum(weights)


@dataclass(frozen=True)
class CurrentDensity:
    """j = -sigma grad phi in the cells of this rank, at 1 V over the edge of the box along the axis."""

    cells: IntArray  # (n,) cells of the labelled mesh
    weights: FloatArray  # (n, q) [m3]
    along: FloatArray  # (n, q) component down the potential along the axis [A/m2], for heat [W/m2]
    size: FloatArray  # (n, q) |j| [A/m2]
    power: FloatArray  # (n, q) sigma |grad phi|^2 [W/m3], for heat [W K/m3]
    mean: FloatArray  # (n, 3) mean of j over each cell [A/m2]

    @classmethod
    def of(cls, solution: ConductionSolution, which: int) -> CurrentDensity:
        """Evaluate the current density for one axis of a problem, given by its position."""
        count = solution.domain.mesh.topology.index_map(3).size_local
        starts = range(0, max(count, 1), CHUNK)
        parts = [_evaluate(solution, which, np.arange(k, min(k + CHUNK, count))) for k in starts]
        columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
        return cls(solution.domain.cell_ids[:count], *columns)


def _evaluate(solution: ConductionSolution, which: int, local: IntArray) -> tuple[FloatArray, ...]:
    """Return the fields of :class:`CurrentDensity`, but for the cells, on some local cells."""
    domain, function = solution.domain, solution.potentials[which]
    element = function.function_space.element.basix_element
    points, weights = quadrature(element.degree)
    slopes: FloatArray = np.asarray(element.tabulate(1, points))[1:, :, :, 0]
    corners = domain.mesh.geometry.x[domain.mesh.geometry.dofmap[local]]
    jacobian = (corners[:, 1:] - corners[:, :1]).transpose(0, 2, 1)
    nodal = function.x.array[function.function_space.dofmap.list[local]]
    gradient = np.einsum("rqd,nd->nqr", slopes, nodal, optimize=True) @ np.linalg.inv(jacobian)
    sigma = solution.problem.conductivity[domain.cell_ids[local]]
    current = -(gradient * sigma[:, None, None] if sigma.ndim == 1 else gradient @ sigma)
    return (
        np.abs(np.linalg.det(jacobian))[:, None] / 6.0 * weights,
        -current[:, :, solution.problem.axes[which]],
        np.linalg.norm(current, axis=2),
        -np.einsum("nqi,nqi->nq", current, gradient),
        np.einsum("q,nqi->ni", weights, current),
    )
