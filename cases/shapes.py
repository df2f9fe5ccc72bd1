"""Geometries that are meshed without a packing: images and exact shapes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from manufacturing.errors import InputError
from manufacturing.phases import Phase, interface_name
from meshing.block_shapes import brick_wall, checkerboard
from meshing.exact_report import exact_errors
from meshing.image_files import read_labels
from meshing.image_mesh import image_report, mesh_image
from meshing.image_particles import label_particles
from meshing.label_image import LabelImage, crop, downsample, map_labels, remove_specks
from meshing.labelled_mesh import LabelledMesh
from meshing.lattice_cut import LatticeCutSettings
from meshing.mesh_quality import require_angles
from meshing.solid_mesh import mesh_solids, voxelise
from meshing.solid_shapes import SolidShape, cones, discs, hemisphere
from meshing.voxel_mesh import mesh_image_voxels

from .log import RunLog
from .schema_image import ImageGeometry
from .schema_shapes import (
    BricksGeometry,
    CheckerboardGeometry,
    ConesGeometry,
    DiscsGeometry,
    HemisphereGeometry,
)

SolidsGeometry = HemisphereGeometry | DiscsGeometry | ConesGeometry
BlocksGeometry = BricksGeometry | CheckerboardGeometry
ShapeGeometry = SolidsGeometry | BlocksGeometry | ImageGeometry

CELLS_DEEP = 4  # along y in a plane problem


def solid_shape(geometry: SolidsGeometry, cell_size: float) -> SolidShape:
    """Return the solids of a case; arrays of discs are four cells of ``cell_size`` [m] deep.

    Raises:
        InputError: the solids touch or do not fit into the box.
    """
    phase, matrix = Phase[geometry.phase], Phase[geometry.matrix]
    if phase == matrix:
        raise InputError("geometry.matrix", geometry.matrix, "another phase than that of the solids")
    if isinstance(geometry, HemisphereGeometry):
        return hemisphere(geometry.box, geometry.radius, phase, matrix)
    if isinstance(geometry, DiscsGeometry):
        depth = CELLS_DEEP * cell_size
        return discs(geometry.fraction, geometry.edge, geometry.counts, depth, phase, matrix)
    g = geometry
    return cones(g.base_radius, g.height, g.edge, g.counts, g.thickness, phase, matrix)


def block_image(geometry: BlocksGeometry) -> LabelImage:
    """Return the blocks of a case as voxels that fit them exactly.

    Raises:
        InputError: counts that do not fit the periodic walls.
    """
    if isinstance(geometry, BricksGeometry):
        return brick_wall(geometry.brick, geometry.counts, geometry.cells, Phase[geometry.phase])
    first, second = (Phase[name] for name in geometry.phases)
    return checkerboard(geometry.edge, geometry.counts, geometry.cells, (first, second))


def read_image(geometry: ImageGeometry, folder: Path) -> LabelImage:
    """Read the stack of a case, map its labels, crop, merge voxels and remove specks.

    Raises:
        InputError: unreadable file, labels without a phase, a window or factor that does not fit.
    """
    try:
        table = {int(label): Phase[name] for label, name in geometry.labels.items()}
    except ValueError as error:
        raise InputError("geometry.labels", sorted(geometry.labels), "labels as integers") from error
    phases = map_labels(read_labels(folder / geometry.file, geometry.axes), table)
    particles = None
    if geometry.particles is not None:
        particles = read_labels(folder / geometry.particles, geometry.axes)
        if particles.shape != phases.shape:
            raise InputError("geometry.particles", f"{particles.shape} voxels", f"{phases.shape} as in the stack")
    voxel = np.broadcast_to(np.asarray(geometry.voxel, dtype=np.float64), 3)
    image = LabelImage(phases, voxel, geometry.periodic, particles)
    if geometry.crop is not None:
        (x0, x1), (y0, y1), (z0, z1) = geometry.crop
        image = crop(image, (x0, y0, z0), (x1, y1, z1))
    if geometry.downsample > 1:
        image = downsample(image, geometry.downsample)
    return remove_specks(image, geometry.smallest_piece) if geometry.smallest_piece > 1 else image


def shape_image(geometry: ShapeGeometry, cell_size: float, folder: Path) -> LabelImage:
    """Return the voxels of an image or an exact shape with their particles and what the summary says about them.

    Raises:
        InputError: the geometry cannot be used.
    """
    if isinstance(geometry, BricksGeometry | CheckerboardGeometry):
        return block_image(geometry)
    if isinstance(geometry, ImageGeometry):
        image = read_image(geometry, folder)
        particles = image.particles if image.particles is not None else label_particles(image, geometry.smallest_core)
        return replace(image, particles=particles, report=image_report(image))
    shape = solid_shape(geometry, cell_size)
    exact = {"exact_volume_fraction": shape.exact_fractions(), "exact_interface_area_m2": shape.exact_areas()}
    return replace(voxelise(shape, cell_size), report=exact)


def mesh_shape(
    geometry: ShapeGeometry, voxels: bool, settings: LatticeCutSettings, folder: Path, log: RunLog
) -> LabelledMesh:
    """Mesh an image or an exact shape.

    Args:
        geometry: section of the case.
        voxels: take voxels instead of the cut lattice; blocks are always voxels.
        settings: how finely and how well to mesh.
        folder: where paths are relative to.
        log: takes lines and progress.

    Raises:
        InputError: the geometry cannot be used.
        StageError: the mesh is not good enough.
    """
    if voxels or isinstance(geometry, BricksGeometry | CheckerboardGeometry):
        return _voxel_mesh(shape_image(geometry, settings.cell_size, folder), settings)
    if isinstance(geometry, ImageGeometry):
        image = shape_image(geometry, settings.cell_size, folder)
        return mesh_image(image, settings, geometry.smoothing, log.line, log.progress)
    shape = solid_shape(geometry, settings.cell_size)
    return mesh_solids(shape, replace(settings, matrix_phase=shape.matrix), log.line, log.progress)


def _voxel_mesh(image: LabelImage, settings: LatticeCutSettings) -> LabelledMesh:
    """Split voxels into tetrahedra, and compare with exact figures where the image brings some."""
    mesh = mesh_image_voxels(image, settings.separator_thickness, settings.cell_size, settings.contact_planes)
    require_angles(mesh.report["quality"], settings.smallest_dihedral_deg)
    fractions = image.report.get("exact_volume_fraction", image.fractions())
    unnamed = {interface_name(p, p) for p in Phase if p not in settings.contact_planes}
    exact = image.report.get("exact_interface_area_m2", {})
    areas = {name: area for name, area in exact.items() if name not in unnamed}
    return replace(mesh, report=mesh.report | exact_errors(mesh, fractions, areas))


def shape_phases(geometry: ShapeGeometry) -> set[Phase]:
    """Return the phases that a shape may have."""
    if isinstance(geometry, ImageGeometry):
        return {Phase[name] for name in geometry.labels.values()}
    if isinstance(geometry, BricksGeometry):
        return {Phase[geometry.phase]}
    if isinstance(geometry, CheckerboardGeometry):
        return {Phase[name] for name in geometry.phases}
    return {Phase[geometry.phase], Phase[geometry.matrix]}
