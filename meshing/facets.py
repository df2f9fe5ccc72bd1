"""Facets of tetrahedra: which two cells share each, and how large it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

CELL_FACETS = ((1, 2, 3), (0, 3, 2), (0, 1, 3), (0, 2, 1))


@dataclass(frozen=True)
class FacetPairs:
    """Every facet of a tetrahedral mesh once."""

    facets: IntArray  # (nf, 3) vertices, sorted
    cells: IntArray  # (nf, 2) cells on both sides; second is -1 where unmatched


def pair_facets(cells: IntArray) -> FacetPairs:
    """Match the facets of tetrahedra of shape (nc, 4) by their vertices."""
    corners = np.sort(np.concatenate([cells[:, list(f)] for f in CELL_FACETS]), axis=1)
    owner = np.tile(np.arange(len(cells), dtype=np.int64), 4)
    order = np.lexsort((corners[:, 2], corners[:, 1], corners[:, 0]))
    corners, owner = corners[order], owner[order]
    same = np.all(corners[1:] == corners[:-1], axis=1)
    first = np.ones(len(corners), dtype=bool)
    first[1:] = ~same
    index = np.flatnonzero(first)
    neighbour = np.full(len(index), -1, dtype=np.int64)
    has_pair = np.zeros(len(index), dtype=bool)
    has_pair[:] = np.append(same, False)[index]
    neighbour[has_pair] = owner[index[has_pair] + 1]
    return FacetPairs(corners[index], np.column_stack([owner[index], neighbour]))


def triangle_areas(vertices: FloatArray, facets: IntArray) -> FloatArray:
    """Return |(b - a) x (c - a)|/2 of triangles of shape (nf, 3), shape (nf,) [m2]."""
    a = vertices[facets[:, 0]]
    return np.asarray(0.5 * np.linalg.norm(np.cross(vertices[facets[:, 1]] - a, vertices[facets[:, 2]] - a), axis=1))
