"""What each stage of a case depends on, as hashes: a finished stage is not repeated while its hash stays."""

from __future__ import annotations

from pathlib import Path

from .case_checks import conduction_sections
from .physics import CaseMaterials
from .run_directory import STAGES, content_hash, file_hash
from .schema import Case, LayersGeometry, PackingGeometry

STAGE_FORMAT = 2  # raise when a stage computes something else from the same case
# What belongs to the stage that a user names as the last one.
LAST = {"manufacturing": "rheology", "meshing": "electrode", "conduction": "conduction", "discharge": "discharge"}


def stage_keys(case: Case, folder: Path) -> dict[str, str]:
    """Return the input hash of every stage that a case has, by name.

    Materials enter with all their values, so that a change of the library counts as a change.
    """
    data = case.model_dump(mode="json")
    materials = CaseMaterials(case)
    properties = materials.describe()
    densities = {name: entry.density.value for name, entry in materials.by_domain.items()}
    source = file_hash(folder / case.geometry.file) if isinstance(case.geometry, PackingGeometry) else ""
    packing = content_hash([STAGE_FORMAT, data["geometry"], source])
    mesh = content_hash([packing, data["mesh"], data["cell"]["separator_thickness"]])
    output = {name: data["output"][name] for name in ("fields", "snapshots")}
    keys = {"meshing": mesh, "electrode": content_hash([mesh, densities, output["fields"]])}
    if not isinstance(case.geometry, LayersGeometry):
        keys["manufacturing"] = packing
    sections = {name: section.model_dump() for name, section in conduction_sections(case, materials).items()}
    if sections:
        keys["conduction"] = content_hash([mesh, sections, properties, output["fields"]])
    if case.discharge is not None:
        physics = [data["discharge"], properties, data["interfaces"], data["cell"]["temperature"]]
        keys["discharge"] = content_hash([mesh, *physics, output])
    wanted = STAGES[: STAGES.index(LAST[case.output.until]) + 1]
    return {name: key for name, key in keys.items() if name in wanted}
