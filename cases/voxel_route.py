"""The conduction solves of a case once more on voxels of its packing, as voxel programs would do them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from manufacturing.errors import InputError
from manufacturing.packing import load_packing
from meshing.voxel_mesh import label_voxels
from solver.voxel_conduction import voxel_conduction

from .cell_assembly import crop
from .conduction_settings import conductivities
from .geometry import cut_settings
from .physics import CaseMaterials
from .schema import Case, LayersGeometry
from .schema_conduction import ConductionSection
from .shapes import ShapeGeometry

MOST_VOXELS = 1e8


def check_voxels(case: Case, sections: dict[str, ConductionSection]) -> None:
    """Refuse voxels of a geometry without particles, and solves that finite volumes do not know.

    Raises:
        InputError: names the key.
    """
    if case.voxels is None:
        return
    if isinstance(case.geometry, LayersGeometry | ShapeGeometry):
        raise InputError("voxels", f'source = "{case.geometry.source}"', "a packing of spheres")
    for name, section in sections.items():
        tensors = any(isinstance(value, tuple) for value in section.conductivity.values())
        other = tensors or section.conductivity_file is not None or section.z_walls == "periodic" or section.resistance
        if other or "z" not in section.directions:
            raise InputError(
                "voxels", f"conduction.{name}", "one conductivity per phase, no resistance, and current along z"
            )


def voxel_line(figures: dict[str, Any]) -> str:
    """Say sigma_eff, and the tortuosity factor where there is one."""
    if not figures["percolates"]:
        return "does not percolate"
    factor = figures["tortuosity_factor"]
    text = "" if factor is None else f", tortuosity factor {factor:.4f}"
    return f"{figures['effective_conductivity_S_m']:.6g} S/m{text}, {figures['unknowns']} voxels"


def voxel_figures(
    case: Case, sections: dict[str, ConductionSection], materials: CaseMaterials, path: Path
) -> dict[str, dict[str, Any]]:
    """Return the figures of every solve along z on voxels, by name of the solve.

    Args:
        case: with ``[voxels]``.
        sections: its conduction solves.
        materials: conductivities.
        path: the packing.

    Raises:
        InputError: more voxels than a machine holds.
    """
    assert case.voxels is not None
    packing, _ = crop(load_packing(path), case.cell)
    counts = np.maximum(1, np.round(packing.size / case.voxels.size)).astype(np.int64)
    if counts.prod() > MOST_VOXELS:
        raise InputError("voxels.size", f"{case.voxels.size:g} m, {counts.prod():.1e} voxels", f"{MOST_VOXELS:.0e}")
    phases, _ = label_voxels(packing, counts, cut_settings(case).matrix_phase)
    found = {}
    for name, section in sections.items():
        lateral = tuple(bool(p) and section.walls == "periodic" for p in packing.periodic[:2])
        table = {phase: float(value) for phase, value in conductivities(section, materials).items()}
        found[name] = voxel_conduction(phases, packing.size / counts, table, (lateral[0], lateral[1]))
    return found
