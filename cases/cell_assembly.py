"""The cell around a packing: crop planes before meshing, contacts of the finished mesh."""

from __future__ import annotations

from typing import Any

import numpy as np

from manufacturing.cut_out import cut_out
from manufacturing.errors import InputError
from manufacturing.packing import Packing
from manufacturing.phases import PARTICLE_PHASES
from manufacturing.porosity import VolumeFractions, volume_fractions
from meshing.collector_contact import CollectorContact
from meshing.delamination import Delamination
from meshing.labelled_mesh import LabelledMesh

from .schema import CellSection

VOXELS = 2e6  # for the volumes that cropping takes


def crop(packing: Packing, cell: CellSection) -> tuple[Packing, dict[str, Any]]:
    """Return the part of a packing between the crop planes, and what was cut off (nothing: an empty report).

    Raises:
        InputError: the crop planes meet.
    """
    if cell.crop_bottom == 0.0 and cell.crop_top == 0.0:
        return packing, {}
    if not cell.crop_bottom + cell.crop_top < packing.size[2]:
        raise InputError(
            "cell.crop_top",
            f"{cell.crop_bottom + cell.crop_top:g} m with cell.crop_bottom",
            f"less than the thickness of the packing, {packing.size[2]:.4g} m",
        )
    lower = packing.lower + np.array([0.0, 0.0, cell.crop_bottom])
    upper = packing.upper - np.array([0.0, 0.0, cell.crop_top])
    part = cut_out(packing, lower, upper, keep="".join(a for a, p in zip("xy", packing.periodic, strict=False) if p))
    before, after = _fractions(packing), _fractions(part.packing)
    thinner = part.packing.size[2] / packing.size[2]
    present = [p.name for p in PARTICLE_PHASES if getattr(before, p.name) > 0.0]
    report = {
        "crop_bottom_um": 1e6 * cell.crop_bottom,
        "crop_top_um": 1e6 * cell.crop_top,
        "beads": {name: count for name, count in part.as_dict().items() if name != "copies"},
        "cut_off_volume_share": {
            name: 1.0 - getattr(after, name) * thinner / getattr(before, name) for name in present
        },
    }
    return part.packing, report


def _fractions(packing: Packing) -> VolumeFractions:
    voxel = float(packing.size.prod() / VOXELS) ** (1.0 / 3.0)
    box = (packing.lower, packing.upper)
    return volume_fractions(packing.centres, packing.radii, packing.phases, box, packing.periodic, voxel)


def with_contacts(mesh: LabelledMesh, cell: CellSection) -> LabelledMesh:
    """Return the mesh with the bare part of the collector and the delaminated part of AM|SE renamed."""
    contact, gaps = cell.collector, cell.delamination
    covered = CollectorContact(contact.contact_fraction, contact.pattern, contact.pitch, contact.seed).apply(mesh)
    return Delamination(gaps.fraction, gaps.pattern, gaps.patch_radius, gaps.seed).apply(covered)
