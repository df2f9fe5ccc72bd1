"""A fourth coordinate of unknowns that tells apart what lies at the same place on different sides of a split."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from dolfinx import fem

from .domain_mesh import DomainMesh
from .resistive_facets import NO_FAN

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

GOLDEN_RATIO = 0.6180339887498949  # its multiples modulo 1 keep apart
SHEET_DISTANCE = 1e3  # of the sheets over the edge of the box; far above the tolerance of periodic copies


def sheet_coordinates(fans: IntArray, edge: float, domain: DomainMesh, space: fem.FunctionSpace) -> FloatArray | None:
    """Return a number [m] at each owned dof: copies of a dof on opposite walls have the same one; None without fans.

    Args:
        fans: (vertices,) periodic fan of each vertex of the split mesh, NO_FAN where nothing was split.
        edge: of the box [m].
        domain: distributed mesh of cells of the split mesh.
        space: Lagrange space on it.
    """
    if (fans == NO_FAN).all():
        return None
    owned = space.dofmap.index_map.size_local
    points = space.element.basix_element.points
    weights = np.column_stack([1.0 - points.sum(axis=1), points])
    scattered = (fans + 1) * GOLDEN_RATIO % 1.0
    at_vertices = np.where(fans == NO_FAN, 0.0, scattered) * SHEET_DISTANCE * edge
    values = np.zeros(owned + space.dofmap.index_map.num_ghosts)
    values[space.dofmap.list] = at_vertices[domain.vertex_ids[domain.mesh.geometry.dofmap]] @ weights.T
    return values[:owned]
