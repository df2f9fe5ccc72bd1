"""Case -> packing and mesh: the first two stages of every run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from mpi4py import MPI

from manufacturing import manufacture, packing_files
from manufacturing.chain import ManufacturingResult
from manufacturing.errors import InputError
from manufacturing.packing import Packing
from manufacturing.phases import Phase
from manufacturing.random_packing import random_packing
from manufacturing.sphere_lattice import sphere_lattice
from meshing.grading import GradingSettings
from meshing.labelled_mesh import LabelledMesh
from meshing.lattice_cut import LatticeCutSettings, mesh_packing
from meshing.layers_mesh import Layer, LayersSettings, mesh_layers
from meshing.mesh_quality import require_angles
from meshing.voxel_mesh import VoxelSettings, mesh_voxels

from .cell_assembly import crop, with_contacts
from .chosen_film import check_film
from .log import RunLog
from .manufacture import manufacturing_settings, named_as_in_case, random_settings
from .schema import (
    Case,
    Geometry,
    GradingSection,
    LatticeGeometry,
    LayersGeometry,
    ManufacturedGeometry,
    PackingGeometry,
    RandomGeometry,
    SpheresGeometry,
)
from .shapes import (
    BlocksGeometry,
    ShapeGeometry,
    SolidsGeometry,
    block_image,
    mesh_shape,
    read_image,
    solid_shape,
)

FloatArray = npt.NDArray[np.float64]
GivenGeometry = SpheresGeometry | PackingGeometry | RandomGeometry | LatticeGeometry
LAMMPS_FILES = (".data", ".dump", ".lammpstrj")

MAXIMUM_CELLS = 3e7  # every rank reads the whole mesh


def manufacture_case(
    geometry: ManufacturedGeometry, folder: Path, out: Path, comm: MPI.Intracomm, log: RunLog
) -> ManufacturingResult:
    """Run LAMMPS (collective)."""
    with named_as_in_case():
        settings = manufacturing_settings(geometry, folder)
        return manufacture(settings, comm, log.line, log.progress, out / "stages")


def read_packing(geometry: PackingGeometry, folder: Path) -> Packing:
    """Read the packing that a case names.

    Raises:
        InputError: unknown kind of file, missing keys, unreadable or truncated file.
    """
    path = folder / geometry.file
    kind = path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix
    options: dict[str, Any] = {}
    if kind not in packing_files.READERS:
        raise InputError("geometry.file", path.suffix or "no ending", f"ending {', '.join(packing_files.READERS)}")
    if kind == ".csv":
        names = {"lower", "upper", "periodic", "length_unit"} & geometry.model_fields_set
        options = {name: getattr(geometry, name) for name in names if getattr(geometry, name) is not None}
    elif kind in LAMMPS_FILES:
        if geometry.phase_of_type:
            options = {"phase_of_type": _phase_of_type(geometry)}
        if geometry.length_unit is not None:
            options["length_unit"] = geometry.length_unit
    with named_as_in_case():
        return packing_files.read_packing(path, **options)


def _phase_of_type(geometry: PackingGeometry) -> dict[int, Phase]:
    try:
        return {int(kind): Phase[name] for kind, name in geometry.phase_of_type.items()}
    except ValueError as error:
        raise InputError("geometry.phase_of_type", sorted(geometry.phase_of_type), "atom types as integers") from error


def given_packing(geometry: GivenGeometry, folder: Path) -> Packing:
    """Return a packing without LAMMPS: random or inline spheres, or a file relative to ``folder``."""
    if isinstance(geometry, RandomGeometry):
        with named_as_in_case():
            return random_packing(random_settings(geometry, folder)).packing
    if isinstance(geometry, LatticeGeometry):
        g = geometry
        return sphere_lattice(g.kind, g.edge, g.counts, g.radius_ratio, Phase[g.phase], Phase[g.matrix])
    return sphere_packing(geometry) if isinstance(geometry, SpheresGeometry) else read_packing(geometry, folder)


def sphere_packing(geometry: SpheresGeometry) -> Packing:
    """Return the packing of inline spheres.

    Raises:
        InputError: no sphere, or a sphere outside the box.
    """
    if not geometry.spheres:
        raise InputError("geometry.spheres", "none", "at least one sphere")
    try:
        return Packing(
            centres=np.array([s.centre for s in geometry.spheres]),
            radii=np.array([s.radius for s in geometry.spheres]),
            phases=np.array([int(Phase[s.phase]) for s in geometry.spheres]),
            particle_ids=np.arange(1, len(geometry.spheres) + 1),
            lower=np.zeros(3),
            upper=np.array(geometry.box),
            periodic=geometry.periodic,
        )
    except InputError as error:
        raise InputError(f"geometry.spheres: {error.field}", error.found, error.expected) from error


def check_geometry(case: Case, folder: Path) -> None:
    """Refuse a recipe, a sphere or a packing file that cannot be used, before anything is computed.

    Raises:
        InputError: names the key or the file.
    """
    geometry = case.geometry
    if case.mesh.grading is not None:
        grading_settings(case.mesh.grading, case.mesh.cell_size).check(case.mesh.cell_size)
    if isinstance(geometry, ManufacturedGeometry):
        with named_as_in_case():
            settings = manufacturing_settings(geometry, folder)
            settings.check()
        check_film(geometry, settings)
    elif isinstance(geometry, RandomGeometry):
        with named_as_in_case():
            random_settings(geometry, folder)
    elif isinstance(geometry, SpheresGeometry | PackingGeometry | LatticeGeometry):
        check_cell_count(case, crop(given_packing(geometry, folder), case.cell)[0].size)
    elif not isinstance(geometry, LayersGeometry):
        _check_shape(case, geometry, folder)


def _check_shape(case: Case, geometry: ShapeGeometry, folder: Path) -> None:
    if case.mesh.grading is not None:
        raise InputError("mesh.grading", f'source = "{geometry.source}"', "a packing of spheres")
    for name in ("crop_bottom", "crop_top"):
        if getattr(case.cell, name) > 0.0:
            raise InputError(f"cell.{name}", getattr(case.cell, name), "0 with images and shapes")
    cell_size = case.mesh.cell_size
    if isinstance(geometry, SolidsGeometry):
        check_cell_count(case, solid_shape(geometry, cell_size).size)
        return
    image = block_image(geometry) if isinstance(geometry, BlocksGeometry) else read_image(geometry, folder)
    if isinstance(geometry, BlocksGeometry) or case.mesh.method == "voxel":
        cell_size = float(np.prod(image.voxel) ** (1.0 / 3.0))
    check_cell_count(case, image.size, cell_size)


def check_cell_count(case: Case, size: FloatArray, cell_size: float | None = None) -> None:
    """Refuse a mesh that no machine holds, mostly a sign of micrometres given as metres.

    Raises:
        InputError: more than MAXIMUM_CELLS cells.
    """
    cell_size = cell_size or case.mesh.cell_size
    size = size + np.array([0.0, 0.0, case.cell.separator_thickness])
    per_cube = 6.0 if case.mesh.method == "voxel" else 12.0
    cells = per_cube * float(np.prod(size / cell_size))
    if cells > MAXIMUM_CELLS:
        raise InputError(
            "mesh.cell_size",
            f"{cell_size:g} m in a cell of {size[0]:g} x {size[1]:g} x {size[2]:g} m, {cells:.1e} cells",
            f"at most {MAXIMUM_CELLS:.0e} cells; lengths are in metres",
        )


def mesh_case(case: Case, packing: Packing | None, folder: Path, log: RunLog) -> LabelledMesh:
    """Mesh the packing between its crop planes, the layers, the image or the shape, with the contacts of its cell."""
    if packing is None:
        return with_contacts(_mesh_geometry(case, None, folder, log), case.cell)
    packing, cropped = crop(packing, case.cell)
    mesh = with_contacts(_mesh_geometry(case, packing, folder, log), case.cell)
    return replace(mesh, report=mesh.report | {"crop": cropped}) if cropped else mesh


def _mesh_geometry(case: Case, packing: Packing | None, folder: Path, log: RunLog) -> LabelledMesh:
    geometry, voxels = case.geometry, case.mesh.method == "voxel"
    settings = cut_settings(case)
    if isinstance(geometry, LayersGeometry):
        layers = tuple(Layer(Phase[x.phase], x.thickness, x.cells, x.grading) for x in geometry.layers)
        return mesh_layers(LayersSettings(layers, "xyz".index(geometry.axis), geometry.width, geometry.cells_across))
    if isinstance(geometry, ShapeGeometry):
        return mesh_shape(geometry, voxels, settings, folder, log)
    assert packing is not None
    check_cell_count(case, packing.size)
    if not voxels:
        return mesh_packing(packing, settings, log.line, log.progress)
    mesh = mesh_voxels(
        packing,
        VoxelSettings(settings.cell_size, settings.separator_thickness, settings.matrix_phase, settings.contact_planes),
    )
    require_angles(mesh.report["quality"], settings.smallest_dihedral_deg)
    return mesh


def matrix_phase(geometry: Geometry) -> str:
    """Return the name of the phase around the particles."""
    return geometry.matrix if isinstance(geometry, SpheresGeometry | LatticeGeometry) else Phase.void.name


def cut_settings(case: Case) -> LatticeCutSettings:
    """Return how finely and how well a case wants its mesh."""
    mesh, matrix = case.mesh, matrix_phase(case.geometry)
    return LatticeCutSettings(
        cell_size=mesh.cell_size,
        separator_thickness=case.cell.separator_thickness,
        same_phase_gap=mesh.same_phase_gap,
        gap_cells=mesh.gap_cells,
        colouring=mesh.colouring,
        volume_correction=mesh.volume_correction,
        smallest_dihedral_deg=mesh.smallest_dihedral_deg,
        target_dihedral_deg=mesh.target_dihedral_deg,
        matrix_phase=Phase[matrix],
        contact_planes=tuple(Phase[name] for name in mesh.contact_planes),
        fill=mesh.fill,
        fill_growth=mesh.fill_growth,
        fill_size=mesh.fill_size,
        relabelled_limit=mesh.relabelled_limit,
        grading=None if mesh.grading is None else grading_settings(mesh.grading, mesh.cell_size),
    )


def grading_settings(section: GradingSection, cell_size: float) -> GradingSettings:
    """Return the settings of graded cells; bounds that are not given follow from ``cell_size`` [m]."""
    return GradingSettings(
        section.smallest_size or 0.25 * cell_size,
        section.largest_size or cell_size,
        section.cells_per_neck,
        section.cells_per_radius,
        section.growth,
    )


def electrode_figures(mesh: LabelledMesh, densities: dict[str, float]) -> dict[str, Any]:
    """Return loading, thickness and density of the composite from its volumes and the materials' densities.

    Args:
        mesh: labelled mesh.
        densities: by phase name [kg/m3]; phases without one count as empty.
    """
    volumes = mesh.volumes()
    mass = {
        name: float(volumes[mesh.phases == Phase[name]].sum()) * densities.get(name, 0.0)
        for name in ("AM", "SE", "CBD")
    }
    total, area = sum(mass.values()), mesh.cross_section
    return {
        "thickness_um": 1e6 * mesh.electrode_thickness,
        "area_um2": 1e12 * area,
        "active_material_mass_kg": mass["AM"],
        "active_material_loading_mg_cm2": 100.0 * mass["AM"] / area,
        "loading_mg_cm2": 100.0 * total / area,
        "density_g_cm3": 1e-3 * total / (area * mesh.electrode_thickness),
    }
