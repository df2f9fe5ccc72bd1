"""Labelled image -> smooth signed distances that the lattice is cut by.

The distance transform of each phase is smoothed by a Gaussian; the interpolating B-spline smooths it
once more. Smoothing with the variance s^2 per axis moves a surface of total curvature k (k = 2/r on a
sphere) inwards by s^2 k/2, so s^2/2 times the Laplacian is subtracted: planes stay in place and
curved surfaces keep their volume to fourth order in s/r. The level that encloses the volume of the
voxels takes the rest away.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from manufacturing.phases import OVERLAP_PRIORITY, Phase

from .grid_levels import PADDING, GridLevels
from .label_image import BoolArray, LabelImage, nearest_voxel, signed_distance

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

SPLINE_VARIANCE = 1.0 / 3.0  # [voxel^2] of the cubic B-spline
CURVATURE_WIDTH = 2.0  # [voxel] standard deviation at which curvature is measured
LARGEST_CURVATURE = 2.0  # times the cell size
MICROMETRE = 1e-6


def image_classes(image: LabelImage) -> list[Phase]:
    """Return the phases that are cut, in the order of cutting; the void is what remains."""
    return [phase for phase in OVERLAP_PRIORITY if (image.phases == phase).any()]


def extended_mask(image: LabelImage, classes: list[Phase], which: int) -> BoolArray:
    """Return where a class would be if the classes that were cut before it did not exist.

    Their voxels take the phase of the nearest other voxel, so that the surface of the class runs on
    into them and crosses their surface instead of running along it.
    """
    mask = image.phases == classes[which]
    earlier = np.isin(image.phases, [int(p) for p in classes[:which]])
    if earlier.any() and not earlier.all():
        mask = mask[nearest_voxel(~earlier, image.voxel, image.periodic)]
    return mask


def smooth_distance(
    mask: BoolArray,
    voxel: FloatArray,
    periodic: tuple[bool, bool, bool],
    smoothing: float,
    cell_size: float,
    correction: float,
) -> FloatArray:
    """Return spline coefficients of the signed distance to a mask, padded by ``PADDING`` voxels.

    Args:
        mask: voxels of the class.
        voxel: edges of a voxel, shape (3,), in the unit of the result.
        periodic: axes on which the image repeats; on the others it is mirrored.
        smoothing: standard deviation of the Gaussian [voxels].
        cell_size: of the mesh that will be cut, in the unit of the result.
        correction: the surface is moved outwards by half of this times cell_size^2 times its total
            curvature, which gives polyhedra the volume of the body that they are inscribed in.
    """
    modes = ["wrap" if p else "reflect" for p in periodic]
    distance = signed_distance(mask, voxel, periodic)
    smooth = ndimage.gaussian_filter(distance, smoothing, mode=modes)
    variance = smoothing**2 + SPLINE_VARIANCE
    sharp = smooth - 0.5 * variance * sum(_second_difference(smooth, axis, modes[axis]) for axis in range(3))
    values = sharp
    for axis in range(3):
        values = ndimage.correlate1d(values, [1.0 / 6.0, 4.0 / 6.0, 1.0 / 6.0], axis, mode=modes[axis])
    sharp = sharp - volume_level(values, mask, float(voxel.max()))
    wide = ndimage.gaussian_filter(distance, CURVATURE_WIDTH, mode=modes)
    curvature = sum(_second_difference(wide, axis, modes[axis]) / voxel[axis] ** 2 for axis in range(3))
    curvature = np.clip(curvature, -LARGEST_CURVATURE / cell_size, LARGEST_CURVATURE / cell_size)
    sharp -= 0.5 * correction * cell_size**2 * curvature
    for axis in range(3):
        width = [(PADDING, PADDING) if a == axis else (0, 0) for a in range(3)]
        sharp = np.pad(sharp, width, mode="wrap" if periodic[axis] else "symmetric")
    return np.asarray(sharp)


def volume_level(distance: FloatArray, mask: BoolArray, voxel: float) -> float:
    """Return the level at which a distance on a grid encloses the volume of a mask, within one ``voxel`` of 0.

    A grid point counts with the share of a voxel that lies inside a plane at its distance.
    """
    near = np.abs(distance) < 2.0 * voxel
    wanted = float(mask.sum()) - float((distance[~near] < 0.0).sum())
    values, low, high = distance[near] / voxel, -1.0, 1.0
    for _ in range(30):
        middle = 0.5 * (low + high)
        if np.clip(0.5 + middle - values, 0.0, 1.0).sum() < wanted:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high) * voxel


def _second_difference(values: FloatArray, axis: int, mode: str) -> FloatArray:
    return np.asarray(ndimage.correlate1d(values, [1.0, -2.0, 1.0], axis, mode=mode))


def image_levels(
    image: LabelImage, classes: list[Phase], smoothing: float, cell_size: float, correction: float
) -> GridLevels:
    """Return the distances [um] to all classes of an image; ``cell_size`` is in micrometres."""
    voxel = np.asarray(image.voxel / MICROMETRE, dtype=np.float64)
    grids = [
        smooth_distance(extended_mask(image, classes, k), voxel, image.periodic, smoothing, cell_size, correction)
        for k in range(len(classes))
    ]
    shape = tuple(n + 2 * PADDING for n in image.phases.shape)
    coefficients = np.array(grids, dtype=np.float32).reshape(-1, *shape)
    return GridLevels(coefficients, (0.5 - PADDING) * voxel, voxel)
