"""Quadrature points of the reactive surfaces: the nodes, weighted by a third of their facets.

Nodal quadrature has the order of first-order elements, keeps every coupling term diagonal and
makes the discrete interface current a sum over points.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from mpi4py import MPI
from petsc4py import PETSc

from meshing.facets import triangle_areas
from meshing.labelled_mesh import LabelledMesh

from .constraints import selection_matrix
from .field import NodalField

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class InterfacePoints:
    """Points of one surface on this rank and the matrices that pick the fields there."""

    weights: FloatArray  # (points,) [m2]
    selections: tuple[PETSc.Mat, ...]  # one (points x unknowns) 0/1 matrix per field
    at_counter: FloatArray  # (points,) 1 where the point lies on the counter face, else 0
    corners: IntArray  # (points,) first corner of the surface's facets at the point: its name on any number of ranks
    corner_count: int  # three per facet
    first_corners: IntArray  # (facets, 3) first corner that shares the point of each, the same on every rank

    def values(self, field: int, unknowns: FloatArray) -> FloatArray:
        """Return a field at the points."""
        vector = self.selections[field].createVecRight()
        vector.array[:] = unknowns
        return np.asarray((self.selections[field] * vector).array)

    def collect(self, field: int, values: FloatArray) -> FloatArray:
        """Add point values to the unknowns of a field (transpose of :meth:`values`)."""
        selection = self.selections[field]
        point, result = selection.createVecLeft(), selection.createVecRight()
        point.array[:] = values
        selection.multTranspose(point, result)
        return np.asarray(result.array)

    def at_corners(self, values: FloatArray, comm: MPI.Intracomm) -> FloatArray | None:
        """Collect point values by corner on rank 0, NaN at the other corners of a point (collective)."""
        keys, parts = comm.gather(self.corners), comm.gather(values)
        if keys is None or parts is None:
            return None
        collected = np.full(self.corner_count, np.nan)
        collected[np.concatenate(keys)] = np.concatenate(parts)
        return collected

    def at_facets(self, values: FloatArray, comm: MPI.Intracomm) -> FloatArray | None:
        """Collect point values at the corners of the facets (facets, 3) on rank 0 (collective)."""
        collected = self.at_corners(values, comm)
        return None if collected is None else np.asarray(collected[self.first_corners])


@dataclass(frozen=True)
class FacetSide:
    """Facets as the cells on one side of them see them."""

    corners: IntArray  # (n, 3) labelled vertices
    cells: IntArray  # (n,)


def surface_points(
    mesh: LabelledMesh, sides: tuple[FacetSide, ...], fields: tuple[NodalField, ...], comm: MPI.Intracomm
) -> InterfacePoints:
    """Place points at the corners of facets and merge those with the same unknowns.

    Args:
        mesh: labelled mesh.
        sides: for each field, the facets on the side where that field lives.
        fields: the fields that meet at the surface; the first one decides which rank owns a point.
        comm: communicator.
    """
    corners = sides[0].corners
    areas = np.repeat(triangle_areas(mesh.vertices, corners) / 3.0, 3)
    columns = [f.columns_at(side.corners, side.cells).ravel() for f, side in zip(fields, sides, strict=True)]
    counter = mesh.at_counter(mesh.vertices[corners.ravel(), 2]).astype(np.int64)
    table = np.column_stack([*columns, counter])
    unique, named, group = np.unique(table, axis=0, return_index=True, return_inverse=True)
    weights = np.bincount(group.ravel(), weights=areas, minlength=len(unique))
    first = fields[0].reduction
    mine = (unique[:, 0] >= first.offset) & (unique[:, 0] < first.offset + first.size_local)
    if comm.rank == 0:
        mine |= unique[:, 0] < 0
    selections = tuple(
        selection_matrix(comm, unique[mine, k], field.reduction.size_local) for k, field in enumerate(fields)
    )
    weight, at_counter = np.asarray(weights[mine], dtype=np.float64), unique[mine, -1].astype(float)
    return InterfacePoints(weight, selections, at_counter, named[mine], len(table), named[group].reshape(-1, 3))
