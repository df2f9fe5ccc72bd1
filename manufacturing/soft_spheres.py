"""Soft spheres that push each other apart until none overlaps by more than is allowed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .pairs import Pairs, near_pairs

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

MARGIN = 5e-4  # spheres aim at this much more than the distance they need, so that they get there in finite time
LARGEST_MOVE = 0.1  # of a radius, in one step
SKIN = 0.3  # of the median radius: the pair list holds until a sphere has moved half of it
PATIENCE = 500  # steps in which the largest violation must fall by PROGRESS
PROGRESS = 0.9


@dataclass(frozen=True)
class Limits:
    """Distances that spheres must keep from each other and from walls.

    Args:
        radii: shape (n,) [m].
        kinds: index of each sphere into ``allowed``, shape (n,).
        allowed: largest overlap of two kinds as a fraction of r_i + r_j, symmetric, shape (kinds, kinds).
        size: edges of a box that starts at zero, shape (3,) [m].
        periodic: axes with images; the others have walls at 0 and at the edge length.
        wall_overlap: depth to which a sphere may stick out of a wall, as a fraction of its radius.
    """

    radii: FloatArray
    kinds: IntArray
    allowed: FloatArray
    size: FloatArray
    periodic: tuple[bool, bool, bool]
    wall_overlap: float

    def distance(self, pairs: Pairs) -> FloatArray:
        """Return the smallest distance that each pair may have, shape (pairs,) [m]."""
        share = 1.0 - self.allowed[self.kinds[pairs.first], self.kinds[pairs.second]]
        return np.asarray(share * (self.radii[pairs.first] + self.radii[pairs.second]))

    def near(self, centres: FloatArray, gap: float) -> Pairs:
        """Return the pairs that are closer than their distance plus ``gap``, from centres inside the box."""
        cores = (1.0 - self.allowed.min()) * self.radii
        box = (np.zeros(3), self.size)
        pairs = near_pairs(centres, cores, box, self.periodic, gap)
        return pairs.select(pairs.distance <= self.distance(pairs) + gap)

    def wrap(self, centres: FloatArray) -> FloatArray:
        """Return the images inside the box, shape (n, 3) [m]."""
        inside = centres - np.floor(centres / self.size) * self.size
        inside = np.where(inside >= self.size, 0.0, inside)  # round-off of a tiny negative coordinate
        return np.where(np.array(self.periodic), inside, centres)


@dataclass(frozen=True)
class Relaxation:
    """Where the spheres came to rest."""

    centres: FloatArray  # (n, 3) [m]
    steps: int
    violation: float  # largest shortfall of a distance as a fraction of it; 0: every limit is kept

    @property
    def succeeded(self) -> bool:
        """Every pair keeps its distance."""
        return self.violation <= 0.0


def relax(centres: FloatArray, limits: Limits, most_steps: int = 10_000) -> Relaxation:
    r"""Move spheres apart until all limits hold, or until they are jammed.

    Minimises E = \sum k_ij (s_ij - d_ij)^2 / 2 over pairs closer than s_ij, with k_ij the square of the
    smaller radius, by FIRE; masses are the squares of the radii, so large and small spheres oscillate at
    similar rates. Without a random element: the same start gives the same end.

    Args:
        centres: start, shape (n, 3) [m].
        limits: radii, allowed overlaps and box.
        most_steps: after which the spheres count as jammed.

    References:
        E. Bitzek et al., Phys. Rev. Lett. 97 (2006) 170201 (FIRE).
    """
    spheres = _MovingSpheres(limits, centres)
    fire = _Fire(len(limits.radii))
    best, best_step, step = np.inf, 0, 0
    for step in range(most_steps):  # noqa: B007
        force, violation = spheres.force()
        if violation <= 0.0:
            break
        if violation < PROGRESS * best:
            best, best_step = violation, step
        elif step - best_step > PATIENCE:
            break
        spheres.move(fire.step(force, spheres.mass, LARGEST_MOVE * limits.radii))
    return Relaxation(limits.wrap(spheres.centres), step, max(violation, 0.0))


class _MovingSpheres:
    """Positions, the pair list that belongs to them, and forces."""

    def __init__(self, limits: Limits, centres: FloatArray) -> None:
        smallest = limits.radii.min()
        self.limits = limits
        self.mass = (limits.radii / smallest) ** 2
        self.skin = SKIN * float(np.median(limits.radii))
        self.inner = (1.0 - limits.wall_overlap) * limits.radii  # distance to keep from a wall
        self._list_pairs(centres)

    def _list_pairs(self, centres: FloatArray) -> None:
        limits = self.limits
        self.centres = limits.wrap(centres)
        self.listed_at = self.centres.copy()
        self.pairs = limits.near(self.centres, self.skin)
        self.needed = limits.distance(self.pairs)
        self.shift = self.pairs.image * limits.size
        self.stiffness = (np.minimum(limits.radii[self.pairs.first], limits.radii[self.pairs.second])) ** 2
        self.stiffness /= limits.radii.min() ** 2

    def move(self, step: FloatArray) -> None:
        """Add a displacement; list the pairs anew when spheres have moved far."""
        self.centres = self.centres + step
        moved = np.sqrt(((self.centres - self.listed_at) ** 2).sum(axis=1).max())
        if moved > 0.5 * self.skin:
            self._list_pairs(self.centres)

    def force(self) -> tuple[FloatArray, float]:
        """Return forces, shape (n, 3), and the largest violation of a limit (below 0: none)."""
        first, second = self.pairs.first, self.pairs.second
        step = self.centres[second] - self.centres[first] + self.shift
        square = np.einsum("ij,ij->i", step, step)
        target = (1.0 + MARGIN) * self.needed
        active = np.flatnonzero(square < target**2)
        distance = np.sqrt(square[active])
        missing = target[active] - distance
        push = (self.stiffness[active] * missing / np.maximum(distance, 1e-300))[:, None] * step[active]
        force = _sum_over_pairs(push, first[active], second[active], len(self.centres))
        shortfall = 1.0 - distance / self.needed[active]
        violation = float(shortfall.max()) if len(active) else -MARGIN
        return self._add_walls(force, violation)

    def _add_walls(self, force: FloatArray, violation: float) -> tuple[FloatArray, float]:
        for axis in np.flatnonzero(~np.array(self.limits.periodic)):
            position = self.centres[:, axis]
            target = (1.0 + MARGIN) * self.inner
            low = np.maximum(target - position, 0.0)
            high = np.maximum(position + target - self.limits.size[axis], 0.0)
            force[:, axis] += 2.0 * self.mass * (low - high)  # twice as stiff as a pair of equal spheres
            violation = max(violation, float((np.maximum(low, high) / self.inner).max()) - MARGIN)
        return force, violation


def _sum_over_pairs(push: FloatArray, first: IntArray, second: IntArray, count: int) -> FloatArray:
    """Return the force on each sphere from pushes of the pairs towards their second sphere, shape (count, 3)."""
    columns = [
        np.bincount(second, push[:, axis], count) - np.bincount(first, push[:, axis], count) for axis in range(3)
    ]
    return np.stack(columns, axis=1).astype(np.float64)  # bincount of no pair counts in integers


class _Fire:
    """Fast inertial relaxation engine: molecular dynamics that is steered downhill."""

    def __init__(self, count: int) -> None:
        self.velocity: FloatArray = np.zeros((count, 3))
        self.time_step = 0.1
        self.mixing = 0.1
        self.downhill_steps = 0

    def step(self, force: FloatArray, mass: FloatArray, largest: FloatArray) -> FloatArray:
        """Return the displacement of the next step, at most ``largest`` for each sphere, shape (n, 3)."""
        self._steer(force / np.sqrt(mass)[:, None], mass)
        self.velocity = self.velocity + self.time_step * force / mass[:, None]
        move = self.time_step * self.velocity
        length = np.sqrt(np.einsum("ij,ij->i", move, move))
        shrink = np.minimum(1.0, largest / np.maximum(length, 1e-300))[:, None]
        self.velocity = self.velocity * shrink
        return np.asarray(move * shrink)

    def _steer(self, force: FloatArray, mass: FloatArray) -> None:
        """Turn the velocity towards the force; stop it when it points uphill (mass-weighted coordinates)."""
        root = np.sqrt(mass)[:, None]
        velocity = self.velocity * root
        if float((velocity * force).sum()) > 0.0:
            strength = np.linalg.norm(velocity) / np.linalg.norm(force)
            velocity = (1.0 - self.mixing) * velocity + self.mixing * strength * force
            self.velocity = velocity / root
            self.downhill_steps += 1
            if self.downhill_steps > 5:
                self.time_step = min(1.1 * self.time_step, 0.5)
                self.mixing *= 0.99
        else:
            self.velocity = np.zeros_like(self.velocity)
            self.time_step = max(0.5 * self.time_step, 0.02)
            self.mixing, self.downhill_steps = 0.1, 0
