"""Teaching shapes of a few solids in a matrix, with exact volumes and areas: hemisphere, discs, cones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from manufacturing.errors import InputError
from manufacturing.phases import Phase, interface_name

from .solids import CONE, CYLINDER, SPHERE

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class SolidShape:
    """Solids of one kind and phase in a box with periodic x and y; they do not touch each other."""

    name: str
    kind: int
    phase: Phase
    matrix: Phase
    size: FloatArray  # (3,) [m]
    centres: FloatArray  # (n, 3) [m]
    radius: float  # [m]
    height: float  # [m] of cones, negative where the tip points down
    volume: float  # [m3] exact, all solids together
    area: float  # [m2] exact, towards the matrix

    def exact_fractions(self) -> dict[str, float]:
        """Return the exact share of the box of each phase."""
        share = self.volume / float(np.prod(self.size))
        return {self.phase.name: share, self.matrix.name: 1.0 - share}

    def exact_areas(self) -> dict[str, float]:
        """Return the exact area of the interface [m2]."""
        return {interface_name(self.phase, self.matrix): self.area}


def hemisphere(box: tuple[float, float, float], radius: float, phase: Phase, matrix: Phase) -> SolidShape:
    """Return a hemisphere in the middle of the collector: V = 2/3 pi r^3, A = 2 pi r^2.

    Raises:
        InputError: the hemisphere does not fit into the box.
    """
    largest = min(0.5 * box[0], 0.5 * box[1], box[2])
    if not radius < largest:
        raise InputError("geometry.radius", f"{radius:g} m", f"less than {largest:g} m, to fit the box")
    centre = np.array([[0.5 * box[0], 0.5 * box[1], box[2]]])
    volume, area = 2.0 / 3.0 * np.pi * radius**3, 2.0 * np.pi * radius**2
    return SolidShape("hemisphere", SPHERE, phase, matrix, np.array(box), centre, radius, 0.0, volume, area)


def discs(
    fraction: float, edge: float, counts: tuple[int, int], depth: float, phase: Phase, matrix: Phase
) -> SolidShape:
    """Return a square array of discs in the plane x-z, cylinders along y in a box of any depth.

    Args:
        fraction: area fraction of the discs, pi r^2/edge^2.
        edge: distance of neighbouring centres [m].
        counts: discs along x and z.
        depth: of the box along y [m].
        phase: of the discs.
        matrix: around them.

    Raises:
        InputError: the discs touch.
    """
    if not fraction < 0.25 * np.pi:
        raise InputError("geometry.fraction", fraction, "less than pi/4, where the discs touch")
    radius = edge * float(np.sqrt(fraction / np.pi))
    x, z = np.meshgrid(*[edge * (np.arange(n) + 0.5) for n in counts], indexing="ij")
    centres = np.column_stack([x.ravel(), np.full(x.size, 0.5 * depth), z.ravel()])
    size = np.array([counts[0] * edge, depth, counts[1] * edge])
    volume, area = len(centres) * np.pi * radius**2 * depth, len(centres) * 2.0 * np.pi * radius * depth
    return SolidShape("discs", CYLINDER, phase, matrix, size, centres, radius, 0.0, volume, area)


def cones(
    base_radius: float,
    height: float,
    edge: float,
    counts: tuple[int, int],
    thickness: float,
    phase: Phase,
    matrix: Phase,
) -> SolidShape:
    """Return a square array of cones on the collector: V = pi r^2 h/3 each, A = pi r sqrt(r^2 + h^2).

    Args:
        base_radius: of the circles on the collector [m].
        height: from there to the tip [m].
        edge: distance of neighbouring axes [m].
        counts: cones along x and y.
        thickness: of the electrode [m].
        phase: of the cones.
        matrix: around them.

    Raises:
        InputError: the cones touch or do not fit below the collector.
    """
    if not base_radius < 0.5 * edge:
        raise InputError("geometry.base_radius", f"{base_radius:g} m", f"less than half of the edge, {0.5 * edge:g} m")
    if not height < thickness:
        raise InputError("geometry.height", f"{height:g} m", f"less than the thickness, {thickness:g} m")
    x, y = np.meshgrid(*[edge * (np.arange(n) + 0.5) for n in counts], indexing="ij")
    centres = np.column_stack([x.ravel(), y.ravel(), np.full(x.size, thickness)])
    size = np.array([counts[0] * edge, counts[1] * edge, thickness])
    volume = len(centres) * np.pi * base_radius**2 * height / 3.0
    area = len(centres) * np.pi * base_radius * float(np.hypot(base_radius, height))
    return SolidShape("cones", CONE, phase, matrix, size, centres, base_radius, -height, volume, area)
