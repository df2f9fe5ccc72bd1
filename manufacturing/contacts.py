"""Contacts of a packing: which spheres touch or overlap, how deep, and the neck between them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .packing import Packing
from .pairs import Pairs, near_pairs
from .phases import PARTICLE_PHASES, interface_name

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Contacts:
    """Pairs of spheres with a gap of at most the tolerance; each pair of images is listed once."""

    packing: Packing
    pairs: Pairs
    gap: float  # [m] tolerance with which the contacts were found

    def __len__(self) -> int:
        return len(self.pairs)

    @property
    def radii(self) -> tuple[FloatArray, FloatArray]:
        """Radii of the two spheres of each contact, each of shape (contacts,) [m]."""
        return self.packing.radii[self.pairs.first], self.packing.radii[self.pairs.second]

    @property
    def phases(self) -> tuple[IntArray, IntArray]:
        """Phases of the two spheres of each contact, each of shape (contacts,)."""
        return self.packing.phases[self.pairs.first], self.packing.phases[self.pairs.second]

    @property
    def overlap(self) -> FloatArray:
        """Depth r_i + r_j - d, negative across a gap, shape (contacts,) [m]."""
        first, second = self.radii
        return np.asarray(first + second - self.pairs.distance)

    @property
    def overlap_fraction(self) -> FloatArray:
        """Depth over r_i + r_j, 0 across a gap, shape (contacts,)."""
        first, second = self.radii
        return np.asarray(np.maximum(self.overlap, 0.0) / (first + second))

    @property
    def neck_radius(self) -> FloatArray:
        """Radius of the circle in which the surfaces meet, shape (contacts,) [m]; see :func:`neck_radius`."""
        return neck_radius(*self.radii, self.pairs.distance)

    @property
    def neck_area(self) -> FloatArray:
        """Area of the plane disc inside that circle, shape (contacts,) [m2]."""
        return np.asarray(math.pi * self.neck_radius**2)

    @property
    def lens_volume(self) -> FloatArray:
        """Volume that the two spheres share, shape (contacts,) [m3]."""
        return lens_volume(*self.radii, self.pairs.distance)

    @property
    def midpoint(self) -> FloatArray:
        """Centre of the neck disc (of the gap where there is none), near the first sphere, shape (contacts, 3) [m]."""
        start = self.packing.centres[self.pairs.first]
        step = self.packing.centres[self.pairs.second] + self.pairs.image * self.packing.size - start
        return np.asarray(start + self._share()[:, None] * step)

    def between(self, first: int, second: int) -> Contacts:
        """Return the contacts between two phases (which may be the same)."""
        one, other = self.phases
        mask = ((one == first) & (other == second)) | ((one == second) & (other == first))
        return Contacts(self.packing, self.pairs.select(mask), self.gap)

    def by_phase_pair(self) -> dict[str, Contacts]:
        """Return the contacts of each pair of present phases, named like ``AM|SE``."""
        present = [phase for phase in PARTICLE_PHASES if (self.packing.phases == phase).any()]
        pairs = [(a, b) for i, a in enumerate(present) for b in present[i:]]
        return {interface_name(a, b): self.between(a, b) for a, b in pairs}

    def _share(self) -> FloatArray:
        """Distance of the neck plane from the first centre over the distance of the centres."""
        first, second = self.radii
        distance = self.pairs.distance
        across_gap = (first + 0.5 * (distance - first - second)) / np.where(distance > 0.0, distance, 1.0)
        cut = distance > np.abs(first - second)
        safe = np.where(cut, distance, 1.0)
        plane = (safe**2 + first**2 - second**2) / (2.0 * safe**2)
        return np.where(self.overlap < 0.0, across_gap, np.where(cut, plane, 0.0))


def find_contacts(packing: Packing, gap: float = 0.0) -> Contacts:
    """Find the pairs of spheres whose surfaces are at most ``gap`` apart or overlap.

    Distances run through periodic faces; a pair that touches in two images is listed twice, a sphere that
    touches its own image once per pair of opposite images. Parts of spheres outside the box count as inside.

    Args:
        packing: spheres in a box.
        gap: largest distance between two surfaces in contact [m]; 0 asks for touching spheres, for which
            rounding decides: give a small gap instead.
    """
    box = (packing.lower, packing.upper)
    return Contacts(packing, near_pairs(packing.centres, packing.radii, box, packing.periodic, gap), gap)


def neck_radius(first: FloatArray, second: FloatArray, distance: FloatArray) -> FloatArray:
    r"""Return the radius of the circle in which the surfaces of two spheres meet.

    a^2 = r_i^2 - x^2 with x = (d^2 + r_i^2 - r_j^2) / (2 d), the distance of the circle from centre i.
    Zero where the spheres do not reach each other or one lies inside the other.

    Args:
        first: radii, shape (n,) [m].
        second: radii of the partners, shape (n,) [m].
        distance: of the centres, shape (n,) [m].
    """
    meet = (distance < first + second) & (distance > np.abs(first - second))
    safe = np.where(meet, distance, 1.0)
    plane = (safe**2 + first**2 - second**2) / (2.0 * safe)
    return np.sqrt(np.where(meet, np.maximum(first**2 - plane**2, 0.0), 0.0))


def lens_volume(first: FloatArray, second: FloatArray, distance: FloatArray) -> FloatArray:
    r"""Return the volume shared by two spheres.

    V = \pi (r_i + r_j - d)^2 (d^2 + 2 d (r_i + r_j) - 3 (r_i - r_j)^2) / (12 d); the volume of the smaller
    sphere where it lies inside the larger one. Arguments as in :func:`neck_radius`; shape (n,) [m3].

    References:
        E. W. Weisstein, Sphere-Sphere Intersection, MathWorld.
    """
    total, difference = first + second, first - second
    meet = (distance < total) & (distance > np.abs(difference))
    safe = np.where(meet, distance, 1.0)
    lens = math.pi * (total - safe) ** 2 * (safe**2 + 2.0 * safe * total - 3.0 * difference**2) / (12.0 * safe)
    inside = distance <= np.abs(difference)
    smaller = 4.0 / 3.0 * math.pi * np.minimum(first, second) ** 3
    return np.where(meet, lens, np.where(inside, smaller, 0.0))
