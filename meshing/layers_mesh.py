"""Stacked slabs -> labelled mesh: the shape behind most closed-form answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from manufacturing.phases import Phase

from .labelled_mesh import NO_PARTICLE, LabelledMesh, build_labelled_mesh
from .structured_mesh import box_midpoints, kuhn_grid

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Layer:
    """A slab of one phase."""

    phase: Phase
    thickness: float  # [m]
    cells: int  # cells across the slab
    grading: float = 1.0  # last cell size / first cell size, in the stacking direction


@dataclass(frozen=True)
class LayersSettings:
    """Slabs stacked along ``axis``; the other two directions have ``cells_across`` cells."""

    layers: tuple[Layer, ...]
    axis: int = 2  # 2: stacked from the counter electrode to the collector; 0 or 1: side by side
    width: float = 1e-6  # [m] edge length in the directions across the stack
    cells_across: int = 1


def mesh_layers(settings: LayersSettings) -> LabelledMesh:
    """Mesh stacked slabs with structured tetrahedra, periodic in x and y."""
    planes = stack_planes(tuple(replace(layer, cells=1) for layer in settings.layers))
    across: FloatArray = np.asarray(np.linspace(0.0, settings.width, settings.cells_across + 1), dtype=np.float64)
    grids: list[FloatArray] = [across] * 3
    grids[settings.axis] = stack_planes(settings.layers)
    axes = (grids[0], grids[1], grids[2])
    vertices, cells = kuhn_grid(axes)
    slab = np.searchsorted(planes, box_midpoints(axes)[:, settings.axis]) - 1
    phases = np.array([int(layer.phase) for layer in settings.layers])[np.repeat(slab, 6)]
    particles = np.where(
        (phases == Phase.AM) | (phases == Phase.SE) | (phases == Phase.CBD), np.repeat(slab, 6), NO_PARTICLE
    )
    lower, upper = vertices.min(axis=0), vertices.max(axis=0)
    bottom = _electrode_bottom(settings, planes)
    report: dict[str, Any] = {"method": "layers"}
    return build_labelled_mesh(vertices, cells, phases, particles, lower, upper, bottom, (True, True, False), report)


def stack_planes(layers: tuple[Layer, ...]) -> FloatArray:
    """Return the coordinates of all grid planes of a stack, geometrically graded in each slab [m]."""
    planes = [np.zeros(1)]
    for layer in layers:
        ratio = layer.grading ** (1.0 / max(layer.cells - 1, 1))
        steps = ratio ** np.arange(layer.cells)
        planes.append(planes[-1][-1] + layer.thickness * np.cumsum(steps) / steps.sum())
    return np.concatenate(planes)


def _electrode_bottom(settings: LayersSettings, planes: FloatArray) -> float:
    """The electrode begins above the last separator slab of a vertical stack."""
    if settings.axis != 2:
        return 0.0
    tops = [planes[k + 1] for k, layer in enumerate(settings.layers) if layer.phase == Phase.separator]
    return float(tops[-1]) if tops else 0.0
