"""The void between the spheres of a packing as pores and throats, exact in what hangs together.

Pores are the corners of the power diagram from which no edge leads upwards, throats the edges whose power has its
smallest value between their ends. Planes and insulated walls are mirrors: the diagram of the packing with its
mirror images is symmetric, and what crosses a mirror reaches the plane.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from .clusters import connected_labels
from .packing import Packing
from .power_diagram import PowerDiagram, power_diagram

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

CONSTRICTION = 1e-9  # of the power at the ends: an edge with a smaller dip has no throat


@dataclass(frozen=True)
class VoidNetwork:
    """Pores and throats of the void of a packing."""

    pores: FloatArray  # (n, 3) [m] where the void is widest
    joined: IntArray  # (m, 2) pores at the ends of each throat, equal for one that leads to an image
    throat_radius: FloatArray  # (m,) [m] of the sphere that passes
    labels: IntArray  # (n,) number of the connected part of each pore
    below: BoolArray  # (n,) part reaches the lower plane
    above: BoolArray  # (n,) part reaches the upper plane

    @property
    def percolates(self) -> bool:
        """Whether the void joins both planes."""
        return bool((self.below & self.above).any())

    @property
    def coordination(self) -> IntArray:
        """Throats of each pore, shape (n,)."""
        return np.bincount(self.joined.ravel(), minlength=len(self.pores)).astype(np.int64)

    def figures(self) -> dict[str, Any]:
        """Return counts for the summary; shares are by number of pores."""
        count = max(len(self.pores), 1)
        radii = self.throat_radius
        return {
            "nodes": len(self.pores),
            "throats": len(self.joined),
            "mean_coordination": float(self.coordination.sum()) / count,
            "clusters": len(np.unique(self.labels)),
            "percolates": self.percolates,
            "percolating_share_of_nodes": float((self.below & self.above).sum()) / count,
            "isolated_share_of_nodes": float((~self.below & ~self.above).sum()) / count,
            "median_throat_radius_m": float(np.median(radii)) if len(radii) else None,
        }


def void_network(packing: Packing) -> VoidNetwork:
    """Find pores and throats of the void between the planes of a packing, all phases taken as solid."""
    mirrored = ~np.asarray(packing.periodic)
    centres, radii = _with_mirrors(packing, mirrored)
    size = np.where(mirrored, 2.0, 1.0) * packing.size
    inside = packing.lower + (centres - packing.lower) % size
    diagram = power_diagram(inside, radii, packing.lower, size)
    number, kept = _folded(diagram.corners, packing, mirrored)
    open_edge = diagram.edge_power > 0.0
    ends = number[np.column_stack([diagram.first, diagram.second])]
    labels = connected_labels(ends[open_edge], np.ones(len(kept), dtype=np.bool_))
    reached = [_touched(diagram, open_edge, labels, ends, plane, float(size[2])) for plane in _planes(packing)]
    pore = _widest(diagram.corner_power[kept], ends, diagram.edge_power)
    pores = np.flatnonzero((pore == np.arange(len(kept))) & (diagram.corner_power[kept] > 0.0))
    order = np.full(len(kept), -1, dtype=np.int64)
    order[pores] = np.arange(len(pores))
    throats = _throats(diagram, ends, open_edge, kept)
    joined, throats = _once(order[pore[ends[throats]]], throats, diagram, packing, mirrored)
    weight = diagram.edge_weight[throats]
    radius = np.sqrt(diagram.edge_power[throats] + weight) - np.sqrt(weight)
    found = labels[pores]
    return VoidNetwork(diagram.corners[kept[pores]], joined, radius, found, reached[0][found], reached[1][found])


def _planes(packing: Packing) -> tuple[float, float]:
    return float(packing.lower[2]), float(packing.upper[2])


def _with_mirrors(packing: Packing, mirrored: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Return centres and radii with the mirror images at the upper wall of each axis that is not periodic."""
    centres, radii = packing.centres, packing.radii
    for axis in np.flatnonzero(mirrored):
        image = centres.copy()
        image[:, axis] = 2.0 * packing.upper[axis] - image[:, axis]
        centres, radii = np.concatenate([centres, image]), np.concatenate([radii, radii])
    return centres, radii


def _folded(corners: FloatArray, packing: Packing, mirrored: BoolArray) -> tuple[IntArray, IntArray]:
    """Return for each corner the number of its copy inside the walls, and the corners that are those copies."""
    slack = 1e-6 * float(packing.size.min())
    folded = np.where(mirrored & (corners > packing.upper), 2.0 * packing.upper - corners, corners)
    inner = np.flatnonzero(((corners <= packing.upper + slack) | ~mirrored).all(axis=1))
    _, number = cKDTree(corners[inner]).query(folded)
    used, number = np.unique(number, return_inverse=True)
    return number, inner[used]


def _touched(
    diagram: PowerDiagram,
    open_edge: BoolArray,
    labels: IntArray,
    ends: IntArray,
    plane: float,
    period: float,
) -> BoolArray:
    """Return which connected parts have an open edge through a plane, shape (labels,)."""
    found = np.zeros(int(labels.max(initial=-1)) + 1, dtype=np.bool_)
    start = diagram.corners[diagram.first, 2]
    end = diagram.corners[diagram.second, 2] + diagram.image[:, 2] * period
    for level in (plane - period, plane, plane + period):
        crossing = open_edge & ((start - level) * (end - level) <= 0.0)
        found[labels[ends[crossing].ravel()]] = True
    return found


def _widest(power: FloatArray, ends: IntArray, edge_power: FloatArray) -> IntArray:
    """Return for each corner the corner at the end of the way upwards, by edges without a constriction."""
    low, high = ends[:, 0], ends[:, 1]
    swap = power[low] > power[high]
    low, high = np.where(swap, high, low), np.where(swap, low, high)
    rising = (power[high] > power[low]) & (edge_power >= power[low] - CONSTRICTION * np.abs(power[low]))
    low, high = low[rising], high[rising]
    target = np.arange(len(power))
    order = np.argsort(power[high], kind="stable")
    target[low[order]] = high[order]  # the last one written is the highest
    while True:
        further = target[target]
        if np.array_equal(further, target):
            return target
        target = further


def _throats(diagram: PowerDiagram, ends: IntArray, open_edge: BoolArray, kept: IntArray) -> IntArray:
    """Return the open edges with a constriction."""
    smaller = diagram.corner_power[kept][ends].min(axis=1)
    return np.flatnonzero(open_edge & (diagram.edge_power < smaller * (1.0 - CONSTRICTION)))


def _once(
    joined: IntArray, throats: IntArray, diagram: PowerDiagram, packing: Packing, mirrored: BoolArray
) -> tuple[IntArray, IntArray]:
    """Keep throats inside the walls: mirror images of others, and those that lead through a mirror, do not count."""
    upper = np.where(mirrored, packing.upper, np.inf)
    lower = np.where(mirrored, packing.lower, -np.inf)
    slack = 1e-6 * packing.size
    size = np.where(mirrored, 2.0, 1.0) * packing.size
    start = diagram.corners[diagram.first[throats]]
    end = diagram.corners[diagram.second[throats]] + diagram.image[throats] * size
    within = ((np.maximum(start, end) <= upper + slack) & (np.minimum(start, end) >= lower - slack)).all(axis=1)
    return joined[within], throats[within]
