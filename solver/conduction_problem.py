"""A steady conduction problem, apart from any method that solves it (Eqs. 1-3).

Other methods (bounds by fluxes, other elements) take the same problem: the cells that carry current, the
conductivity of each, how the walls are joined and what drives the current.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from mpi4py import MPI

from manufacturing.collective import run_on
from manufacturing.phases import Phase
from meshing.labelled_mesh import LabelledMesh

from .conduction_drive import Drive
from .connectivity import CellGraph

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
    mesh: LabelledMesh
    conductivity: FloatArray  # (cells,) or (cells, 3, 3); 0 outside the electrode and in insulators
    carrying: BoolArray  # (cells,) cells on which the potential is solved
    drive: Drive  # boundary conditions: what is fixed, what is periodic, along which axes current is driven
    pinned: IntArray  # (n,) vertices whose potential is set, one for each part that floats otherwise
    connected_fraction: FloatArray  # (axes,) volume that carries current along each axis / conducting volume

    @property
    def axes(self) -> tuple[int, ...]:
        """Axes along which current is driven."""
        return self.drive.axes

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
    name: str, mesh: LabelledMesh, conductivity: FloatArray, drive: Drive, graph: CellGraph, comm: MPI.Intracomm
) -> ConductionProblem:
    """Find the cells that carry current and what would float (collective).

    Args:
        name: of the solve.
        mesh: labelled mesh, the same on every rank.
        conductivity: (cells,) or (cells, 3, 3).
        drive: boundary conditions.
        graph: neighbours of the cells; only rank 0 asks it.
        comm: communicator of the solve.
    """

    def find() -> tuple[BoolArray, IntArray, FloatArray]:
        """Find the network and the shares of its volume, on rank 0."""
        conducting = is_conducting(conductivity)
        network = drive.find_network(mesh, graph.with_walls(drive.periodic), conducting)
        volumes = mesh.volumes()
        total = max(float(volumes[conducting].sum()), np.finfo(float).tiny)
        shares = np.array([volumes[by_axis].sum() / total for by_axis in network.by_axis])
        return network.carrying, network.pinned, shares

    carrying, pinned, shares = run_on(comm, 1, find)
    return ConductionProblem(name, mesh, conductivity, carrying, drive, pinned, shares)
