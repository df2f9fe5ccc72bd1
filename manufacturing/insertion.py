"""Random dilute start: beads that do not touch, in a large periodic box."""

from __future__ import annotations

import itertools
from collections import defaultdict

import numpy as np
import numpy.typing as npt

from .configuration import Configuration
from .errors import StageError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

TRIES_PER_BEAD = 1000


def insert_randomly(radii: FloatArray, size: FloatArray, seed: int) -> Configuration:
    """Place beads one after the other, largest first, at random positions without overlap.

    Args:
        radii: bead radii, shape (n,) [m].
        size: edge lengths of the periodic box, shape (3,) [m].
        seed: of the random generator; the same seed gives the same positions.

    Raises:
        StageError: a bead found no free place; the box is too dense for random insertion.
    """
    generator = np.random.default_rng(seed)
    order = np.argsort(-radii, kind="stable")
    placed = _Placed(radii[order], np.array(size, dtype=np.float64))
    for number in range(len(radii)):
        placed.add(_free_place(generator, placed, number), number)
    centres = np.empty_like(placed.centres)
    centres[order] = placed.centres
    return Configuration(centres, np.zeros(3), placed.size)


class _Placed:
    """Beads in a periodic box, found by cells that are at least as wide as the longest reach.

    Args:
        radii: in order of placing, the largest first, shape (n,) [m].
        size: edge lengths of the box, shape (3,) [m].
    """

    def __init__(self, radii: FloatArray, size: FloatArray) -> None:
        self.radii = radii
        self.size = size
        self.centres: FloatArray = np.empty((len(radii), 3))
        reach = 2.0 * float(radii.max(initial=0.0)) or float(size.min())
        # More cells than beads would only cost memory.
        self._cells = np.clip((size / reach).astype(np.int64), 1, 128)
        around = (range(-1, 2) if count > 2 else range(count) for count in map(int, self._cells))
        self._around = np.array(list(itertools.product(*around)), dtype=np.int64)
        self._members: dict[int, list[int]] = defaultdict(list)

    def add(self, centre: FloatArray, number: int) -> None:
        """Place a bead."""
        self.centres[number] = centre
        self._members[int(self._number(self._cell(centre)))].append(number)

    def overlaps(self, centre: FloatArray, number: int) -> bool:
        """Return whether a bead would touch one that is placed."""
        cells = self._number((self._cell(centre) + self._around) % self._cells)
        near = [bead for cell in map(int, cells) if cell in self._members for bead in self._members[cell]]
        if not near:
            return False
        distance = np.abs(self.centres[near] - centre)
        distance = np.minimum(distance, self.size - distance)
        reach = self.radii[near] + self.radii[number]
        return bool(((distance**2).sum(axis=1) < reach**2).any())

    def _cell(self, centre: FloatArray) -> IntArray:
        return np.minimum((centre / self.size * self._cells).astype(np.int64), self._cells - 1)

    def _number(self, cell: IntArray) -> IntArray:
        x, y, z = np.moveaxis(cell, -1, 0)
        return np.asarray((x * self._cells[1] + y) * self._cells[2] + z)


def _free_place(generator: np.random.Generator, placed: _Placed, number: int) -> FloatArray:
    for _ in range(TRIES_PER_BEAD):
        candidate = generator.random(3) * placed.size
        if not placed.overlaps(candidate, number):
            return np.asarray(candidate)
    raise StageError(
        f"insertion: no free place for bead {number + 1} after {TRIES_PER_BEAD} tries; start from a larger box"
    )
