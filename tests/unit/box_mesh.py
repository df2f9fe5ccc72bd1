"""Meshes of unit boxes, on which connected parts can be seen by eye."""

from __future__ import annotations

import numpy as np

from manufacturing.phases import Phase
from meshing.labelled_mesh import LabelledMesh, build_labelled_mesh
from meshing.structured_mesh import kuhn_grid

UM = 1e-6


def boxes(
    phases: np.ndarray,
    periodic: tuple[bool, bool, bool] = (True, True, False),
    bottom: float = 0.0,
    particles: np.ndarray | None = None,
    contact_planes: tuple[Phase, ...] = (),
) -> LabelledMesh:
    """A mesh of unit boxes (1 um) with the given phases, shape (nx, ny, nz), and the particle of each box."""
    axes = tuple(UM * np.arange(n + 1.0) for n in phases.shape)
    vertices, cells = kuhn_grid((axes[0], axes[1], axes[2]))
    labels = np.repeat(phases.ravel(), 6)
    owners = np.zeros(len(cells)) if particles is None else np.repeat(particles.ravel(), 6)
    corners = (vertices.min(axis=0), vertices.max(axis=0))
    return build_labelled_mesh(
        vertices, cells, labels, owners, *corners, bottom, periodic, contact_planes=contact_planes
    )


def box_of(mesh: LabelledMesh) -> np.ndarray:
    """The box (ix, iy, iz) of each cell."""
    return np.asarray(np.floor(mesh.vertices[mesh.cells].mean(axis=1) / UM).astype(int))
