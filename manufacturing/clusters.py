"""Connected parts of a network between two planes: their sizes and which plane each reaches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

ISOLATED, FROM_BELOW, FROM_ABOVE, FROM_BOTH = range(4)  # states of a cluster
LISTED = 5  # largest clusters in the figures; the table has all


@dataclass(frozen=True)
class Clusters:
    """Connected parts of a network (cells of a mesh or particles), the largest first."""

    label: IntArray  # (items,) number of the cluster, -1 for what does not belong to the network
    volume: FloatArray  # (n,) [m3]
    items: IntArray  # (n,) cells or particles
    below: BoolArray  # (n,) reaches the lower plane of the electrode, the separator's side
    above: BoolArray  # (n,) reaches the upper plane, the collector's side

    @property
    def percolating(self) -> BoolArray:
        """Which clusters join both planes, shape (n,)."""
        return self.below & self.above

    @property
    def state(self) -> IntArray:
        """ISOLATED, FROM_BELOW, FROM_ABOVE or FROM_BOTH, shape (n,)."""
        return FROM_BELOW * self.below + FROM_ABOVE * self.above

    def members(self, which: BoolArray) -> BoolArray:
        """Return the items of chosen clusters (n,), shape (items,)."""
        return np.append(which, False)[self.label]

    def share(self, which: BoolArray) -> float:
        """Return the volume of chosen clusters over that of all; 0 for an empty network."""
        total = float(self.volume.sum())
        return float(self.volume[which].sum()) / total if total > 0.0 else 0.0

    def figures(self) -> dict[str, Any]:
        """Return counts and shares of the network's volume for the summary."""
        parts = [
            {
                "volume_m3": float(self.volume[k]),
                "share": self.share(np.arange(len(self.volume)) == k),
                "reaches_separator_side": bool(self.below[k]),
                "reaches_collector": bool(self.above[k]),
            }
            for k in range(min(LISTED, len(self.volume)))
        ]
        return {
            "clusters": len(self.volume),
            "percolates": bool(self.percolating.any()),
            "percolating_fraction": self.share(self.percolating),
            "connected_to_collector_fraction": self.share(self.above),
            "connected_to_separator_side_fraction": self.share(self.below),
            "isolated_fraction": self.share(~(self.below | self.above)),
            "largest_clusters": parts,
        }

    def columns(self, network: str) -> dict[str, list[Any]]:
        """Return one row per cluster for a CSV file, volumes in cubic micrometres, with the network's name."""
        total = float(self.volume.sum()) or 1.0
        return {
            "network": [network] * len(self.volume),
            "cluster": list(range(len(self.volume))),
            "items": list(self.items),
            "volume_um3": list(1e18 * self.volume),
            "share": list(self.volume / total),
            "reaches_separator_side": list(self.below.astype(int)),
            "reaches_collector": list(self.above.astype(int)),
        }


def find_clusters(
    links: IntArray, member: BoolArray, volumes: FloatArray, below: IntArray, above: IntArray
) -> Clusters:
    """Find the connected parts of the member items and order them by volume.

    Args:
        links: pairs of items that are neighbours, shape (links, 2); those with an item that is no member do not count.
        member: which items form the network, shape (items,).
        volumes: of all items, shape (items,) [m3].
        below: items at the lower plane.
        above: items at the upper plane.
    """
    raw = connected_labels(links, member)
    names, label = np.unique(raw, return_inverse=True)
    label = label - int(len(names) > 0 and names[0] < 0)
    count = int(label.max(initial=-1)) + 1
    volume = np.asarray(np.bincount(label[member], volumes[member], count), dtype=np.float64)
    order = np.argsort(-volume, kind="stable")
    rank = np.empty(count + 1, dtype=np.int64)
    rank[order], rank[count] = np.arange(count), -1
    label = rank[label]

    def touched(items: IntArray) -> BoolArray:
        """Return which clusters hold one of the items."""
        found = np.zeros(count + 1, dtype=np.bool_)
        found[label[items]] = True
        return found[:count]

    return Clusters(label, volume[order], np.bincount(label[member], minlength=count), touched(below), touched(above))


def stacked(networks: dict[str, Clusters]) -> dict[str, list[Any]]:
    """Return the rows of all clusters of several networks, by column."""
    columns: dict[str, list[Any]] = {}
    for name, clusters in networks.items():
        for key, values in clusters.columns(name).items():
            columns.setdefault(key, []).extend(values)
    return columns


def connected_labels(links: IntArray, member: BoolArray) -> IntArray:
    """Return a number for each connected part of the member items, -1 for items that are not members."""
    links = links[member[links].all(axis=1)]
    size = len(member)
    graph = coo_matrix((np.ones(len(links), dtype=np.int8), (links[:, 0], links[:, 1])), shape=(size, size))
    _, label = connected_components(graph, directed=False)
    return np.where(member, label, -1).astype(np.int64)


def break_text(name: str, clusters: Clusters, gap: float | None) -> str:
    """Say how a network fails to join the two planes: cluster sizes and the gap between them.

    Args:
        name: of the network, such as ``AM+CBD``.
        clusters: of the network.
        gap: smallest distance between what comes from one side and the other, or to the plane [m]; None: unknown.
    """
    if len(clusters.volume) == 0:
        return f"{name} does not percolate: there is none in the electrode"
    text = f"{name} does not percolate: {cluster_text(clusters)}"
    if gap is None:
        return text
    sides = "between the two"
    if not (clusters.above.any() and clusters.below.any()):
        sides = "to the collector" if not clusters.above.any() else "to the separator side"
    return f"{text}; gap {1e6 * gap:.3g} um {sides}"


def cluster_text(clusters: Clusters) -> str:
    """Return number and sizes of clusters and what reaches the planes, for messages."""
    sizes = ", ".join(f"{100.0 * volume / clusters.volume.sum():.3g} %" for volume in clusters.volume[:3])
    plural = "cluster" if len(clusters.volume) == 1 else "clusters, the largest"
    above, below = (100.0 * clusters.share(which) for which in (clusters.above, clusters.below))
    return (
        f"{len(clusters.volume)} {plural} of {sizes}; {above:.3g} % reach the collector, {below:.3g} % "
        "the separator side"
    )
