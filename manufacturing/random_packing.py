"""Random packings of given volume fractions, made without LAMMPS by pushing random spheres apart."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from .contacts import find_contacts
from .errors import InputError, StageError
from .packing import Packing
from .phases import PARTICLE_PHASES, Phase, interface_name
from .porosity import VolumeFractions, volume_fractions
from .powder import apportion, sphere_volume
from .random_start import random_points
from .size_distribution import SizeDistribution
from .soft_spheres import Limits, Relaxation, relax

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

MOST_VOXELS = 3e7
FEWEST_VOXELS = 4e6
SEARCH_STEP, SEARCH_STEPS = 5e-4, 400  # relative steps of the box volume, when looking for whole numbers
ROUNDS = 10  # of relaxing, measuring and correcting the numbers of particles
AIM = 0.25  # of the tolerance is aimed at in the first rounds, the whole of it is accepted later
ROUNDS_TO_AIM = 4
EXPANSION = 1.04  # of the box volume, when looking for the densest packing that keeps the limits
MOST_EXPANSIONS = 20


@dataclass(frozen=True)
class PackedPhase:
    """Particles of one phase and the share of the box that they fill.

    Args:
        phase: AM, SE or CBD.
        volume_fraction: target share of the box, overlaps counted once (AM before CBD before SE), 0-1.
        diameters: of the size classes [m].
        number_fractions: relative number of particles in each class; normalised to sum 1.
    """

    phase: Phase
    volume_fraction: float
    diameters: tuple[float, ...]
    number_fractions: tuple[float, ...] = (1.0,)

    def __post_init__(self) -> None:
        where = f"random packing {self.phase.name}"
        if self.phase not in PARTICLE_PHASES:
            raise InputError("random packing phase", self.phase.name, f"one of {[p.name for p in PARTICLE_PHASES]}")
        if not 0.0 < self.volume_fraction < 1.0:
            raise InputError(f"{where}.volume_fraction", self.volume_fraction, "above 0, below 1")
        if not len(self.diameters) or len(self.diameters) != len(self.number_fractions):
            found = f"{len(self.diameters)} diameters, {len(self.number_fractions)} number fractions"
            raise InputError(f"{where}.number_fractions", found, "one number fraction for each diameter")
        for name, values in (("diameters", self.diameters), ("number_fractions", self.number_fractions)):
            wrong = [value for value in values if not (math.isfinite(value) and value > 0.0)]
            if wrong:
                raise InputError(f"{where}.{name}", wrong[0], "positive numbers")

    @classmethod
    def of_sizes(cls, phase: Phase, volume_fraction: float, sizes: SizeDistribution) -> PackedPhase:
        """Return particles of a size distribution."""
        return cls(phase, volume_fraction, tuple(sizes.diameters), tuple(sizes.number_fractions))

    @property
    def shares(self) -> FloatArray:
        """Number fractions, normalised, shape (classes,)."""
        shares = np.asarray(self.number_fractions, dtype=np.float64)
        return np.asarray(shares / shares.sum())

    @property
    def volumes(self) -> FloatArray:
        """Volume of a particle of each class, shape (classes,) [m3]."""
        return sphere_volume(self.diameters)

    def counts(self, total: int) -> IntArray:
        """Split particles over the size classes, shape (classes,)."""
        return apportion(total * self.shares, total)


@dataclass(frozen=True)
class RandomPackingSettings:
    """What the packing shall be.

    Args:
        phases: with their volume fractions and sizes.
        particles: wanted number; the nearest one that gives the volume fractions in whole particles is taken.
        max_overlap: largest overlap of two spheres as a fraction of r_i + r_j, 0-0.5.
        pair_overlaps: other limits for chosen pairs of phases, by names like ``AM|SE`` or ``SE|SE``.
        wall_overlap: depth to which spheres may stick out of walls as a fraction of their radius, 0-0.5.
        periodic: axes with images; along the others the spheres lie between two walls.
        aspect_ratio: height of the box over its width.
        seed: of the random start.
        tolerance: largest deviation of a volume fraction from its target.
    """

    phases: tuple[PackedPhase, ...]
    particles: int = 1000
    max_overlap: float = 0.0
    pair_overlaps: Mapping[str, float] = field(default_factory=dict)
    wall_overlap: float = 0.0
    periodic: tuple[bool, bool, bool] = (True, True, True)
    aspect_ratio: float = 1.0
    seed: int = 1
    tolerance: float = 0.005

    def __post_init__(self) -> None:
        names = [part.phase.name for part in self.phases]
        if not names or len(set(names)) != len(names):
            raise InputError("random packing phases", names, "each phase once")
        total = sum(part.volume_fraction for part in self.phases)
        if not total < 1.0:
            raise InputError("random packing volume_fraction", f"sum {total:g}", "a sum below 1")
        if self.particles < len(names):
            raise InputError("random packing particles", self.particles, f"at least {len(names)}")
        if not (math.isfinite(self.aspect_ratio) and self.aspect_ratio > 0.0):
            raise InputError("random packing aspect_ratio", self.aspect_ratio, "above 0")
        if not 0.0 < self.tolerance < 1.0:
            raise InputError("random packing tolerance", self.tolerance, "above 0, below 1")
        self._check_overlaps(names)

    def _check_overlaps(self, names: list[str]) -> None:
        known = {interface_name(Phase[a], Phase[b]) for a in names for b in names}
        for name in self.pair_overlaps:
            if name not in known:
                raise InputError("random packing pair_overlaps", name, f"one of {', '.join(sorted(known))}")
        limits = {"max_overlap": self.max_overlap, "wall_overlap": self.wall_overlap}
        limits |= {f"pair_overlaps {name}": value for name, value in self.pair_overlaps.items()}
        for name, value in limits.items():
            if not 0.0 <= value <= 0.5:
                raise InputError(f"random packing {name}", value, "0 to 0.5")

    @property
    def targets(self) -> FloatArray:
        """Target volume fractions, shape (phases,)."""
        return np.array([part.volume_fraction for part in self.phases])

    @property
    def allowed(self) -> FloatArray:
        """Largest overlap of each pair of phases, shape (phases, phases)."""
        names = [[interface_name(a.phase, b.phase) for b in self.phases] for a in self.phases]
        return np.array([[self.pair_overlaps.get(name, self.max_overlap) for name in row] for row in names])

    def edges(self, volume: float) -> FloatArray:
        """Return the edge lengths of a box, shape (3,) [m]."""
        width = (volume / self.aspect_ratio) ** (1.0 / 3.0)
        return np.array([width, width, self.aspect_ratio * width])


@dataclass(frozen=True)
class RandomPackingResult:
    """The packing and the figures that tell how close it is to its settings."""

    packing: Packing
    report: dict[str, Any]


def random_packing(settings: RandomPackingSettings) -> RandomPackingResult:
    """Make a random packing whose volume fractions, counted with overlaps once, match the targets.

    Spheres start at random positions and are pushed apart until no pair overlaps more than allowed. What
    overlaps cost each phase is measured on voxels; numbers of particles and the box follow until every phase
    is within the tolerance. Particles are moved no further than the limits ask for, so many pairs sit
    at their limit. The same settings give the same packing.

    Raises:
        InputError: too few particles to meet the fractions in whole particles, or a box too small for them.
        StageError: the targets need more overlap than is allowed; says what was reached.
    """
    start = time.perf_counter()
    spheres = _Spheres(settings)
    accepted: RandomPackingResult | None = None
    efficiency: FloatArray = np.ones(len(settings.phases))
    for round_number in range(1, ROUNDS + 1):
        spheres.resize(*_choose_numbers(settings, efficiency))
        if not spheres.relax().succeeded:
            if accepted is None:
                raise StageError(spheres.describe_jam())
            break  # a correction too much: the packing before it met the targets
        measured = _measure(spheres.packing({}))
        reached = _of_phases(settings, measured)
        error = float(np.abs(reached - settings.targets).max())
        if error <= settings.tolerance:
            accepted = _result(spheres, measured, round_number, start)
        if error <= AIM * settings.tolerance or (accepted is not None and round_number >= ROUNDS_TO_AIM):
            break
        efficiency = np.asarray(reached * spheres.volume / spheres.nominal_volumes())
    if accepted is None:
        found, wanted = _listed(settings, reached), _listed(settings, settings.targets)
        raise StageError(f"random packing: after {ROUNDS} corrections {found} is reached; targets {wanted}")
    return accepted


class _Spheres:
    """Positions by size class, and the box, between the rounds."""

    def __init__(self, settings: RandomPackingSettings) -> None:
        self.settings = settings
        self.generator = np.random.default_rng(settings.seed)
        self.kinds = np.concatenate([[i] * len(p.diameters) for i, p in enumerate(settings.phases)]).astype(np.int64)
        self.class_radii: FloatArray = 0.5 * np.concatenate([np.asarray(p.diameters) for p in settings.phases])
        self.centres: list[FloatArray] = [np.empty((0, 3)) for _ in self.kinds]
        self.volume = 0.0
        self.steps = 0

    @property
    def size(self) -> FloatArray:
        """Edge lengths of the box, shape (3,) [m]."""
        return self.settings.edges(self.volume)

    @property
    def counts(self) -> IntArray:
        """Number of particles of each class of each phase, shape (classes,)."""
        return np.array([len(centres) for centres in self.centres], dtype=np.int64)

    @property
    def radii(self) -> FloatArray:
        """Shape (n,) [m]."""
        return np.repeat(self.class_radii, self.counts)

    @property
    def phases(self) -> IntArray:
        """Members of Phase, shape (n,)."""
        of_kind = np.array([int(part.phase) for part in self.settings.phases], dtype=np.int64)
        return np.repeat(of_kind[self.kinds], self.counts)

    def nominal_volumes(self) -> FloatArray:
        """Return the volume of the spheres of each phase, overlaps ignored, shape (phases,) [m3]."""
        volumes = self.counts * sphere_volume(2.0 * self.class_radii)
        return np.asarray(np.bincount(self.kinds, volumes, len(self.settings.phases)), dtype=np.float64)

    def resize(self, counts: IntArray, volume: float) -> None:
        """Scale the box with what is in it; drop particles or add some at random, large ones first."""
        scale = self.settings.edges(volume) / self.size if self.volume else np.ones(3)
        self.volume = volume
        self.centres = [centres[:count] * scale for centres, count in zip(self.centres, counts, strict=True)]
        self._check_box()
        for kind in np.argsort(-self.class_radii, kind="stable"):
            missing = int(counts[kind]) - len(self.centres[kind])
            if missing > 0:
                self.centres[kind] = np.concatenate([self.centres[kind], self._new(int(kind), missing)])

    def _new(self, kind: int, count: int) -> FloatArray:
        radius = float(self.class_radii[kind])
        larger = [k for k in range(len(self.centres)) if self.class_radii[k] > radius]
        centres = np.concatenate([np.empty((0, 3)), *(self.centres[k] for k in larger)])
        radii = np.repeat(self.class_radii[larger], [len(self.centres[k]) for k in larger])
        inner = np.where(np.array(self.settings.periodic), 0.0, (1.0 - self.settings.wall_overlap) * radius)
        return random_points(self.generator, count, inner, (centres, radii), self.size, self.settings.periodic)

    def _check_box(self) -> None:
        needed = 2.0 * self.class_radii.max() * (1.0 - min(self.settings.max_overlap, self.settings.wall_overlap))
        if self.size.min() < needed:
            found = f"{self.settings.particles}: a box of {self.size.min():.3g} m"
            raise InputError("random packing particles", found, f"more particles: the largest needs {needed:.3g} m")

    def relax(self) -> Relaxation:
        """Push the particles apart."""
        settings = self.settings
        kinds = np.repeat(self.kinds, self.counts)
        limits = Limits(self.radii, kinds, settings.allowed, self.size, settings.periodic, settings.wall_overlap)
        relaxation = relax(np.concatenate(self.centres), limits)
        self.steps += relaxation.steps
        self.centres = np.split(relaxation.centres, np.cumsum(self.counts)[:-1])
        return relaxation

    def describe_jam(self) -> str:
        """Describe what was reached, at the targets and at the allowed overlap."""
        contacts = find_contacts(self.packing({}))
        overlap = float(contacts.overlap_fraction.max()) if len(contacts) else 0.0
        exceptions = "".join(f", {name} {value:g}" for name, value in self.settings.pair_overlaps.items())
        message = (
            f"random packing: jammed after {self.steps} steps at {self._reached()} with overlaps up to {overlap:.3f} "
            f"of r_i + r_j; allowed are {self.settings.max_overlap:g}{exceptions}"
        )
        for _ in range(MOST_EXPANSIONS):
            self.resize(self.counts, EXPANSION * self.volume)
            if self.relax().succeeded:
                return f"{message}; within the limits {self._reached()} was reached"
        return message

    def _reached(self) -> str:
        return _listed(self.settings, _of_phases(self.settings, _measure(self.packing({}))))

    def packing(self, provenance: dict[str, Any]) -> Packing:
        """Return the particles as a packing."""
        ids = np.arange(1, int(self.counts.sum()) + 1, dtype=np.int64)
        centres, corner = np.concatenate(self.centres), np.zeros(3)
        return Packing(centres, self.radii, self.phases, ids, corner, self.size, self.settings.periodic, provenance)


def _choose_numbers(settings: RandomPackingSettings, efficiency: FloatArray) -> tuple[IntArray, float]:
    """Return particles per class and the box volume [m3] that come closest to the targets.

    Numbers are whole, so the box volume is searched around the one of the wanted number of particles.

    Args:
        settings: targets and sizes.
        efficiency: share of the spheres' volume that overlaps leave to each phase, shape (phases,).
    """
    mean = np.array([float((part.shares * part.volumes).sum()) for part in settings.phases]) * efficiency
    middle = settings.particles / float((settings.targets / mean).sum())
    best: tuple[float, list[IntArray], float] = (np.inf, [], middle)
    for power in sorted(range(-SEARCH_STEPS, SEARCH_STEPS + 1), key=abs):
        volume = (1.0 + SEARCH_STEP) ** power * middle
        totals = np.maximum(np.round(settings.targets * volume / mean), 1.0).astype(np.int64)
        counts = [part.counts(int(total)) for part, total in zip(settings.phases, totals, strict=True)]
        filled = [float((n * part.volumes).sum()) for n, part in zip(counts, settings.phases, strict=True)]
        error = float(np.abs(np.array(filled) * efficiency / volume - settings.targets).max())
        if error < best[0]:
            best = (error, counts, volume)
        if error < 0.1 * settings.tolerance:
            break
    error, counts, volume = best
    if error > 0.5 * settings.tolerance:
        found = f"{settings.particles}, which meets the volume fractions only to {error:.4f}"
        raise InputError("random packing particles", found, "more particles, or a wider tolerance")
    return np.concatenate(counts), volume


def _measure(packing: Packing) -> VolumeFractions:
    """Return the volume fractions, on voxels that are small against the smallest sphere where that is affordable."""
    volume = float(packing.size.prod())
    finest, coarsest = (volume / MOST_VOXELS) ** (1.0 / 3.0), (volume / FEWEST_VOXELS) ** (1.0 / 3.0)
    voxel = float(np.clip(packing.radii.min() / 2.0, finest, coarsest))
    box = (packing.lower, packing.upper)
    return volume_fractions(packing.centres, packing.radii, packing.phases, box, packing.periodic, voxel)


def _result(spheres: _Spheres, measured: VolumeFractions, rounds: int, start: float) -> RandomPackingResult:
    """Return the packing with its figures; ``start`` is the time when the work began [s]."""
    settings = spheres.settings
    bare = spheres.packing({})
    contacts = find_contacts(bare)
    report: dict[str, Any] = {
        "targets": {part.phase.name: part.volume_fraction for part in settings.phases},
        "volume_fractions": {part.phase.name: getattr(measured, part.phase.name) for part in settings.phases},
        "void": measured.void,
        "particles": len(bare.radii),
        "particles_by_phase": bare.count_by_phase(),
        "box_m": bare.size.tolist(),
        "max_overlap": float(contacts.overlap_fraction.max()) if len(contacts) else 0.0,
        "allowed_overlap": {"all": settings.max_overlap, **settings.pair_overlaps},
        "corrections": rounds,
        "steps": spheres.steps,
        "seed": settings.seed,
    }
    packing = spheres.packing({"source": "random packing", **report})
    return RandomPackingResult(packing, {**report, "seconds": time.perf_counter() - start})


def _of_phases(settings: RandomPackingSettings, measured: VolumeFractions) -> FloatArray:
    """Return the shares of the phases of the settings, shape (phases,)."""
    return np.array([getattr(measured, part.phase.name) for part in settings.phases])


def _listed(settings: RandomPackingSettings, fractions: FloatArray) -> str:
    return ", ".join(f"{part.phase.name} {value:.3f}" for part, value in zip(settings.phases, fractions, strict=True))
