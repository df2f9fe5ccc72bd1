"""Which clusters of cells wrap around a periodic box, and in which directions.

A cluster carries a mean current along a periodic axis only where some closed path through it ends on
another image of its start: touching both walls is not enough. Every cell gets an integer image (how many
boxes away from the start of its cluster it is reached); a wall link whose images disagree closes such a path.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from .connectivity import CellGraph

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class WrappingClusters:
    """Clusters through periodic walls and the axes around which each wraps."""

    labels: IntArray  # (cells,) cluster of each member cell, -1 elsewhere
    wraps: BoolArray  # (clusters, 3)

    def along(self, axes: tuple[int, ...]) -> BoolArray:
        """Return which cells belong to a cluster that wraps around one of the axes, shape (cells,)."""
        wanted = np.append(self.wraps[:, list(axes)].any(axis=1), False)  # the last one stands for -1
        return np.asarray(wanted[self.labels])


def find_wrapping(graph: CellGraph, member: BoolArray) -> WrappingClusters:
    """Find the clusters of member cells and the axes around which they wrap.

    Args:
        graph: neighbours of the cells; its periodic walls are those around which a cluster may wrap.
        member: (cells,) mask.
    """
    size = len(member)
    inner = graph.inner_links[member[graph.inner_links].all(axis=1)]
    pieces, piece = _components(inner, size)
    links, steps = _wall_links(graph, member, piece)
    count, cluster_of_piece = _components(links, pieces)
    images = _images(links, steps, pieces, cluster_of_piece)
    closed = images[links[:, 0]] + steps - images[links[:, 1]]
    wraps = np.zeros((count, 3), dtype=bool)
    for axis in range(3):
        wraps[cluster_of_piece[links[closed[:, axis] != 0, 0]], axis] = True
    return WrappingClusters(np.where(member, cluster_of_piece[piece], -1), wraps)


def _components(links: IntArray, size: int) -> tuple[int, IntArray]:
    graph = coo_matrix((np.ones(len(links), dtype=np.int8), (links[:, 0], links[:, 1])), shape=(size, size))
    count, label = connected_components(graph, directed=False)
    return int(count), label.astype(np.int64)


def _wall_links(graph: CellGraph, member: BoolArray, piece: IntArray) -> tuple[IntArray, IntArray]:
    """Return pairs of pieces (upper wall, lower wall) and the step to the next image, each different link once."""
    rows = [np.empty((0, 3), dtype=np.int64)]
    for axis, walls in graph.walls.items():
        cells = walls.cells[member[walls.cells].all(axis=1)]
        rows.append(np.column_stack([piece[cells[:, 1]], piece[cells[:, 0]], np.full(len(cells), axis)]))
    links = np.unique(np.concatenate(rows), axis=0)
    return links[:, :2], np.eye(3, dtype=np.int64)[links[:, 2]]


def _images(links: IntArray, steps: IntArray, pieces: int, cluster: IntArray) -> IntArray:
    """Return the image of each piece, shape (pieces, 3), reached from the first piece of its cluster."""
    images = np.zeros((pieces, 3), dtype=np.int64)
    known = np.zeros(pieces, dtype=bool)
    known[np.unique(cluster, return_index=True)[1]] = True
    both = np.concatenate([links, links[:, ::-1]])
    moves = np.concatenate([steps, -steps])
    while True:
        new = known[both[:, 0]] & ~known[both[:, 1]]
        if not new.any():
            return images
        target, first = np.unique(both[new, 1], return_index=True)
        images[target] = (images[both[new, 0]] + moves[new])[first]
        known[target] = True
