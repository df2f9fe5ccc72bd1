"""A steady conduction problem, apart from any method that solves it (Eqs. 1-3).

Other methods (bounds by fluxes, other elements) take the same problem: the cells that carry current, the
conductivity of each, how the walls are joined and what drives the current.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from mpi4py import MPI
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from manufacturing.collective import run_on
from manufacturing.phases import Phase
from meshing.labelled_mesh import LabelledMesh

from .conduction_drive import CarryingNetwork, Drive
from .connectivity import CellGraph
from .electrode import electrode_cells
from .resistive_facets import NO_FAN, ResistiveFacets, SplitMesh, find_resistances, split_mesh, unsplit

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Conductivity = float | FloatArray  # isotropic, or a symmetric tensor (3, 3)


@dataclass(frozen=True)
class ConductionProblem:
    """div(sigma grad phi) = 0 on the cells that carry current, driven along some axes.

    The potential is normalised: 1 V between the planes, or a mean gradient of 1 V over the edge of the box.
    """

    name: str
    mesh: LabelledMesh  # with a copy of each vertex for every side of a resistive facet or pinch
    conductivity: FloatArray  # (cells,) or (cells, 3, 3); 0 outside the electrode and in insulators
    carrying: BoolArray  # (cells,) cells on which the potential is solved
    drive: Drive  # boundary conditions: what is fixed, what is periodic, along which axes current is driven
    pinned: IntArray  # (n,) vertices whose potential is set, one for each part that floats otherwise
    connected_fraction: FloatArray  # (axes,) volume that carries current along each axis / conducting volume
    resistances: dict[str, float]  # of interfaces by name [Ohm m2], for heat [m2 K/W]; all above 0
    resistive: ResistiveFacets  # facets across which the potential jumps; ``mesh`` is split there
    fans: IntArray  # (vertices,) periodic fan of a split vertex: copies on opposite walls have the same one

    @property
    def axes(self) -> tuple[int, ...]:
        """Axes along which current is driven."""
        return self.drive.axes

    @cached_property
    def volumes(self) -> FloatArray:
        """Volume of each cell of the mesh, shape (cells,) [m3]."""
        return self.mesh.volumes()

    @cached_property
    def phase_volumes(self) -> FloatArray:
        """Volume of each phase in the electrode, by its integer [m3]; 0 for what lies outside."""
        inside = np.where(electrode_cells(self.mesh), self.volumes, 0.0)
        return np.bincount(self.mesh.phases, inside, max(Phase) + 1).astype(np.float64)

    @property
    def edges(self) -> FloatArray:
        """Edge lengths of the electrode's box, shape (3,) [m]."""
        return np.append((self.mesh.upper - self.mesh.lower)[:2], self.mesh.electrode_thickness)


def conductivity_by_phase(mesh: LabelledMesh, values: dict[Phase, Conductivity]) -> FloatArray:
    """Return the conductivity of every cell, 0 outside the electrode: (cells,), or (cells, 3, 3) with any tensor."""
    tensors = any(np.ndim(value) for value in values.values())
    table = np.zeros((max(Phase) + 1, 3, 3) if tensors else max(Phase) + 1)
    for phase, value in values.items():
        table[phase] = value * np.eye(3) if tensors and not np.ndim(value) else value
    table[[Phase.separator, Phase.anode]] = 0.0
    return np.asarray(table[mesh.phases])


def is_conducting(conductivity: FloatArray) -> BoolArray:
    """Return which cells conduct, for scalars (cells,) or tensors (cells, 3, 3)."""
    if conductivity.ndim == 1:
        return conductivity > 0.0
    return np.asarray(np.trace(conductivity, axis1=1, axis2=2) > 0.0)


def build_problem(
    name: str,
    mesh: LabelledMesh,
    conductivity: FloatArray,
    drive: Drive,
    graph: CellGraph,
    comm: MPI.Intracomm,
    resistances: dict[str, float] | None = None,
) -> ConductionProblem:
    """Find the cells that carry current and what would float, and split the mesh where it resists (collective).

    Args:
        name: of the solve.
        mesh: labelled mesh, the same on every rank.
        conductivity: (cells,) or (cells, 3, 3).
        drive: boundary conditions.
        graph: neighbours of the cells; only rank 0 asks it.
        comm: communicator of the solve.
        resistances: of interfaces by name [Ohm m2], for heat [m2 K/W]; 0 is a perfect contact.
    """
    given = {interface: value for interface, value in (resistances or {}).items() if value > 0.0}

    def find() -> tuple[BoolArray, IntArray, FloatArray, SplitMesh | None]:
        """Find the network, the shares of its volume and the split mesh, on rank 0."""
        conducting = is_conducting(conductivity)
        whole = graph.with_walls(drive.periodic)
        found = find_resistances(whole, given, conductivity)
        network = drive.find_network(mesh, found.as_graph(whole), conducting)
        split = split_mesh(mesh, found, network.carrying)
        volumes = mesh.volumes()
        total = max(float(volumes[conducting].sum()), np.finfo(float).tiny)
        shares = np.array([volumes[by_axis].sum() / total for by_axis in network.by_axis])
        pinned = _one_vertex_per_part(split, whole, network)
        return network.carrying, pinned, shares, None if (split.fans == NO_FAN).all() else split

    carrying, pinned, shares, split = run_on(comm, 1, find)
    split = split or unsplit(mesh)
    return ConductionProblem(
        name, split.mesh, conductivity, carrying, drive, pinned, shares, given, split.resistive, split.fans
    )


def _one_vertex_per_part(split: SplitMesh, graph: CellGraph, network: CarryingNetwork) -> IntArray:
    """Return a vertex of each part of the carrying cells that has no given potential.

    Clusters that meet in a vertex only, here or through a wall, share its unknown and are one part.
    """
    if network.floating is None or not network.carrying.any():
        return np.empty(0, dtype=np.int64)
    cells = split.mesh.cells[network.carrying]
    labels = np.repeat(network.floating[network.carrying], 4)
    vertices, count = len(split.mesh.vertices), int(labels.max()) + 1
    links = [np.column_stack([labels, count + cells.ravel()])]
    for walls in graph.walls.values():
        copies = np.column_stack([walls.low.ravel(), walls.high.ravel()])
        links.append(count + copies[split.fans[copies[:, 0]] == NO_FAN])
    several = np.flatnonzero(split.fans != NO_FAN)
    links.append(count + np.column_stack([several, vertices + split.fans[several]]))
    first, second = np.concatenate(links).T
    size = int(max(first.max(), second.max())) + 1
    _, part = connected_components(coo_matrix((np.ones(len(first)), (first, second)), shape=(size, size)), False)
    _, where = np.unique(part[labels], return_index=True)
    return np.asarray(cells.ravel()[where])
