"""Facets of tetrahedra: which two cells share each, and how large it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .torus_mesh import FloatArray, IntArray, pair_torus_facets


@dataclass(frozen=True)
class FacetPairs:
    """Every facet of a tetrahedral mesh once."""

    facets: IntArray  # (nf, 3) vertices, sorted
    cells: IntArray  # (nf, 2) cells on both sides; second is -1 where unmatched


def pair_facets(cells: IntArray) -> FacetPairs:
    """Match the facets of tetrahedra of shape (nc, 4) by their vertices."""
    facets, first, second = pair_torus_facets(cells, int(cells.max()) + 1)
    return FacetPairs(facets, np.column_stack([first, second]))


def triangle_areas(vertices: FloatArray, facets: IntArray) -> FloatArray:
    """Return |(b - a) x (c - a)|/2 of triangles of shape (nf, 3), shape (nf,) [m2]."""
    a = vertices[facets[:, 0]]
    return np.asarray(0.5 * np.linalg.norm(np.cross(vertices[facets[:, 1]] - a, vertices[facets[:, 2]] - a), axis=1))
