"""Profiles of a packing along z: volume fractions, porosity and number density, layer by layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .errors import InputError
from .packing import Packing
from .phases import PARTICLE_PHASES, Phase
from .porosity import CBD_NANOPOROSITY, paint

FloatArray = npt.NDArray[np.float64]

LAYERS = 40
VOXELS = 4e6  # of the whole box, when no voxel is given


@dataclass(frozen=True)
class HeightProfile:
    """Figures of equally thick layers from the lower to the upper plane."""

    edges: FloatArray  # (layers + 1,) [m]
    AM: FloatArray  # (layers,) share of the layer, overlaps counted once
    SE: FloatArray
    CBD: FloatArray
    void: FloatArray
    number_density: dict[str, FloatArray]  # phase name -> (layers,) centres per volume [1/m3]

    @property
    def middle(self) -> FloatArray:
        """Height of the middle of each layer, shape (layers,) [m]."""
        return np.asarray(0.5 * (self.edges[1:] + self.edges[:-1]))

    def porosity(self, nanoporosity: float = CBD_NANOPOROSITY) -> FloatArray:
        """Return the void plus the nanopores inside the CBD, shape (layers,)."""
        return np.asarray(self.void + nanoporosity * self.CBD)


def height_profile(packing: Packing, layers: int = LAYERS, voxel: float | None = None) -> HeightProfile:
    """Measure a packing layer by layer on voxels; overlaps count once (AM before CBD before SE).

    Args:
        packing: spheres in a box.
        layers: number of layers of equal thickness.
        voxel: edge length [m]; None: four million in the box. It is reduced so that whole voxels fill a layer.

    Raises:
        InputError: no layer, or a voxel that is not positive or larger than the box.
    """
    if layers < 1:
        raise InputError("profile layers", layers, "at least 1")
    if voxel is not None and not voxel > 0.0:
        raise InputError("profile voxel", voxel, "above 0")
    lower, size = packing.lower, packing.size
    wanted = voxel if voxel is not None else float((size.prod() / VOXELS) ** (1.0 / 3.0))
    spacing = _spacing(float(size[2]), layers, wanted)
    labels = paint(packing.centres, packing.radii, packing.phases, (lower, packing.upper), packing.periodic, spacing)
    owner = np.minimum(np.arange(labels.shape[2]) * layers // labels.shape[2], layers - 1)
    shares = {phase: _shares(labels == phase, owner, layers) for phase in PARTICLE_PHASES}
    void = 1.0 - sum(shares.values(), np.zeros(layers))
    edges = np.linspace(lower[2], packing.upper[2], layers + 1)
    return HeightProfile(
        edges, shares[Phase.AM], shares[Phase.SE], shares[Phase.CBD], void, _number_density(packing, edges)
    )


def _spacing(height: float, layers: int, voxel: float) -> float:
    """Return the largest edge length up to ``voxel`` of which whole numbers fill a layer [m]."""
    thickness = height / layers
    return float(thickness / np.ceil(thickness / voxel * (1.0 - 1e-12)))


def _shares(mask: npt.NDArray[np.bool_], owner: npt.NDArray[np.int64], layers: int) -> FloatArray:
    """Return the share of true voxels in each layer, shape (layers,)."""
    share = mask.mean(axis=(0, 1))
    return np.asarray(np.bincount(owner, share, layers) / np.bincount(owner, minlength=layers))


def _number_density(packing: Packing, edges: FloatArray) -> dict[str, FloatArray]:
    """Return centres per volume of each present phase; centres outside the planes count for none."""
    volume = packing.size[0] * packing.size[1] * np.diff(edges)
    counts = {
        phase.name: np.histogram(packing.centres[packing.phases == phase, 2], edges)[0] for phase in PARTICLE_PHASES
    }
    return {name: count / volume for name, count in counts.items() if name in packing.count_by_phase()}
