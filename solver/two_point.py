"""Two-point correlation of a phase: the chance that both ends of a needle lie in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import fft

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

SLOPE_REACH = 4.0  # [spacing] needles from which the slope at zero length is taken


@dataclass(frozen=True)
class TwoPoint:
    """Two-point correlation of one phase on a grid."""

    distance: FloatArray  # (n,) [m] mean length of the needles of each bin, from 0
    radial: FloatArray  # (n,) mean over all directions
    along: tuple[FloatArray, FloatArray, FloatArray]  # x, y, z: for needles of 0, 1, 2... spacings
    spacing: FloatArray  # (3,) [m]
    specific_area: float  # [1/m] -4 times the slope of the radial mean at zero length

    @property
    def fraction(self) -> float:
        """Volume fraction, the value at zero length."""
        return float(self.radial[0])


def two_point(mask: npt.NDArray[np.bool_], spacing: FloatArray, periodic: tuple[bool, bool, bool]) -> TwoPoint:
    r"""Measure S2(r) = P(x in phase and x + r in phase) of a mask on a regular grid.

    S2(r) = phi - g(r), where g(r) is half the chance that only one end of a needle lies in the phase. All needles
    between grid points are counted by Fourier transforms; on an axis that is not periodic, those that fit into the
    box. (Counting both ends directly would bias the slope of an electrode whose planes hold less of the phase.)
    For any surface S2(r) = phi - s r/4 + ... (P. Debye, H. R. Anderson, H. Brumberger, J. Appl. Phys. 28 (1957)
    679) with the area per volume s; the slope comes from a cubic through phi.

    Args:
        mask: where the phase is, shape (nx, ny, nz).
        spacing: of the grid along each axis, shape (3,) [m].
        periodic: axes along which needles run through the walls.
    """
    value = float(mask.mean()) - _one_end(mask, periodic)
    longest = [n // 2 for n in mask.shape]
    distance, radial = _radial(value, spacing, longest)
    along = tuple(value[tuple(slice(longest[k] + 1) if k == a else 0 for k in range(3))] for a in range(3))
    return TwoPoint(distance, radial, (along[0], along[1], along[2]), spacing, _slope_area(value, spacing))


def _one_end(mask: npt.NDArray[np.bool_], periodic: tuple[bool, bool, bool]) -> FloatArray:
    """Return half the chance that a needle has one end in the phase, for all shifts of the padded grid."""
    axes = list(zip(mask.shape, periodic, strict=True))
    shape = [n if wraps else fft.next_fast_len(2 * n, real=True) for n, wraps in axes]
    inside = fft.rfftn(mask.astype(np.float64), shape)
    box = fft.rfftn(np.ones(mask.shape), shape)
    both, first = (fft.irfftn(product, shape) for product in (np.abs(inside) ** 2, np.real(inside * np.conj(box))))
    fits = [
        np.full(p, float(n)) if wraps else np.maximum(n - np.minimum(np.arange(p), p - np.arange(p)), 0)
        for p, (n, wraps) in zip(shape, axes, strict=True)
    ]
    needles = fits[0][:, None, None] * fits[1][None, :, None] * fits[2][None, None, :]
    return np.asarray((first - both) / np.maximum(needles, 1.0))


def _needles(shape: tuple[int, ...], spacing: FloatArray) -> FloatArray:
    """Return the length of each shift of a grid, shape of the grid [m]."""
    parts = [h * np.minimum(np.arange(n), n - np.arange(n)) for n, h in zip(shape, spacing, strict=True)]
    return np.sqrt(parts[0][:, None, None] ** 2 + parts[1][None, :, None] ** 2 + parts[2][None, None, :] ** 2)


def _radial(value: FloatArray, spacing: FloatArray, longest: list[int]) -> tuple[FloatArray, FloatArray]:
    """Average over directions in bins of one spacing, up to half the shortest edge of the box."""
    edge = float(spacing.min())
    reach = float((np.array(longest) * spacing).min())
    length = _needles(value.shape, spacing).ravel()
    near = length <= reach
    which = np.rint(length[near] / edge).astype(np.int64)
    number = np.bincount(which)
    filled = number > 0
    mean = [np.bincount(which, data[near])[filled] / number[filled] for data in (length, value.ravel())]
    return np.asarray(mean[0]), np.asarray(mean[1])


def _slope_area(value: FloatArray, spacing: FloatArray) -> float:
    """Return -4 dS2/dr at r = 0 from the shortest needles of all directions [1/m]."""
    length = _needles(value.shape, spacing)
    near = (length > 0.0) & (length <= SLOPE_REACH * spacing.max())
    r, drop = length[near], value[near] - value[0, 0, 0]
    powers = np.column_stack([r, r**2, r**3]) / float(spacing.max()) ** np.arange(1, 4)
    found = np.linalg.lstsq(powers, drop, rcond=None)[0]
    return float(-4.0 * found[0] / spacing.max())
