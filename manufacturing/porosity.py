"""Volume fractions of overlapping spheres, counted on voxels so that shared volume counts once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .errors import InputError
from .phases import OVERLAP_PRIORITY, Phase

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
LabelArray = npt.NDArray[np.uint8]

CBD_NANOPOROSITY = 0.5  # share of the CBD's volume that is nanopores (paper 001)


@dataclass(frozen=True)
class VolumeFractions:
    """Shares of the box, overlaps counted once (AM before CBD before SE)."""

    AM: float
    SE: float
    CBD: float
    void: float

    def porosity(self, nanoporosity: float = CBD_NANOPOROSITY) -> float:
        """Return the void plus the nanopores inside the CBD, 0-1."""
        return self.void + nanoporosity * self.CBD

    @property
    def porosity_without_nanopores(self) -> float:
        """The void between the beads, 0-1."""
        return self.void


def volume_fractions(
    centres: FloatArray,
    radii: FloatArray,
    phases: IntArray,
    box: tuple[FloatArray, FloatArray],
    periodic: tuple[bool, bool, bool],
    voxel: float = 0.5e-6,
) -> VolumeFractions:
    """Count the voxels whose centre lies in a sphere of each phase.

    Args:
        centres: shape (n, 3) [m].
        radii: shape (n,) [m].
        phases: members of Phase, shape (n,).
        box: its lower and upper corner, each of shape (3,) [m]; on other than periodic axes spheres are clipped.
        periodic: axes along which a sphere enters again on the other side.
        voxel: edge length [m]; rounded so that the voxels fill the box.

    Raises:
        InputError: the voxel is not positive or larger than the box.
    """
    labels = paint(centres, radii, phases, box, periodic, voxel)
    share = np.bincount(labels.ravel(), minlength=max(Phase) + 1) / labels.size
    return VolumeFractions(float(share[Phase.AM]), float(share[Phase.SE]), float(share[Phase.CBD]), float(share[0]))


def paint(
    centres: FloatArray,
    radii: FloatArray,
    phases: IntArray,
    box: tuple[FloatArray, FloatArray],
    periodic: tuple[bool, bool, bool],
    voxel: float,
) -> LabelArray:
    """Return the phase at every voxel centre (0 outside all spheres), shape (nx, ny, nz).

    Arguments and errors as in :func:`volume_fractions`.
    """
    lower, upper = box
    size = upper - lower
    if not 0.0 < voxel <= size.min():
        raise InputError("porosity voxel", f"{voxel:g} m", f"above 0, at most the box ({size.min():g} m)")
    shape = np.maximum(1, np.round(size / voxel).astype(int))
    spacing = size / shape
    labels = np.zeros(shape, dtype=np.uint8)
    for phase in reversed(OVERLAP_PRIORITY):
        for bead in np.flatnonzero(phases == phase):
            _paint_sphere(labels, (centres[bead] - lower) / spacing - 0.5, radii[bead], spacing, periodic, int(phase))
    return labels


def _paint_sphere(
    labels: LabelArray,
    position: FloatArray,
    radius: float,
    spacing: FloatArray,
    periodic: tuple[bool, bool, bool],
    value: int,
) -> None:
    """Paint one sphere; ``position`` is its centre in voxel indices."""
    indices, squares = [], []
    for axis in range(3):
        reach = radius / spacing[axis]
        index = np.arange(int(np.ceil(position[axis] - reach)), int(np.floor(position[axis] + reach)) + 1)
        if not periodic[axis]:
            index = np.extract((index >= 0) & (index < labels.shape[axis]), index)
        indices.append(index % labels.shape[axis])
        squares.append(((index - position[axis]) * spacing[axis]) ** 2)
    inside = squares[0][:, None, None] + squares[1][None, :, None] + squares[2][None, None, :] <= radius**2
    where = np.nonzero(inside)
    labels[indices[0][where[0]], indices[1][where[1]], indices[2][where[2]]] = value
