"""The morphology of a run: figures for the summary and curves as CSV files."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

from manufacturing.packing import Packing
from meshing.labelled_mesh import LabelledMesh
from solver.morphology import MorphologySettings, measure_morphology

TABLES = ("phase_profile", "chord_lengths", "inscribed_diameters", "two_point")
MORPHOLOGY_CURVES = tuple(f"curves/{name}.csv" for name in TABLES)


def report_morphology(
    mesh: LabelledMesh,
    settings: MorphologySettings,
    packing: Packing | None,
    out: Path,
    log: Callable[[str], None],
) -> dict[str, Any]:
    """Measure the morphology of a mesh and leave its curves in the directory of a run.

    Args:
        mesh: labelled mesh.
        settings: how finely.
        packing: particles whose void forms the pore network; None without.
        out: directory of the run.
        log: takes a line per phase.

    Raises:
        InputError: the grid would be too fine.
    """
    found = measure_morphology(mesh, settings, packing)
    for name, columns in found.tables().items():
        with (out / "curves" / f"{name}.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(columns)
            writer.writerows(zip(*columns.values(), strict=True))
    figures = found.figures()
    for name, phase in figures["phases"].items():
        log(f"morphology: {name}: {_line(phase)}")
    return figures


def _line(figures: dict[str, Any]) -> str:
    chords = [figures["chords"][axis]["mean_m"] for axis in "xyz"]
    means = "/".join("-" if mean is None else f"{1e6 * mean:.3g}" for mean in chords)
    size = figures["inscribed_diameter"]["median_m"]
    diameter = "-" if size is None else f"{1e6 * size:.3g}"
    return (
        f"surface {figures['surface_per_volume_1_m']:.4g} 1/m, mean chord x/y/z {means} um, "
        f"median inscribed diameter {diameter} um"
    )
