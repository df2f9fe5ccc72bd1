"""The phases of a labelled mesh at the points of a regular grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .labelled_mesh import LabelledMesh
from .phase_lines import PhaseLines, phase_lines
from .torus_mesh import FloatArray


@dataclass(frozen=True)
class PhaseGrid:
    """Phases at the middle of equal boxes that fill the electrode."""

    phases: npt.NDArray[np.uint8]  # (nx, ny, nz) members of Phase
    spacing: FloatArray  # (3,) [m]
    periodic: tuple[bool, bool, bool]  # along z only where nothing lies beyond the electrode's planes


def phase_grid(mesh: LabelledMesh, spacing: float) -> PhaseGrid:
    """Sample the electrode of a mesh.

    Args:
        mesh: labelled mesh.
        spacing: wanted distance of the points [m]; rounded so that whole boxes fill the electrode.
    """
    lines = phase_lines(mesh, 2, spacing)
    height = mesh.electrode_thickness
    count = max(1, round(height / spacing))
    phases = sample(lines, mesh.electrode_bottom, height / count, count)
    size = np.append((mesh.upper - mesh.lower)[:2] / lines.shape, height / count)
    x, y, z = mesh.periodic
    return PhaseGrid(phases, size, (x, y, z and mesh.electrode_bottom <= mesh.lower[2]))


def sample(lines: PhaseLines, bottom: float, step: float, count: int) -> npt.NDArray[np.uint8]:
    """Return the phase at the middle of ``count`` steps along each line, shape (*lines.shape, count)."""
    # Points passed up to a height; those of neighbouring pieces meet, so a line is filled without gaps.
    ends = np.clip(np.ceil((lines.end - bottom) / step - 0.5), 0, count).astype(np.int64)
    starts = np.clip(np.ceil((lines.start - bottom) / step - 0.5), 0, count).astype(np.int64)
    values = np.repeat(lines.phase.astype(np.uint8), ends - starts)
    return values.reshape(*lines.shape, count)
