"""Cut-outs: a box cut from a packing, and what the cut did to the particles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from .errors import InputError
from .packing import Packing
from .pairs import images_within

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class CutOut:
    """The part of a packing inside a box.

    Particles whole, clipped and copied are those of the part; dropped ones do not reach into it.
    """

    packing: Packing
    whole: int  # inside the new planes
    clipped: int  # cut by a new plane; they stick out of the part, which ends at the plane
    copies: int  # further images of a particle, with ids of their own
    dropped: int

    def as_dict(self) -> dict[str, int]:
        """Return the numbers of particles for a summary."""
        return {name: value for name, value in asdict(self).items() if name != "packing"}


def cut_out(
    packing: Packing, lower: Sequence[float] | FloatArray, upper: Sequence[float] | FloatArray, keep: str = ""
) -> CutOut:
    """Cut a box out of a packing.

    The new planes are not periodic. A particle enters with every image that reaches into the box; its
    lowest image keeps the id, further ones get ids above the largest one. With the corners of the packing
    itself, periodic planes are opened: spheres across them appear on both sides, volume fractions stay.

    Args:
        packing: spheres in a box.
        lower: corner of the part, shape (3,) [m]; inside the packing on axes that are not periodic.
        upper: opposite corner, shape (3,) [m]; at most one period away on periodic axes.
        keep: axes like ``xy`` that stay periodic; the part has the full width of the packing along them.

    Raises:
        InputError: the box is empty or reaches out of the packing, or an axis cannot stay periodic.
    """
    low, high = np.asarray(lower, dtype=np.float64), np.asarray(upper, dtype=np.float64)
    kept = _kept_axes(packing, low, high, keep)
    _check_box(packing, low, high)
    index, centres = _inside(packing, low, high, kept)
    ids, copies = _ids(packing.particle_ids, index)
    radii = packing.radii[index]
    periodic = (bool(kept[0]), bool(kept[1]), bool(kept[2]))
    provenance = {**packing.provenance, "cut_out": {"lower": low.tolist(), "upper": high.tolist()}}
    part = Packing(centres, radii, packing.phases[index], ids, low, high, periodic, provenance)
    clipped = int((_crosses(centres, radii, low, high) & ~kept).any(axis=1).sum())
    return CutOut(part, len(radii) - clipped, clipped, copies, len(packing.radii) - len(np.unique(index)))


def _kept_axes(packing: Packing, low: FloatArray, high: FloatArray, keep: str) -> BoolArray:
    """Return which axes stay periodic, shape (3,)."""
    kept = np.array([axis in keep for axis in "xyz"])
    slack = 1e-9 * packing.size
    full = (np.abs(low - packing.lower) <= slack) & (np.abs(high - packing.upper) <= slack)
    for axis in np.flatnonzero(kept):
        if not (packing.periodic[axis] and full[axis]):
            found = f"{'xyz'[axis]} from {low[axis]:g} to {high[axis]:g} m, periodic: {packing.periodic[axis]}"
            raise InputError("cut-out keep", found, "periodic axes that are kept in full")
    return kept


def _check_box(packing: Packing, low: FloatArray, high: FloatArray) -> None:
    slack = 1e-9 * packing.size
    for axis, name in enumerate("xyz"):
        size = high[axis] - low[axis]
        if not size > 0.0:
            raise InputError(f"cut-out {name}", f"{low[axis]:g} to {high[axis]:g} m", "a box of positive size")
        if packing.periodic[axis]:
            if size > packing.size[axis] + slack[axis]:
                raise InputError(f"cut-out {name}", f"{size:g} m", f"at most a period, {packing.size[axis]:g} m")
        elif low[axis] < packing.lower[axis] - slack[axis] or high[axis] > packing.upper[axis] + slack[axis]:
            expected = f"a part of {packing.lower[axis]:g} to {packing.upper[axis]:g} m"
            raise InputError(f"cut-out {name}", f"{low[axis]:g} to {high[axis]:g} m", expected)


def _inside(packing: Packing, low: FloatArray, high: FloatArray, kept: BoolArray) -> tuple[IntArray, FloatArray]:
    """Return index and centre of every image of a sphere that reaches into the box."""
    opened = (~kept) & np.array(packing.periodic)
    axes = (bool(opened[0]), bool(opened[1]), bool(opened[2]))
    reach = float(packing.radii.max(initial=0.0)) + float(np.abs(low - packing.lower).max() + packing.size.max())
    index, images = images_within(packing.centres, (packing.lower, packing.upper), axes, reach)
    centres = packing.centres[index] + images * packing.size
    nearest = np.clip(centres, low, high)
    reaches = ((centres - nearest) ** 2).sum(axis=1) < packing.radii[index] ** 2
    return index[reaches], centres[reaches]


def _ids(original: IntArray, index: IntArray) -> tuple[IntArray, int]:
    """Return unique ids, shape (m,), and the number of further images."""
    ids = original[index]
    first = np.zeros(len(ids), dtype=np.bool_)
    first[np.unique(index, return_index=True)[1]] = True
    copies = int((~first).sum())
    ids[~first] = int(original.max(initial=0)) + 1 + np.arange(copies)
    return ids, copies


def _crosses(centres: FloatArray, radii: FloatArray, low: FloatArray, high: FloatArray) -> BoolArray:
    """Tell for each axis which spheres reach over a plane, shape (m, 3)."""
    return np.asarray((centres - radii[:, None] < low) | (centres + radii[:, None] > high))
