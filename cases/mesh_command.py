"""``granode mesh``: look at a labelled mesh without running anything, and convert it."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from meshing.labelled_mesh import LabelledMesh, describe, load_mesh
from solver.percolation import find_percolation

from .percolation import percolation_lines

MICROMETRE = 1e-6


def add_mesh_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser of ``granode``."""
    mesh = commands.add_parser("mesh", help="show a mesh file, convert it")
    mesh.add_argument("file", type=Path, help="mesh.h5 of a run")
    mesh.add_argument("--write", type=Path, help="file to write: .h5, .xdmf, .msh, .vtu, .inp or another of meshio")
    mesh.add_argument("--json", action="store_true", help="print the figures as JSON, with the report of meshing")
    mesh.set_defaults(run=show_mesh)


def show_mesh(options: argparse.Namespace) -> int:
    """Print the figures of a mesh file; write it where asked for."""
    mesh = load_mesh(options.file)
    figures, percolation = describe(mesh), find_percolation(mesh).figures()
    if options.json:
        print(json.dumps(figures | mesh.report | {"percolation": percolation}, indent=2))
    else:
        print("\n".join([_table(mesh, figures), "percolation by shared facets", *percolation_lines(percolation)]))
    if options.write:
        from .mesh_files import write_mesh

        for path in write_mesh(mesh, options.write):
            print(f"written: {path}")
    return 0


def _table(mesh: LabelledMesh, figures: dict[str, Any]) -> str:
    edges = " x ".join(f"{edge / MICROMETRE:.2f}" for edge in mesh.upper - mesh.lower)
    axes = "".join(axis for axis, flag in zip("xyz", mesh.periodic, strict=True) if flag) or "none"
    lines = [
        f"box        {edges} um, periodic: {axes}",
        f"electrode  {mesh.electrode_thickness / MICROMETRE:.2f} um thick",
        f"cells      {figures['cells']} with {figures['vertices']} vertices",
    ]
    for name, count in figures["cells_by_phase"].items():
        share = figures["volume_fraction"].get(name)
        lines.append(f"{name:<10} {count} cells" + ("" if share is None else f", share of the electrode {share:.4f}"))
    lines += [f"{name:<24} {mesh.area(name) / MICROMETRE**2:.4f} um2" for name in mesh.facet_names]
    return "\n".join(lines)
