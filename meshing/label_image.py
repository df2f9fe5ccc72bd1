"""Labelled images: the phase of every voxel, and what is done to them before meshing."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from manufacturing.errors import InputError
from manufacturing.phases import Phase

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

FACES = ndimage.generate_binary_structure(3, 1)


@dataclass(frozen=True)
class LabelImage:
    """Phases and particles on a grid of voxels; x, y, z are the three axes of the arrays."""

    phases: IntArray  # (nx, ny, nz) members of Phase
    voxel: FloatArray  # (3,) [m]
    periodic: tuple[bool, bool, bool] = (False, False, False)
    particles: IntArray | None = None  # (nx, ny, nz) particle of each voxel; none: connected pieces of a phase
    report: dict[str, Any] = field(default_factory=dict)  # what was removed

    @property
    def size(self) -> FloatArray:
        """Edges of the image, shape (3,) [m]."""
        return np.asarray(self.voxel * np.array(self.phases.shape), dtype=np.float64)

    def fractions(self) -> dict[str, float]:
        """Return the share of the voxels of each phase that is present."""
        return {p.name: float((self.phases == p).mean()) for p in Phase if (self.phases == p).any()}


def map_labels(labels: IntArray, phase_of_label: dict[int, Phase]) -> IntArray:
    """Return the phases of an array of labels.

    Raises:
        InputError: a label without a phase.
    """
    present, index = np.unique(labels, return_inverse=True)
    missing = [int(label) for label in present if int(label) not in phase_of_label]
    if missing:
        raise InputError("geometry.labels", f"no phase for label {missing[0]}", f"each of {present[:20].tolist()}")
    table = np.array([int(phase_of_label[int(label)]) for label in present])
    return np.asarray(table[index].reshape(labels.shape), dtype=np.int64)


def crop(image: LabelImage, first: tuple[int, int, int], last: tuple[int, int, int]) -> LabelImage:
    """Keep the voxels ``first`` to ``last``, the last one excluded.

    Raises:
        InputError: the window is empty or reaches beyond the image.
    """
    shape = image.phases.shape
    if any(not 0 <= a < b <= n for a, b, n in zip(first, last, shape, strict=True)):
        raise InputError("geometry.crop", f"{list(first)} to {list(last)}", f"a window within {list(shape)} voxels")
    window = tuple(slice(a, b) for a, b in zip(first, last, strict=True))
    whole = [a == 0 and b == n for a, b, n in zip(first, last, shape, strict=True)]
    x, y, z = (p and w for p, w in zip(image.periodic, whole, strict=True))
    particles = None if image.particles is None else image.particles[window]
    return replace(image, phases=image.phases[window], particles=particles, periodic=(x, y, z))


def downsample(image: LabelImage, factor: int) -> LabelImage:
    """Merge ``factor``^3 voxels into one with their most frequent phase, at a tie the lower phase number.

    Particles are those of the first voxel of the winning phase.

    Raises:
        InputError: the number of voxels along an axis is no multiple of the factor.
    """
    shape = np.array(image.phases.shape)
    if (shape % factor).any():
        raise InputError("geometry.downsample", factor, f"a divisor of {shape.tolist()} voxels; geometry.crop helps")
    blocks = _blocks(image.phases, factor)
    votes = np.stack([(blocks == p).sum(axis=-1) for p in Phase], axis=-1)
    phases = np.array([int(p) for p in Phase])[votes.argmax(axis=-1)]
    particles = image.particles
    if particles is not None:
        first = (blocks == phases[..., None]).argmax(axis=-1)
        particles = np.take_along_axis(_blocks(particles, factor), first[..., None], axis=-1)[..., 0]
    return replace(image, phases=phases, particles=particles, voxel=image.voxel * factor)


def _blocks(values: IntArray, factor: int) -> IntArray:
    """Return the values of each block, shape (nx / factor, ny / factor, nz / factor, factor^3)."""
    nx, ny, nz = (n // factor for n in values.shape)
    split = values.reshape(nx, factor, ny, factor, nz, factor).transpose(0, 2, 4, 1, 3, 5)
    return np.asarray(split.reshape(nx, ny, nz, factor**3))


def connected_pieces(mask: BoolArray, periodic: tuple[bool, bool, bool]) -> tuple[IntArray, int]:
    """Number the pieces of a mask that hang together by voxel faces, through periodic walls too, from 1 on."""
    pieces, count = ndimage.label(mask, structure=FACES)
    parent = np.arange(count + 1)
    for axis in range(3):
        if periodic[axis]:
            low, high = np.take(pieces, 0, axis), np.take(pieces, -1, axis)
            for a, b in np.unique(np.stack([low, high], -1)[(low > 0) & (high > 0)], axis=0):
                a, b = _root(parent, a), _root(parent, b)
                parent[max(a, b)] = min(a, b)
    roots = np.array([_root(parent, k) for k in range(count + 1)])
    used, number = np.unique(roots, return_inverse=True)
    return np.asarray(number[pieces], dtype=np.int64), len(used) - 1


def _root(parent: IntArray, k: int) -> int:
    while parent[k] != k:
        k = int(parent[k])
    return k


def remove_specks(image: LabelImage, smallest: int) -> LabelImage:
    """Give connected pieces below ``smallest`` voxels to the phase of the nearest voxel that stays.

    The report says how many pieces and which volume each phase lost.
    """
    specks = np.zeros(image.phases.shape, dtype=bool)
    report: dict[str, Any] = {}
    for phase in (p for p in Phase if (image.phases == p).any()):
        pieces, count = connected_pieces(image.phases == phase, image.periodic)
        sizes = np.bincount(pieces.ravel(), minlength=count + 1)
        small = np.flatnonzero(sizes < smallest)
        small = small[small > 0]
        specks |= np.isin(pieces, small)
        volume = float(sizes[small].sum() * np.prod(image.voxel))
        report[phase.name] = {"pieces": len(small), "voxels": int(sizes[small].sum()), "volume_m3": volume}
    if specks.all():
        raise InputError("geometry.smallest_piece", smallest, "less than the largest piece of the image")
    phases, particles = image.phases.copy(), image.particles
    if specks.any():
        nearest = nearest_voxel(~specks, image.voxel, image.periodic)
        phases = phases[nearest]
        particles = None if particles is None else particles[nearest]
    return replace(image, phases=phases, particles=particles, report=image.report | {"removed_specks": report})


def nearest_voxel(mask: BoolArray, voxel: FloatArray, periodic: tuple[bool, bool, bool]) -> tuple[IntArray, ...]:
    """Return for every voxel the indices of the nearest one of a mask that holds at least one voxel."""
    padding = [n if p else 0 for n, p in zip(_margins(mask.shape), periodic, strict=True)]
    padded = np.pad(mask, [(p, p) for p in padding], mode="wrap")
    index = ndimage.distance_transform_edt(~padded, sampling=voxel, return_distances=False, return_indices=True)
    inner = tuple(slice(p, p + n) for p, n in zip(padding, mask.shape, strict=True))
    return tuple((index[a][inner] - padding[a]) % mask.shape[a] for a in range(3))


def signed_distance(mask: BoolArray, voxel: FloatArray, periodic: tuple[bool, bool, bool]) -> FloatArray:
    """Return the distance of every voxel centre to the boundary of a mask, negative inside, in units of ``voxel``.

    The boundary lies half-way between the centres of neighbouring voxels of different kind.
    """
    if mask.all() or not mask.any():
        return np.full(mask.shape, -1e3 if mask.all() else 1e3) * float(voxel.max())
    padding = [n if p else 0 for n, p in zip(_margins(mask.shape), periodic, strict=True)]
    padded = np.pad(mask, [(p, p) for p in padding], mode="wrap")
    half = 0.5 * float(np.prod(voxel) ** (1.0 / 3.0))
    inside = ndimage.distance_transform_edt(padded, sampling=voxel)
    outside = ndimage.distance_transform_edt(~padded, sampling=voxel)
    distance = np.where(padded, half - inside, outside - half)
    return np.asarray(distance[tuple(slice(p, p + n) for p, n in zip(padding, mask.shape, strict=True))])


def _margins(shape: tuple[int, ...]) -> list[int]:
    """Half the image, at most 24 voxels: farther surfaces do not matter to a voxel."""
    return [min(n, 24) for n in shape]
