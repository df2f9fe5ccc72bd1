"""What the run says about a cut mesh: resolution, what was lost, errors against the exact geometry."""

from __future__ import annotations

from typing import Any

import numpy as np

from manufacturing.phases import Phase, interface_name

from .cut_geometry import MICROMETRE, CutGeometry
from .exact_geometry import ExactGeometry, measure_exact_geometry
from .exact_report import exact_errors
from .labelled_mesh import LabelledMesh
from .losses import measure_losses
from .particle_colours import colours_by_phase
from .specks import Relabelled


def geometry_report(
    labelled: LabelledMesh, geometry: CutGeometry, relabelled: Relabelled, matrix: Phase, limit: float = 1.0
) -> dict[str, Any]:
    """Return resolution, losses and errors of a mesh against the union of spheres."""
    packing = geometry.packing
    smallest = 2.0 * float(packing.radii.min()) / MICROMETRE if len(packing.radii) else np.inf
    exact = measure_exact_geometry(geometry.exact_field, geometry.size, geometry.separator > 0.0)
    losses = measure_losses(labelled, geometry, relabelled.volume, exact.volume_fraction)
    losses.require(limit)
    return {
        "cell_size_um": geometry.cell_size,
        "colours": colours_by_phase(geometry.colouring),
        "particles_touching_their_own_image": geometry.colouring.self_contacts,
        "cells_across_smallest_bead": smallest / geometry.cell_size,
        "relabelled_pieces": relabelled.pieces,
        **losses.figures(),
    } | _errors(labelled, exact, matrix)


def _errors(labelled: LabelledMesh, exact: ExactGeometry, matrix: Phase) -> dict[str, Any]:
    fractions, areas = _by_phase(exact.volume_fraction, matrix), _by_interface(exact.interface_area, matrix)
    return exact_errors(labelled, fractions, areas) | {
        "exact_volume_fraction_standard_error": _by_phase(exact.volume_fraction_standard_error, matrix),
        "exact_interface_area_standard_error_m2": _by_interface(exact.interface_area_standard_error, matrix),
    }


def _by_phase(values: dict[str, float], matrix: Phase) -> dict[str, float]:
    """Add up what becomes one phase, because the matrix may be one of the particles' phases."""
    found: dict[str, float] = {}
    for name, value in values.items():
        renamed = _renamed(name, matrix)
        found[renamed] = found.get(renamed, 0.0) + value
    return found


def _by_interface(areas: dict[str, float], matrix: Phase) -> dict[str, float]:
    """Convert areas from um2 to m2 and add up what becomes one interface."""
    found: dict[str, float] = {}
    for name, value in areas.items():
        first, second = (_renamed(part, matrix) for part in name.split("|"))
        if first != second:
            renamed = interface_name(Phase[first], Phase[second])
            found[renamed] = found.get(renamed, 0.0) + value * MICROMETRE**2
    return found


def _renamed(name: str, matrix: Phase) -> str:
    return matrix.name if name == Phase.void.name else name
