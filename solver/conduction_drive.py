"""What drives a conduction solve: fixed potentials on two planes, or mean gradients in a periodic box (Eqs. 1, 1b)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
from dolfinx import fem

from manufacturing.phases import COLLECTOR
from meshing.labelled_mesh import TOP_FACES, LabelledMesh

from .connectivity import CellGraph
from .domain_mesh import DomainMesh, top_dofs
from .electrode import bottom_face
from .facet_numbering import CellFacets
from .wrapping import find_wrapping

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class CarryingNetwork:
    """The cells that carry current."""

    by_axis: tuple[BoolArray, ...]  # (cells,) for each driven axis
    floating: IntArray | None = None  # (cells,) clusters that have no given potential; None where planes give one

    @property
    def carrying(self) -> BoolArray:
        """Cells that carry current along one of the axes."""
        return np.asarray(np.any(self.by_axis, axis=0))


class Drive(Protocol):
    """Boundary conditions of a conduction problem."""

    @property
    def axes(self) -> tuple[int, ...]:
        """Axes along which current is driven."""

    @property
    def periodic(self) -> tuple[bool, bool, bool]:
        """Axes whose walls are joined."""

    @property
    def lifting_jumps(self) -> bool:
        """Whether the given part of the potential may jump: nodal values do, x_d does not, even through a wall."""

    def whole_planes(self, mesh: LabelledMesh) -> bool:
        """Return whether current enters and leaves over whole planes, so that nothing but the composite resists."""

    def find_network(self, mesh: LabelledMesh, graph: CellGraph, conducting: BoolArray) -> CarryingNetwork:
        """Find the cells that carry current."""

    def prescribed(self, mesh: LabelledMesh, domain: DomainMesh, space: fem.FunctionSpace) -> BoolArray:
        """Return which owned dofs have a given potential (collective)."""

    def lifting(
        self, mesh: LabelledMesh, domain: DomainMesh, space: fem.FunctionSpace, prescribed: BoolArray
    ) -> list[FloatArray]:
        """Return for each axis the part of the potential that is given, at the owned dofs [V].

        Args:
            mesh: labelled mesh.
            domain: mesh of the cells that carry current.
            space: Lagrange space on it.
            prescribed: (owned dofs,) with the periodic copies of prescribed dofs.
        """

    def facet_potentials(self, mesh: LabelledMesh, place: CellFacets) -> FloatArray:
        """Return the given potential of each facet of some cells, NaN where it is unknown, shape (4 n,) [V]."""

    def mean_potentials(self, mesh: LabelledMesh, points: FloatArray) -> list[FloatArray]:
        """Return for each axis the given part of an unknown potential at points (..., 3) [V]."""


@dataclass(frozen=True)
class PlaneDrive:
    """phi = 0 on ``electrode_bottom`` and 1 V on the top plane; lateral walls joined or insulated.

    Electrons leave through ``collector``; what the collector does not touch counts as top plane only where
    ``top_faces`` names it.
    """

    lateral: tuple[bool, bool]
    top_faces: tuple[str, ...] = (COLLECTOR,)
    lifting_jumps: bool = True

    @property
    def axes(self) -> tuple[int, ...]:
        """The axis z."""
        return (2,)

    @property
    def periodic(self) -> tuple[bool, bool, bool]:
        """The lateral walls."""
        return (*self.lateral, False)

    def whole_planes(self, mesh: LabelledMesh) -> bool:
        """Return whether the top faces are all facets of the top plane."""
        return len(mesh.named(*(name for name in TOP_FACES if name not in self.top_faces))) == 0

    def find_network(self, mesh: LabelledMesh, graph: CellGraph, conducting: BoolArray) -> CarryingNetwork:
        """Find the clusters that join both planes."""
        below = graph.connected_to(conducting, bottom_face(mesh))
        through = below & graph.connected_to(conducting, graph.cells_at(*self.top_faces))
        return CarryingNetwork((through,))

    def prescribed(self, mesh: LabelledMesh, domain: DomainMesh, space: fem.FunctionSpace) -> BoolArray:
        """Return the dofs on both planes."""
        return _bottom_dofs(mesh, space) | top_dofs(mesh, domain, space, self.top_faces)

    def lifting(
        self, mesh: LabelledMesh, domain: DomainMesh, space: fem.FunctionSpace, prescribed: BoolArray
    ) -> list[FloatArray]:
        """Return 1 V on the top plane; periodic copies of what touches the top face are at 1 V too."""
        return [(prescribed & ~_bottom_dofs(mesh, space)).astype(np.float64)]

    def facet_potentials(self, mesh: LabelledMesh, place: CellFacets) -> FloatArray:
        """Return 0 on the lower plane and 1 on the top faces; elsewhere unknown."""
        values = np.full(4 * len(place.cells), np.nan)
        values[place.below(_bottom_height(mesh))] = 0.0
        values[place.named(*self.top_faces)] = 1.0
        return values

    def mean_potentials(self, mesh: LabelledMesh, points: FloatArray) -> list[FloatArray]:
        """Return 0: what is not on the planes is unknown."""
        return [np.zeros(points.shape[:-1])]


@dataclass(frozen=True)
class GradientDrive:
    """phi = x_d/L_d + periodic fluctuation for each axis d; walls that are not joined are insulated.

    Only clusters that wrap around the box along a driven axis carry current; the fluctuation of each is known
    up to a constant.
    """

    axes: tuple[int, ...]
    periodic: tuple[bool, bool, bool]
    lifting_jumps: bool = False

    def whole_planes(self, mesh: LabelledMesh) -> bool:
        """Return True: there are no planes that could be covered in part."""
        return True

    def find_network(self, mesh: LabelledMesh, graph: CellGraph, conducting: BoolArray) -> CarryingNetwork:
        """Find the clusters that wrap around the box along the driven axes."""
        clusters = find_wrapping(graph, conducting)
        by_axis = tuple(clusters.along((axis,)) for axis in self.axes)
        return CarryingNetwork(by_axis, clusters.labels)

    def prescribed(self, mesh: LabelledMesh, domain: DomainMesh, space: fem.FunctionSpace) -> BoolArray:
        """Return no dofs: no plane has a given potential."""
        return np.zeros(space.dofmap.index_map.size_local, dtype=bool)

    def lifting(
        self, mesh: LabelledMesh, domain: DomainMesh, space: fem.FunctionSpace, prescribed: BoolArray
    ) -> list[FloatArray]:
        """Return x_d/L_d for each driven axis."""
        points = space.tabulate_dof_coordinates()[: space.dofmap.index_map.size_local]
        return self.mean_potentials(mesh, points)

    def facet_potentials(self, mesh: LabelledMesh, place: CellFacets) -> FloatArray:
        """Return NaN: no facet has a given potential."""
        return np.full(4 * len(place.cells), np.nan)

    def mean_potentials(self, mesh: LabelledMesh, points: FloatArray) -> list[FloatArray]:
        """Return x_d/L_d for each driven axis."""
        edges = np.append((mesh.upper - mesh.lower)[:2], mesh.electrode_thickness)
        return [(points[..., d] - mesh.lower[d]) / edges[d] for d in self.axes]


def _bottom_dofs(mesh: LabelledMesh, space: fem.FunctionSpace) -> BoolArray:
    """Return which owned dofs lie on the lower plane of the electrode."""
    z = space.tabulate_dof_coordinates()[: space.dofmap.index_map.size_local, 2]
    return np.asarray(z < _bottom_height(mesh))


def _bottom_height(mesh: LabelledMesh) -> float:
    """Return the height below which a point lies on the lower plane of the electrode, to rounding [m]."""
    return mesh.electrode_bottom + 1e-7 * mesh.electrode_thickness
