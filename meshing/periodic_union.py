"""Union-find on a periodic box that knows when a cluster meets its own image: wrapping along each axis.

Reference: J. Machta, Y. S. Choi, A. Lucke, T. Schweizer, L. V. Chayes, Phys. Rev. E 54 (1996) 1332.
"""

from __future__ import annotations

import numpy as np

from .compiled import compiled
from .torus_mesh import IntArray


@compiled
def _root(parent: IntArray, shift: IntArray, item: int) -> int:
    """Return the root of an item and hang the whole path under it; ``shift`` counts periods from parent to item."""
    top = item
    while parent[top] != top:
        top = parent[top]
    total = np.zeros(3, np.int64)
    walker = item
    while parent[walker] != top and walker != top:
        total += shift[walker]
        walker = parent[walker]
    if walker != top:
        total += shift[walker]
    walker = item
    while parent[walker] != top and walker != top:
        following = parent[walker]
        step = shift[walker].copy()
        parent[walker], shift[walker] = top, total
        total = total - step
        walker = following
    return int(top)


@compiled
def first_wrapping(count: int, first: IntArray, second: IntArray, image: IntArray) -> IntArray:
    """Add links one after the other and return the link with which a cluster first meets its own image.

    A cluster wraps along an axis where it holds an item and the same item moved by periods along this axis.

    Args:
        count: number of items.
        first: items, shape (links,).
        second: their partners, shape (links,).
        image: periods by which the partner is moved to be the neighbour of the first, shape (links, 3).

    Returns:
        Index of the link for x, y and z, shape (3,); -1 where nothing wraps.
    """
    parent = np.arange(count)
    size = np.ones(count, np.int64)
    shift = np.zeros((count, 3), np.int64)
    found = np.full(3, -1, np.int64)
    for link in range(len(first)):
        a, b = _root(parent, shift, first[link]), _root(parent, shift, second[link])
        # Roots have no shift: the partner's root lies this many periods from the first one's.
        apart = shift[first[link]] + image[link] - shift[second[link]]
        if a == b:
            for axis in range(3):
                if apart[axis] != 0 and found[axis] < 0:
                    found[axis] = link
            if found.min() >= 0:
                break
        elif size[a] >= size[b]:
            parent[b], shift[b] = a, apart
            size[a] += size[b]
        else:
            parent[a], shift[a] = b, -apart
            size[b] += size[a]
    return found
