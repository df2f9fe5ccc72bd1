"""What each stage of a case depends on, as hashes: a finished stage is not repeated while its hash stays."""

from __future__ import annotations

from pathlib import Path

from manufacturing.settings_key import content_key

from .conduction_settings import conduction_sections
from .manufacture import manufacturing_settings, random_settings
from .physics import CaseMaterials
from .protocol import stepping_section
from .run_directory import STAGES, content_hash, file_hash
from .schema import Case, Geometry, LayersGeometry, ManufacturedGeometry, PackingGeometry, RandomGeometry
from .schema_image import ImageGeometry
from .shapes import ShapeGeometry

STAGE_FORMAT = 4  # raise when a stage computes something else from the same case
DISCHARGE_FORMAT = 2  # likewise, for the discharge alone
# What belongs to the stage that a user names as the last one.
LAST = {"manufacturing": "voxels", "meshing": "morphology", "conduction": "conduction", "discharge": "discharge"}


def stage_keys(case: Case, folder: Path) -> dict[str, str]:
    """Return the input hash of every stage that a case has, by name.

    Materials enter with all their values, so that a change of the library counts as a change.
    """
    data = case.model_dump(mode="json")
    materials = CaseMaterials(case)
    properties = materials.describe()
    densities = {name: entry.density.value for name, entry in materials.by_domain.items()}
    packing = content_hash([STAGE_FORMAT, data["geometry"], _source(case.geometry, folder)])
    assembly = {name: value for name, value in data["cell"].items() if name not in ("temperature", "lateral")}
    mesh = content_hash([packing, data["mesh"], assembly])
    output = {name: data["output"][name] for name in ("fields", "snapshots", "snapshot_times", "snapshot_voltages")}
    keys = {"meshing": mesh, "electrode": content_hash([mesh, densities, output["fields"]])}
    keys["percolation"] = content_hash([mesh, output["fields"]])
    if case.morphology is not None:
        keys["morphology"] = content_hash([mesh, data["morphology"]])
    if not isinstance(case.geometry, LayersGeometry | ShapeGeometry):
        keys["manufacturing"] = packing
    if case.rheology is not None and isinstance(case.geometry, ManufacturedGeometry):
        keys["rheology"] = content_hash([packing, data["rheology"]])
    sections = {name: section.model_dump() for name, section in conduction_sections(case, materials).items()}
    if sections:
        files = [s["conductivity_file"] for s in sections.values() if s["conductivity_file"] is not None]
        hashes = [file_hash(folder / name) for name in files]
        keys["conduction"] = content_hash([mesh, sections, properties, output["fields"], hashes])
    if case.voxels is not None:
        keys["voxels"] = content_hash([packing, assembly, data["voxels"], sections, properties])
    if stepping_section(case) is not None:
        cell = [data["cell"][name] for name in ("temperature", "lateral")]
        physics = [data["discharge"], data["protocol"], properties, data["interfaces"], cell]
        keys["discharge"] = content_hash([mesh, DISCHARGE_FORMAT, *physics, output])
    wanted = STAGES[: STAGES.index(LAST[case.output.until]) + 1]
    return {name: key for name, key in keys.items() if name in wanted}


def _source(geometry: Geometry, folder: Path) -> str:
    """Return a hash of what the section itself does not hold: a file, or all numbers that it stands for."""
    if isinstance(geometry, PackingGeometry):
        return file_hash(folder / geometry.file)
    if isinstance(geometry, ImageGeometry):
        names = [geometry.file] + ([geometry.particles] if geometry.particles is not None else [])
        return content_hash([file_hash(folder / name) for name in names])
    if isinstance(geometry, ManufacturedGeometry):
        return content_key(manufacturing_settings(geometry, folder))
    return content_key(random_settings(geometry, folder)) if isinstance(geometry, RandomGeometry) else ""
