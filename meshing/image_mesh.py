"""Labelled image -> labelled mesh: the lattice cut along smoothed voxel surfaces, or the voxels themselves."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from manufacturing.phases import PARTICLE_PHASES, Phase, interface_name
from manufacturing.reporter import LogLine, Progress, Reporter

from .body_centred_lattice import LatticeShape, lattice_shape
from .exact_report import exact_errors
from .image_levels import MICROMETRE, image_classes, image_levels
from .image_particles import label_particles
from .label_image import LabelImage, nearest_voxel
from .labelled_mesh import NO_PARTICLE, LabelledMesh
from .lattice_cut import LatticeCutSettings, Stopwatch, check_cell_size, mesh_geometry
from .level_field import LevelField
from .losses import Losses
from .size_field import SizeField, uniform_size
from .specks import Relabelled

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ImageGeometry:
    """An image as the lattice cut sees it, in micrometres with its corner at the origin."""

    image: LabelImage
    particles: IntArray  # (nx, ny, nz)
    size: FloatArray
    separator: float
    lattice: LatticeShape
    sizes: SizeField
    cut_field: LevelField
    class_phases: IntArray
    smallest_piece: float = np.inf

    @staticmethod
    def of(image: LabelImage, particles: IntArray, settings: LatticeCutSettings, smoothing: float) -> ImageGeometry:
        """Take the distances to every phase of an image; ``smoothing`` is in voxels."""
        size = np.asarray(image.size / MICROMETRE, dtype=np.float64)
        separator = settings.separator_thickness / MICROMETRE
        walls = (*image.periodic[:2], image.periodic[2] and separator == 0.0)
        lattice = lattice_shape(size, separator, settings.cell_size / MICROMETRE, walls)
        classes = image_classes(image)
        grids = image_levels(image, classes, smoothing, lattice.cell_size, settings.volume_correction)
        none, period = np.zeros(0), np.where(walls, size, 0.0)
        field = LevelField(
            np.zeros((0, 3)),
            none,
            none,
            np.zeros(0, np.int64),
            np.zeros(0, np.int64),
            np.arange(len(classes)),
            grids,
            period,
            1e3 * float(size.max()),
        )
        sizes, phases = uniform_size(lattice.cell_size), np.array([int(p) for p in classes])
        return ImageGeometry(image, particles, size, separator, lattice, sizes, field, phases)

    def particle_ids(self, points: FloatArray, phases: IntArray) -> IntArray:
        """Return for each point (n, 3) [um] the particle of the nearest voxel of the given phase."""
        shape = np.array(self.image.phases.shape)
        voxels = np.clip(np.floor(points / self.size * shape).astype(np.int64), 0, shape - 1)
        ids = np.full(len(points), NO_PARTICLE, dtype=np.int64)
        for phase in (p for p in PARTICLE_PHASES if (self.image.phases == p).any()):
            chosen = phases == phase
            nearest = nearest_voxel(self.image.phases == phase, self.image.voxel, self.image.periodic)
            at = tuple(voxels[chosen].T)
            ids[chosen] = self.particles[tuple(index[at] for index in nearest)]
        return ids


def mesh_image(
    image: LabelImage,
    settings: LatticeCutSettings,
    smoothing: float = 1.0,
    log: LogLine | None = None,
    progress: Progress | None = None,
) -> LabelledMesh:
    """Cut a lattice along the smoothed surfaces of an image.

    Args:
        image: phase of every voxel; without particles, these are the connected pieces of each phase.
        settings: how finely and how well to mesh.
        smoothing: standard deviation of the Gaussian [voxels].
        log: takes one line per step.
        progress: takes the stage, the finished fraction (0 to 1) and a message.

    Raises:
        InputError: cells larger than a quarter of the image.
        StageError: the mesh is not conforming, has angles below ``smallest_dihedral_deg`` or lost more
            than ``relabelled_limit`` of a phase.
    """
    check_cell_size(settings.cell_size, image.size)
    watch = Stopwatch(Reporter(0, log, progress))
    particles = image.particles if image.particles is not None else label_particles(image, None)
    geometry = ImageGeometry.of(image, particles, settings, smoothing)
    watch.lap("distances", 0.05, f"{image.phases.size} voxels, phases {', '.join(image.fractions())}")
    return mesh_geometry(geometry, settings, watch, partial(_report, limit=settings.relabelled_limit))


def image_report(image: LabelImage) -> dict[str, Any]:
    """Return what an image is made of and what was removed from it."""
    return {
        "voxels": list(image.phases.shape),
        "voxel_size_um": [float(v / MICROMETRE) for v in image.voxel],
        "voxel_interface_area_m2": staircase_areas(image),
        **image.report,
    }


def _report(
    labelled: LabelledMesh, geometry: ImageGeometry, relabelled: Relabelled, matrix: Phase, limit: float = 1.0
) -> dict[str, Any]:
    """Return resolution, losses and errors against the voxels; their volumes are right, their areas are not."""
    image = geometry.image
    losses = image_losses(labelled, geometry, relabelled)
    losses.require(limit)
    return {
        "cell_size_um": geometry.lattice.cell_size,
        "relabelled_pieces": relabelled.pieces,
        **losses.figures(),
        **image.report,
        **exact_errors(labelled, image.fractions(), {}),
    }


def image_losses(mesh: LabelledMesh, geometry: ImageGeometry, relabelled: Relabelled) -> Losses:
    """Relate volume that became another phase, and particles without a cell, to the voxels of each phase."""
    image, fractions = geometry.image, geometry.image.fractions()
    total = float(np.prod(geometry.size))
    gone = np.setdiff1d(np.unique(geometry.particles), [*np.unique(mesh.particle_ids), NO_PARTICLE])
    absent = np.isin(geometry.particles, gone)
    beads, volume = {}, {}
    for phase in (p for p in PARTICLE_PHASES if p.name in fractions):
        lost = absent & (image.phases == phase)
        beads[phase.name] = len(np.unique(geometry.particles[lost]))
        volume[phase.name] = float(lost.sum() / (image.phases == phase).sum())
    shares = {name: value / (fractions[name] * total) for name, value in relabelled.volume.items() if name in fractions}
    return Losses(shares, beads, dict.fromkeys(beads, 0), volume)


def staircase_areas(image: LabelImage) -> dict[str, float]:
    """Return the area of the voxel faces between every two phases, about 1.5 times that of a smooth surface [m2]."""
    areas: dict[str, float] = {}
    for axis in range(3):
        face = float(np.prod(np.delete(image.voxel, axis)))
        low = image.phases if image.periodic[axis] else np.delete(image.phases, -1, axis)
        high = np.roll(image.phases, -1, axis) if image.periodic[axis] else np.delete(image.phases, 0, axis)
        codes, counts = np.unique(np.minimum(low, high) * 100 + np.maximum(low, high), return_counts=True)
        for code, count in zip(codes.tolist(), counts.tolist(), strict=True):
            if code // 100 != code % 100:
                name = interface_name(code // 100, code % 100)
                areas[name] = areas.get(name, 0.0) + face * count
    return areas
