"""What can be known to fail before anything is computed: missing materials, phases and layers."""

from __future__ import annotations

from pathlib import Path

from mpi4py import MPI

from manufacturing.errors import InputError
from manufacturing.phases import Phase
from meshing.labelled_mesh import LabelledMesh

from .cell_contacts import check_contacts, check_planes
from .conduction_settings import check_conductivity_file, conduction_sections, conductivities
from .geometry import check_geometry, read_packing
from .log import RunLog
from .physics import CaseMaterials, build_cell_model, check_cutoff
from .protocol import check_voltages, stepping_section
from .rheology import Rheometer
from .schema import (
    Case,
    LatticeGeometry,
    LayersGeometry,
    ManufacturedGeometry,
    PackingGeometry,
    RandomGeometry,
    SpheresGeometry,
)
from .schema_conduction import ConductionSection
from .shapes import ShapeGeometry, shape_phases
from .voxel_route import check_voxels


def check_case(case: Case, materials: CaseMaterials, folder: Path = Path()) -> None:
    """Refuse an unusable geometry, missing materials and phases, and a cut-off beyond the voltage at rest.

    Raises:
        InputError: names the key.
    """
    check_geometry(case, folder)
    if case.rheology is not None and not isinstance(case.geometry, ManufacturedGeometry):
        raise InputError("rheology", f'source = "{case.geometry.source}"', 'geometry with source = "manufactured"')
    if case.rheology is not None and isinstance(case.geometry, ManufacturedGeometry):
        Rheometer(case.geometry, case.rheology, folder, Path(), MPI.COMM_SELF, RunLog(quiet=True)).check()
    present = phases_of(case, folder)
    check_contacts(case)
    for name, section in (conduction_sections(case, materials) if case.conduction is not None else {}).items():
        check_conductivity_file(name, section, folder)
        _check_directions(name, section, case)
        _check_resistances(name, section, case)
        _check_conduction(name, section, materials, present)
    check_voxels(case, conduction_sections(case, materials))
    if stepping_section(case) is not None:
        _check_discharge(case, materials, present)
    if isinstance(case.geometry, LayersGeometry):
        _check_layers(case, case.geometry)


def _check_discharge(case: Case, materials: CaseMaterials, present: set[Phase]) -> None:
    check_materials(present, materials)
    model = build_cell_model(case, materials)
    check_cutoff(case, model)
    check_voltages(case, model)
    if Phase.AM not in present:
        raise InputError("geometry", "no AM", "active material for the discharge")
    if not present & {Phase.SE, Phase.separator}:
        raise InputError("geometry", "no SE and no separator", "an electrolyte for the discharge")


def check_materials(present: set[Phase], materials: CaseMaterials) -> None:
    """Refuse a phase without a material, which would count as an insulator, and an anode that is not there."""
    for phase in sorted(present - {Phase.void}):
        materials.get(phase.name)
    if Phase.anode not in present and "anode" in materials.by_domain:
        raise InputError("materials.anode", "a material", "an anode in the geometry, or no such key")


def phases_in(mesh: LabelledMesh) -> set[Phase]:
    """Return the phases of a mesh."""
    return {phase for phase in Phase if (mesh.phases == phase).any()}


def phases_of(case: Case, folder: Path) -> set[Phase]:
    """Return the phases that a case will have once it is meshed."""
    geometry = case.geometry
    if isinstance(geometry, LayersGeometry):
        return {Phase[layer.phase] for layer in geometry.layers}
    below = {Phase.separator} if case.cell.separator_thickness > 0.0 else set()
    if isinstance(geometry, ShapeGeometry):
        return below | shape_phases(geometry)
    if isinstance(geometry, LatticeGeometry):
        return below | {Phase[geometry.matrix], Phase[geometry.phase]}
    if isinstance(geometry, SpheresGeometry):
        return below | {Phase[geometry.matrix]} | {Phase[s.phase] for s in geometry.spheres}
    if isinstance(geometry, ManufacturedGeometry):
        return below | ({Phase[p.phase] for p in geometry.powders} or {Phase.AM, Phase.SE, Phase.CBD})
    if isinstance(geometry, RandomGeometry):
        return below | {Phase.void} | {Phase[p.phase] for p in geometry.phases}
    assert isinstance(geometry, PackingGeometry)
    return below | {Phase(int(phase)) for phase in set(read_packing(geometry, folder).phases)}


def _check_layers(case: Case, geometry: LayersGeometry) -> None:
    for name, reason in (
        ("separator_thickness", "the separator is one of them"),
        ("crop_bottom", "the slabs have their thickness"),
        ("crop_top", "the slabs have their thickness"),
    ):
        if getattr(case.cell, name) > 0.0:
            raise InputError(f"cell.{name}", getattr(case.cell, name), f"0 with layers; {reason}")
    if geometry.axis == "z" and geometry.layers[-1].phase == "separator":
        raise InputError("geometry.layers", "a separator on top", "an electrode above the last separator")


def _check_directions(name: str, section: ConductionSection, case: Case) -> None:
    """Refuse directions along which nothing can be periodic, as far as that is known before there is a mesh."""
    lateral = set(section.directions) & {"x", "y"}
    if lateral and section.walls == "insulated":
        raise InputError(f"conduction.{name}.directions", ", ".join(sorted(lateral)), "z, because walls are insulated")
    periodic = getattr(case.geometry, "periodic", None) or (True, True, True)
    wanted = lateral | ({"z"} if section.z_walls == "periodic" else set())
    for axis in sorted(wanted):
        if not periodic["xyz".index(axis)]:
            raise InputError(f"conduction.{name}.directions", axis, f"a geometry that is periodic in {axis}")
    if section.z_walls == "periodic" and case.cell.separator_thickness > 0.0:
        raise InputError(f"conduction.{name}.z_walls", "periodic", "fixed, because the cell has a separator")


def _check_resistances(name: str, section: ConductionSection, case: Case) -> None:
    """Refuse resistances of planes that the mesh will not have."""
    for interface, value in section.resistance.items():
        if value > 0.0:
            check_planes(f"conduction.{name}.resistance", interface, interface, case)


def _check_conduction(name: str, section: ConductionSection, materials: CaseMaterials, present: set[Phase]) -> None:
    if section.conductivity_file is not None:
        return
    given = conductivities(section, materials)
    if not given:
        raise InputError(f"conduction.{name}", "no conductivity above 0", "a conducting phase or its material")
    if not present & set(given):
        raise InputError(
            f"conduction.{name}",
            f"conductivity of {', '.join(p.name for p in given)}, none of which is in the geometry",
            f"one of {', '.join(sorted(p.name for p in present))}",
        )
