"""Random dilute start: beads that do not touch, in a large periodic box."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .configuration import Configuration
from .errors import StageError

FloatArray = npt.NDArray[np.float64]

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
    placed = np.empty((len(radii), 3))
    for rank, bead in enumerate(order):
        reach = radii[order[:rank]] + radii[bead]
        placed[rank] = _free_place(generator, placed[:rank], reach, size)
    centres = np.empty_like(placed)
    centres[order] = placed
    return Configuration(centres, np.zeros(3), np.array(size, dtype=np.float64))


def _free_place(generator: np.random.Generator, placed: FloatArray, reach: FloatArray, size: FloatArray) -> FloatArray:
    for _ in range(TRIES_PER_BEAD):
        candidate = generator.random(3) * size
        distance = np.abs(placed - candidate)
        distance = np.minimum(distance, size - distance)
        if not ((distance**2).sum(axis=1) < reach**2).any():
            return np.asarray(candidate)
    raise StageError(
        f"insertion: no free place for bead {len(placed) + 1} after {TRIES_PER_BEAD} tries; start from a larger box"
    )
