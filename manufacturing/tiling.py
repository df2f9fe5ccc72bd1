"""Tiling: copies of a packing side by side along its periodic axes."""

from __future__ import annotations

from itertools import product

import numpy as np

from .errors import InputError
from .packing import Packing


def tile(packing: Packing, copies: tuple[int, int, int]) -> Packing:
    """Repeat a packing along periodic axes.

    The first copy keeps its ids; those of the k-th further copy are raised by k times the largest id.

    Args:
        packing: spheres in a box.
        copies: number along x, y and z; 1 leaves an axis as it is.

    Raises:
        InputError: less than one copy, or several along an axis that is not periodic.
    """
    for axis, count in enumerate(copies):
        if count < 1:
            raise InputError(f"tiling {'xyz'[axis]}", count, "at least 1")
        if count > 1 and not packing.periodic[axis]:
            raise InputError(f"tiling {'xyz'[axis]}", f"{count} along an axis that is not periodic", "1")
    shifts = np.array(list(product(*(range(count) for count in copies))))
    total = len(shifts)
    stride = int(packing.particle_ids.max(initial=0))
    centres = (packing.centres[None, :, :] + (shifts * packing.size)[:, None, :]).reshape(-1, 3)
    ids = (packing.particle_ids[None, :] + stride * np.arange(total)[:, None]).ravel()
    upper = packing.lower + packing.size * np.array(copies)
    return Packing(
        np.where(np.array(packing.periodic), np.minimum(centres, upper), centres),  # round-off at the far face
        np.tile(packing.radii, total),
        np.tile(packing.phases, total),
        ids,
        packing.lower,
        upper,
        packing.periodic,
        {**packing.provenance, "tiling": list(copies)},
    )
