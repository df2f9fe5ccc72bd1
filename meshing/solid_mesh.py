"""Teaching shape of solids -> labelled mesh: the lattice cut, or voxels as a cross-check."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from manufacturing.phases import Phase
from manufacturing.reporter import LogLine, Progress, Reporter

from .body_centred_lattice import LatticeShape, lattice_shape
from .exact_report import exact_errors
from .grid_levels import no_grids
from .label_image import LabelImage
from .labelled_mesh import NO_PARTICLE, LabelledMesh
from .lattice_cut import LatticeCutSettings, Stopwatch, check_cell_size, mesh_geometry
from .level_field import LevelField, nearest_solids
from .size_field import SizeField, uniform_size
from .solid_shapes import SolidShape
from .solids import CYLINDER
from .specks import Relabelled

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

MICROMETRE = 1e-6
LARGEST_OFFSET = 0.15  # of the radius
PERIODIC = (True, True, False)


@dataclass(frozen=True)
class SolidGeometry:
    """A shape as the lattice cut sees it, in micrometres with its corner at the origin."""

    shape: SolidShape
    size: FloatArray
    separator: float
    lattice: LatticeShape
    sizes: SizeField
    cut_field: LevelField
    class_phases: IntArray
    smallest_piece: float

    @staticmethod
    def of(shape: SolidShape, settings: LatticeCutSettings) -> SolidGeometry:
        """Convert a shape and enlarge its solids so that their polyhedra keep the volume."""
        size = np.asarray(shape.size / MICROMETRE, dtype=np.float64)
        separator = settings.separator_thickness / MICROMETRE
        lattice = lattice_shape(size, separator, settings.cell_size / MICROMETRE, PERIODIC)
        radius = shape.radius / MICROMETRE
        curvature = (0.5 if shape.kind == CYLINDER else 1.0) / radius
        offset = min(settings.volume_correction * lattice.cell_size**2 * curvature, LARGEST_OFFSET * radius)
        smallest = shape.volume / len(shape.centres) / MICROMETRE**3
        return SolidGeometry(
            shape,
            size,
            separator,
            lattice,
            uniform_size(lattice.cell_size),
            solid_field(shape, 1.0 + offset / radius),
            np.array([int(shape.phase)]),
            smallest,
        )

    def particle_ids(self, points: FloatArray, phases: IntArray) -> IntArray:
        """Return the number of the nearest solid, from 1 on, for points (n, 3) [um] in the phase of the solids."""
        ids = nearest_solids(self.cut_field, points) % len(self.shape.centres) + 1
        return np.where(phases == self.shape.phase, ids, NO_PARTICLE)


def solid_field(shape: SolidShape, scale: float = 1.0) -> LevelField:
    """Return the distances [um] to the solids of a shape and their images, scaled about their centres."""
    shifts = np.array([(i, j, 0) for i, j in product((0, 1, -1), (0,) if shape.kind == CYLINDER else (0, 1, -1))])
    moved = shape.centres + (shifts * shape.size)[:, None, :]
    centres = np.asarray(moved.reshape(-1, 3) / MICROMETRE, dtype=np.float64)
    count = len(centres)
    return LevelField(
        centres,
        np.full(count, scale * shape.radius / MICROMETRE),
        np.full(count, scale * shape.height / MICROMETRE),
        np.full(count, shape.kind),
        np.zeros(count, np.int64),
        np.array([-1]),
        no_grids(),
        np.where(PERIODIC, shape.size / MICROMETRE, 0.0),
        1e3 * float(shape.size.max()) / MICROMETRE,
    )


def mesh_solids(
    shape: SolidShape, settings: LatticeCutSettings, log: LogLine | None = None, progress: Progress | None = None
) -> LabelledMesh:
    """Cut a lattice along the solids of a shape; the matrix is the phase of the shape.

    Args:
        shape: solids in a matrix.
        settings: how finely and how well to mesh, with ``matrix_phase`` that of the shape.
        log: takes one line per step.
        progress: takes the stage, the finished fraction (0 to 1) and a message.

    Raises:
        InputError: cells larger than a quarter of the box.
        StageError: the mesh is not conforming or has angles below ``smallest_dihedral_deg``.
    """
    check_cell_size(settings.cell_size, shape.size)
    return mesh_geometry(SolidGeometry.of(shape, settings), settings, Stopwatch(Reporter(0, log, progress)), _report)


def voxelise(shape: SolidShape, cell_size: float) -> LabelImage:
    """Label each voxel of about ``cell_size`` [m] by its centre."""
    counts = np.maximum(1, np.round(shape.size / cell_size).astype(int))
    voxel = shape.size / counts
    centres = np.stack(np.meshgrid(*[np.arange(n) + 0.5 for n in counts], indexing="ij"), -1).reshape(-1, 3) * voxel
    field = solid_field(shape)
    ids = nearest_solids(field, centres / MICROMETRE, inside=True)
    phases = np.where(ids >= 0, int(shape.phase), int(shape.matrix)).reshape(counts)
    particles = np.where(ids >= 0, ids % len(shape.centres) + 1, NO_PARTICLE).reshape(counts)
    return LabelImage(phases, voxel, PERIODIC, particles)


def _report(labelled: LabelledMesh, geometry: SolidGeometry, relabelled: Relabelled, matrix: Phase) -> dict[str, Any]:
    """Return resolution, losses and errors against the closed forms."""
    shape = geometry.shape
    total, fractions = float(np.prod(geometry.size)), shape.exact_fractions()
    matrix_lost = {matrix.name if name == Phase.void.name else name: v for name, v in relabelled.volume.items()}
    return {
        "shape": shape.name,
        "cell_size_um": geometry.lattice.cell_size,
        "relabelled_fraction": {name: v / (fractions[name] * total) for name, v in matrix_lost.items()},
        "relabelled_pieces": relabelled.pieces,
        **exact_errors(labelled, fractions, shape.exact_areas()),
    }
