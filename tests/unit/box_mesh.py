"""Meshes of unit boxes, on which connected parts can be seen by eye."""

from __future__ import annotations

import numpy as np

from meshing.labelled_mesh import LabelledMesh, build_labelled_mesh
from meshing.structured_mesh import kuhn_grid

UM = 1e-6


def boxes(
    phases: np.ndarray, periodic: tuple[bool, bool, bool] = (True, True, False), bottom: float = 0.0
) -> LabelledMesh:
    """A mesh of unit boxes (1 um) with the given phases, shape (nx, ny, nz)."""
    axes = tuple(UM * np.arange(n + 1.0) for n in phases.shape)
    vertices, cells = kuhn_grid((axes[0], axes[1], axes[2]))
    labels = np.repeat(phases.ravel(), 6)
    return build_labelled_mesh(
        vertices, cells, labels, np.zeros(len(cells)), vertices.min(axis=0), vertices.max(axis=0), bottom, periodic
    )


def box_of(mesh: LabelledMesh) -> np.ndarray:
    """The box (ix, iy, iz) of each cell."""
    return np.asarray(np.floor(mesh.vertices[mesh.cells].mean(axis=1) / UM).astype(int))
