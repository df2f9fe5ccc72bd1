"""Errors of a mesh against exact volume fractions and interface areas, for the summary."""

from __future__ import annotations

from typing import Any

from manufacturing.phases import Phase

from .labelled_mesh import LabelledMesh, interface_areas


def exact_errors(mesh: LabelledMesh, fractions: dict[str, float], areas: dict[str, float]) -> dict[str, Any]:
    """Return exact figures and what the mesh misses: fractions by difference, areas relative to the exact ones.

    Args:
        mesh: labelled mesh.
        fractions: exact share of the electrode by phase.
        areas: exact area by interface [m2].
    """
    volumes = mesh.volumes()
    electrode = volumes[mesh.phases != Phase.separator].sum()
    meshed = interface_areas(mesh)
    return {
        "exact_volume_fraction": fractions,
        "volume_fraction_error": {
            name: float(volumes[mesh.phases == Phase[name]].sum() / electrode) - value
            for name, value in fractions.items()
        },
        "exact_interface_area_m2": areas,
        "interface_area_error": {name: meshed.get(name, 0.0) / value - 1.0 for name, value in areas.items()},
    }
