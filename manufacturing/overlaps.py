"""Overlap of a packing: how deep spheres sit in each other, and the volume that this hides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .contacts import Contacts

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

BINS = 20


@dataclass(frozen=True)
class OverlapStatistics:
    """Overlaps as fractions of r_i + r_j, over the pairs that overlap."""

    pairs: int  # that overlap
    mean: float
    max: float
    histogram: IntArray  # (bins,) pairs between two edges
    edges: FloatArray  # (bins + 1,) from 0 to the largest overlap
    shared_volume: float  # [m3] sum of the lenses of all pairs; where three spheres meet it counts more than once
    sphere_volume: float  # [m3] of all spheres of the packing

    @property
    def shared_fraction(self) -> float:
        """Sum of the lenses over the volume of all spheres: an upper bound for the volume lost to overlap."""
        return self.shared_volume / self.sphere_volume if self.sphere_volume else 0.0


def overlap_statistics(contacts: Contacts, bins: int = BINS) -> OverlapStatistics:
    """Summarise the overlaps among contacts; gaps are left out.

    For one pair of phases give ``contacts.between(...)``.

    Args:
        contacts: of a packing, or a part of them.
        bins: of the histogram.
    """
    fraction = contacts.overlap_fraction
    deep = np.asarray(fraction[fraction > 0.0])
    largest = float(deep.max()) if len(deep) else 0.0
    histogram, edges = np.histogram(deep, bins, (0.0, largest or 1.0))
    return OverlapStatistics(
        len(deep),
        float(deep.mean()) if len(deep) else 0.0,
        largest,
        histogram.astype(np.int64),
        edges,
        float(contacts.lens_volume.sum()),
        float((4.0 / 3.0 * np.pi * contacts.packing.radii**3).sum()),
    )
