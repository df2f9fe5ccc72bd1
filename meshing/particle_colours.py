"""Colours of particles: spheres of one phase that nearly touch get different colours.

One level set for a whole phase closes the thin gaps between its particles and fattens their necks;
a level set per colour sees every sphere alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from manufacturing.phases import OVERLAP_PRIORITY, Phase

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Spheres:
    """The particles of the box together with the periodic images that reach into it."""

    centres: FloatArray  # (n, 3) [um]
    radii: FloatArray  # (n,) [um]
    phases: IntArray  # (n,)
    particles: IntArray  # (n,) row of the packing that each image belongs to


@dataclass(frozen=True)
class Colouring:
    """A class (phase and colour) for each particle; classes are numbered in the order of cutting."""

    classes: IntArray  # (n,) class of each particle of the packing
    class_phases: IntArray  # (k,) phase of each class
    self_contacts: int  # particles closer than the gap to an image of themselves


def with_images(
    centres: FloatArray,
    radii: FloatArray,
    phases: IntArray,
    size: FloatArray,
    periodic: tuple[bool, bool, bool],
    margin: float,
) -> Spheres:
    """Add the periodic images that come closer to the box [0, size] than ``margin`` [um]."""
    shifts = np.stack(np.meshgrid(*[(-1, 0, 1) if p else (0,) for p in periodic], indexing="ij"), -1).reshape(-1, 3)
    parts = []
    for shift in shifts:
        moved = centres + shift * size
        reach = (radii + margin)[:, None]
        near = np.flatnonzero(np.all((moved > -reach) & (moved < size + reach), axis=1))
        parts.append((moved[near], near))
    index = np.concatenate([near for _, near in parts])
    return Spheres(np.concatenate([moved for moved, _ in parts]), radii[index], phases[index], index)


def colour_particles(spheres: Spheres, count: int, gap: float) -> Colouring:
    """Colour the particles of each phase greedily, most neighbours first.

    Args:
        spheres: particles with their periodic images [um].
        count: number of particles of the packing.
        gap: spheres of one phase that are closer than this differ in colour [um]; 0: one colour per phase.
    """
    classes = np.zeros(count, dtype=np.int64)
    class_phases: list[int] = []
    contacts = 0
    for phase in OVERLAP_PRIORITY:
        index = np.flatnonzero(spheres.phases == phase)
        if len(index) == 0:
            continue
        pairs = _close_pairs(spheres, index, gap) if gap > 0.0 else np.empty((0, 2), np.int64)
        contacts += len(np.unique(pairs[pairs[:, 0] == pairs[:, 1]]))
        particles = np.unique(spheres.particles[index])
        colours = _greedy(particles, pairs)
        classes[particles] = len(class_phases) + colours
        class_phases += [int(phase)] * (int(colours.max()) + 1)
    return Colouring(classes, np.array(class_phases, dtype=np.int64), contacts)


def colours_by_phase(colouring: Colouring) -> dict[str, int]:
    """Return the number of colours of each phase."""
    return {Phase(p).name: int((colouring.class_phases == p).sum()) for p in np.unique(colouring.class_phases)}


def _close_pairs(spheres: Spheres, index: IntArray, gap: float) -> IntArray:
    """Return pairs of particles (m, 2) whose surfaces are closer than ``gap``."""
    tree = cKDTree(spheres.centres[index])
    pairs = tree.query_pairs(2.0 * float(spheres.radii[index].max()) + gap, output_type="ndarray")
    first, second = index[pairs[:, 0]], index[pairs[:, 1]]
    distance = np.linalg.norm(spheres.centres[first] - spheres.centres[second], axis=1)
    close = distance - spheres.radii[first] - spheres.radii[second] < gap
    return np.column_stack([spheres.particles[first[close]], spheres.particles[second[close]]])


def _greedy(particles: IntArray, pairs: IntArray) -> IntArray:
    """Give each particle the smallest colour that no coloured neighbour has."""
    neighbours: dict[int, set[int]] = {int(p): set() for p in particles}
    for a, b in pairs:
        if a != b:
            neighbours[int(a)].add(int(b))
            neighbours[int(b)].add(int(a))
    colours: dict[int, int] = {}
    for particle in sorted(neighbours, key=lambda p: (-len(neighbours[p]), p)):
        taken = {colours[n] for n in neighbours[particle] if n in colours}
        colours[particle] = next(c for c in range(len(taken) + 1) if c not in taken)
    return np.array([colours[int(p)] for p in particles], dtype=np.int64)
