"""The percolation of a run: figures, table of clusters, field for ParaView, and what the log says."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import meshio
import numpy as np

from manufacturing.packing import Packing
from manufacturing.particle_clusters import find_particle_percolation
from manufacturing.phases import Phase
from meshing.labelled_mesh import LabelledMesh
from solver.connectivity import CellGraph
from solver.percolation import ELECTRONS, IONS, Percolation, find_network_clusters, find_percolation

CLUSTERS = "curves/clusters.csv"
FIELD = "fields/percolation.vtu"


def report_percolation(
    mesh: LabelledMesh,
    graph: CellGraph,
    packing: Packing | None,
    out: Path,
    fields: bool,
    log: Callable[[str], None],
) -> dict[str, Any]:
    """Find the clusters of a mesh and of the packing it was made from, and leave them in the directory of a run.

    Args:
        mesh: labelled mesh.
        graph: neighbours of its cells.
        packing: particles between the crop planes; None without particles.
        out: directory of the run.
        fields: whether to write the clusters for ParaView.
        log: takes a line per network.

    Returns:
        Figures by shared facets, and under ``by_contacts`` those of the particles.
    """
    percolation = find_percolation(mesh, graph)
    figures: dict[str, Any] = {"by": "shared facets", **percolation.figures()}
    for line in percolation_lines(figures):
        log(f"percolation: {line}")
    tables = {"facets": percolation.table()}
    if packing is not None:
        particles = find_particle_percolation(packing)
        figures["by_contacts"] = particles.figures()
        tables["contacts"] = particles.table()
    write_clusters(tables, out / CLUSTERS)
    if fields:
        write_percolation_field(percolation, out / FIELD)
    return figures


def percolation_lines(figures: dict[str, Any]) -> list[str]:
    """Return one line per carrier, and one on what takes part."""
    lines = []
    for name in (ELECTRONS, IONS):
        network = figures.get(name)
        if network is None:
            continue
        share, count = network["percolating_fraction"], network["clusters"]
        lines.append(network["failure"] or f"{name} percolate with {share:.4f} of their volume, {count} clusters")
    material, interface = figures.get("active_material"), figures["interface"]
    if material:
        lines.append(
            f"utilisation level {material['utilisation_level']:.4f}, active AM|SE area "
            f"{interface['active_area_per_volume_1_m']:.4g} 1/m of {interface['total_area_per_volume_1_m']:.4g} 1/m"
        )
    return lines


def conduction_failure(
    mesh: LabelledMesh, graph: CellGraph, summary: dict[str, Any], top_faces: tuple[str, ...]
) -> dict[str, str]:
    """Return what keeps the conductors of a solve from joining the z planes, under ``failure``; empty where they do.

    Args:
        mesh: labelled mesh.
        graph: neighbours of its cells with the lateral condition of the solve.
        summary: of the solve; a direction other than z alone has no planes to join.
        top_faces: faces that count as the upper plane.
    """
    phases = tuple(Phase[name] for name in summary["volume_fraction"])
    if not phases or summary["by_direction"].get("z", {"percolates": True})["percolates"]:
        return {}
    failure = find_network_clusters(mesh, graph, phases, top_faces).failure
    return {"failure": failure} if failure is not None else {}


def write_clusters(tables: dict[str, dict[str, list[Any]]], path: Path) -> None:
    """Write one row per cluster, by what joins them: shared facets of cells or contacts of particles."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["joined_by", *next(iter(tables.values()))])
        for name, columns in tables.items():
            writer.writerows([name, *row] for row in zip(*columns.values(), strict=True))


def write_percolation_field(percolation: Percolation, path: Path) -> None:
    """Write cluster, state and active material of every cell."""
    mesh = percolation.mesh
    values = {"phase": mesh.phases, **percolation.fields()}
    data = {name: [field.astype(np.int32)] for name, field in values.items()}
    meshio.Mesh(mesh.vertices, [("tetra", mesh.cells)], cell_data=data).write(path)
