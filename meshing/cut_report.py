"""What the run says about a cut mesh: angles, resolution, what was lost, errors against the exact geometry."""

from __future__ import annotations

from typing import Any

import numpy as np

from manufacturing.phases import PARTICLE_PHASES, Phase, interface_name

from .cut_geometry import MICROMETRE, CutGeometry
from .dihedral_quality import dihedral_range
from .exact_geometry import measure_exact_geometry
from .labelled_mesh import LabelledMesh, interface_areas
from .particle_colours import colours_by_phase
from .specks import Relabelled
from .torus_mesh import TorusMesh

PERCENTILES = (0.01, 0.1, 1.0, 10.0, 50.0)


def quality_report(mesh: TorusMesh) -> dict[str, Any]:
    """Return the smallest and largest dihedral angle and percentiles of each cell's smallest one [deg]."""
    angles = dihedral_range(mesh.points, mesh.period, mesh.cells)
    values = np.percentile(angles[:, 0], PERCENTILES)
    return {
        "min_dihedral_deg": float(angles[:, 0].min()),
        "max_dihedral_deg": float(angles[:, 1].max()),
        "min_dihedral_percentiles_deg": {f"{p:g}": float(v) for p, v in zip(PERCENTILES, values, strict=True)},
    }


def geometry_report(
    labelled: LabelledMesh, geometry: CutGeometry, relabelled: Relabelled, matrix: Phase
) -> dict[str, Any]:
    """Return resolution, losses and errors of a mesh against the union of spheres."""
    packing = geometry.packing
    volume = float(np.prod(geometry.size))
    smallest = 2.0 * float(packing.radii.min()) / MICROMETRE if len(packing.radii) else np.inf
    found = np.isin(packing.particle_ids, labelled.particle_ids)
    present = [p for p in PARTICLE_PHASES if (packing.phases == p).any()]
    return {
        "cell_size_um": geometry.cell_size,
        "colours": colours_by_phase(geometry.colouring),
        "particles_touching_their_own_image": geometry.colouring.self_contacts,
        "cells_across_smallest_bead": smallest / geometry.cell_size,
        "relabelled_fraction": {name: lost / volume for name, lost in relabelled.volume.items()},
        "relabelled_pieces": relabelled.pieces,
        "lost_beads": {p.name: int(((packing.phases == p) & ~found).sum()) for p in present},
    } | _errors(labelled, geometry, matrix)


def _errors(labelled: LabelledMesh, geometry: CutGeometry, matrix: Phase) -> dict[str, Any]:
    exact = measure_exact_geometry(geometry.exact_field, geometry.size, geometry.separator > 0.0)
    volumes = labelled.volumes()
    electrode = volumes[labelled.phases != Phase.separator].sum()
    fractions: dict[str, float] = {}
    areas: dict[str, float] = {}
    for name, value in exact.volume_fraction.items():  # the matrix may be one of the particles' phases
        renamed = _renamed(name, matrix)
        fractions[renamed] = fractions.get(renamed, 0.0) + value
    for name, value in exact.interface_area.items():
        first, second = (_renamed(part, matrix) for part in name.split("|"))
        if first != second:
            renamed = interface_name(Phase[first], Phase[second])
            areas[renamed] = areas.get(renamed, 0.0) + value * MICROMETRE**2
    meshed = interface_areas(labelled)
    return {
        "exact_volume_fraction": fractions,
        "volume_fraction_error": {
            name: float(volumes[labelled.phases == Phase[name]].sum() / electrode) - value
            for name, value in fractions.items()
        },
        "exact_interface_area_m2": areas,
        "interface_area_error": {name: meshed.get(name, 0.0) / value - 1.0 for name, value in areas.items()},
    }


def _renamed(name: str, matrix: Phase) -> str:
    return matrix.name if name == Phase.void.name else name
