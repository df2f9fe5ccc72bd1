"""Fields for ParaView: VTK files of the labelled mesh and of what lives on it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import meshio
import numpy as np
import numpy.typing as npt

from manufacturing.phases import Phase
from meshing.compaction import compacted
from meshing.labelled_mesh import LabelledMesh
from solver.conduction import ConductionField

FloatArray = npt.NDArray[np.float64]


def write_mesh_fields(mesh: LabelledMesh, folder: Path) -> None:
    """Write ``mesh.vtu``: all cells with phase and particle id."""
    cells = {"phase": [mesh.phases.astype(np.int32)], "particle_id": [mesh.particle_ids.astype(np.int32)]}
    meshio.Mesh(mesh.vertices, [("tetra", mesh.cells)], cell_data=cells).write(folder / "mesh.vtu")


def write_conduction_fields(name: str, fields: dict[str, ConductionField], folder: Path) -> None:
    """Write ``conduction_<name>.vtu``: potential [V] and current density [A/m2] where current flows (rank 0 only).

    Directions besides the main one (z, else the first) end in their letter: ``conduction_<name>_x.vtu``.
    """
    main = "z" if "z" in fields else next(iter(fields), "z")
    for direction, field in fields.items():
        ending = "" if direction == main else f"_{direction}"
        _write_conduction(field, folder / f"conduction_{name}{ending}.vtu")


def write_part(
    points: FloatArray,
    cells: npt.NDArray[np.int64],
    nodal: dict[str, FloatArray],
    by_cell: dict[str, npt.NDArray[Any]],
    file: Path,
) -> None:
    """Write tetrahedra with the points that they use.

    Args:
        points: (n, 3) [m].
        cells: (m, 4) corners.
        nodal: fields (n,) at the points.
        by_cell: fields (m, ...) of the cells.
        file: ending in ``.vtu``.
    """
    used, corners = compacted(cells, len(points))
    # Compression is most of the time of writing: half as many bytes where seven digits do.
    shorter = {name: v.astype(np.float32) if v.dtype == np.float64 else v for name, v in by_cell.items()}
    part = meshio.Mesh(
        points[used],
        [("tetra", corners.astype(np.int32))],
        point_data={name: values[used] for name, values in nodal.items()},
        cell_data={name: [values] for name, values in shorter.items()},
    )
    write_whole(part, file)


def write_whole(part: meshio.Mesh, file: Path) -> None:
    """Write a VTK file under a new name and rename it: one that is there is whole."""
    partial = file.with_name(file.name + ".partial")
    part.write(partial, file_format="vtu")
    os.replace(partial, file)


def write_collection(path: Path, files: Sequence[Path], times: Sequence[float]) -> None:
    """Write a ``.pvd`` index by which ParaView opens the files of all instants, times in s."""
    entries = [
        f'    <DataSet timestep="{time:.9g}" file="{file.name}"/>' for file, time in zip(files, times, strict=True)
    ]
    head = ['<?xml version="1.0"?>', '<VTKFile type="Collection" version="0.1">', "  <Collection>"]
    path.write_text("\n".join([*head, *entries, "  </Collection>", "</VTKFile>", ""]))


def unwritten(files: Sequence[Path]) -> list[int]:
    """Return which files of instants to write: the last one, and earlier ones that are missing."""
    return [k for k, file in enumerate(files) if k == len(files) - 1 or not file.exists()]


def remove_instants(folder: Path, stem: str, first: int) -> None:
    """Remove the VTK files of instants from a number on, those of an earlier run."""
    for path in folder.glob(f"{stem}[0-9]*.vtu"):
        if int(path.stem.rsplit("_", 1)[1]) >= first:
            path.unlink()


def _write_conduction(field: ConductionField, file: Path) -> None:
    """Write the cells on whose vertices the potential, and in which the current density, is known."""
    mesh = field.mesh
    known = np.isfinite(field.potential)[mesh.cells].all(axis=1) & (mesh.phases != Phase.void)
    by_cell: dict[str, npt.NDArray[Any]] = {"phase": mesh.phases.astype(np.int32)}
    if field.current_density is not None:
        by_cell["current_density"] = field.current_density
        known &= np.isfinite(field.current_density).all(axis=1)
    chosen = {name: values[known] for name, values in by_cell.items()}
    write_part(mesh.vertices, mesh.cells[known], {"potential_V": field.potential}, chosen, file)
